/**
 * A small model of the whole protocol, written from the specification and the notes on it alone: plain data and a
 * function from a line to the line that answers it. Its time stands still.
 */

/** An item, its keys in the order in which a reply has them. */
export interface Item {
  readonly name: string
  readonly id: number
  readonly date: string
  readonly comments: string
  readonly author: string
}

/** What all connections share. */
export interface World {
  /** What `date "+%G-%m-%d %H:%M:%S"` prints. */
  readonly date: string
  /** The names of the people, as they are spelled, by the same in small letters. */
  readonly people: ReadonlyMap<string, string>
  /** What is everyone's password. */
  readonly password: string
  readonly items: Map<number, Item>
  last: number
  readonly failures: Map<string, number>
  addressFailures: number
}

/** What a connection remembers. */
export interface Session {
  user?: string
}

export interface Answer {
  /** None for an empty line, and for `quit`. */
  readonly reply: string | undefined
  /** The server closes the connection after it. */
  readonly closes: boolean
}

export const newWorld = (date: string, password: string, people: ReadonlyArray<string>): World => ({
  date,
  password,
  people: new Map(people.map((name) => [name.toLowerCase(), name])),
  items: new Map(),
  last: 0,
  failures: new Map(),
  addressFailures: 0
})

/** A line as the grammar reads it. */
export interface Said {
  readonly verb: string
  readonly values: ReadonlyMap<string, string>
}

const keys: Record<string, readonly [required: ReadonlyArray<string>, optional: ReadonlyArray<string>]> = {
  id: [["id"], []],
  add: [["name"], ["comments"]],
  comment: [["id", "comments"], []],
  auth: [["username", "passwd"], []],
  del: [["id"], []],
  search: [["text"], []],
  list: [[], ["page"]],
  quit: [[], []]
}

const pair = /([a-z]+)="([^"\n]+)"/

const pairs = new RegExp(`^${pair.source}(?:::${pair.source})*$`)

const numbers = new Set(["id", "page"])

const isNatural = (text: string) => /^[0-9]+$/.test(text) && BigInt(text) > 0n

/** A number as JSON has it, or its digits, where JSON does not count so far. */
export const counted = (number: bigint): number | string =>
  number > BigInt(Number.MAX_SAFE_INTEGER) ? String(number) : Number(number)

/** Nothing where the grammar has no such line. */
export const read = (line: string): Said | undefined => {
  const [, verb = "", argument] = /^([a-z]+)(?: ([^]*))?$/.exec(line) ?? []
  if (!Object.hasOwn(keys, verb)) return undefined
  const [required, optional] = keys[verb]!
  const values = new Map<string, string>()
  const bare = verb === "id" || verb === "del" ? /^(?:"([0-9]+)"|([0-9]+))$/.exec(argument ?? "") : null
  if (bare !== null) {
    values.set("id", bare[1] ?? bare[2]!)
  } else if (argument !== undefined) {
    if (!pairs.test(argument)) return undefined
    for (const [, key, value] of argument.matchAll(new RegExp(pair, "g"))) {
      if (values.has(key!)) return undefined
      values.set(key!, value!)
    }
  }
  if (required.some((key) => !values.has(key))) return undefined
  for (const [key, value] of values) {
    if (!required.includes(key) && !optional.includes(key)) return undefined
    if (numbers.has(key) && !isNatural(value)) return undefined
    if (key === "comments" && Buffer.byteLength(value) > 65_536) return undefined
    if (!value.isWellFormed()) return undefined
  }
  return { verb, values }
}

const document = (status: "success" | "error", message: string, data: unknown): string =>
  JSON.stringify({ status, message, data })

const success = (message: string, data: unknown) => document("success", message, data)
const error = (message: string, data: unknown) => document("error", message, data)

export const protocolError = error("Protocol error, please refer to the documentation", null)

const wordsOf = (text: string): ReadonlyArray<string> =>
  text
    .normalize("NFD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .toUpperCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "")

const newest = ({ items }: World) => [...items.values()].toSorted((one, other) => other.id - one.id)

/** Answers a line, given without its LF, and changes the session and the world accordingly. */
export const answer = (world: World, session: Session, line: string): Answer => {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line
  if (text === "") return { reply: undefined, closes: false }
  if (Buffer.byteLength(text) > 66_560) return { reply: protocolError, closes: true }
  const said = read(text)
  if (said === undefined) return { reply: protocolError, closes: false }
  if (said.verb === "quit") return { reply: undefined, closes: true }
  return { reply: reply(world, session, said), closes: false }
}

const reply = (world: World, session: Session, { values, verb }: Said): string => {
  const given = counted(BigInt(values.get("id") ?? 0))
  const id = Number(given)
  const item = world.items.get(id)
  const comments = values.get("comments")
  switch (verb) {
    case "id":
      return item === undefined ? error("Item not found.", "") : success("Item is available.", item)
    case "add": {
      const name = values.get("name")!.trim()
      if (name === "") return protocolError
      const same = newest(world).find((item) => item.name.toLowerCase() === name.toLowerCase())
      if (same !== undefined) return error("Item already exists", String(same.id))
      const author = session.user ?? "anon"
      world.last++
      world.items.set(world.last, {
        name,
        id: world.last,
        date: world.date,
        comments: comments ?? "",
        author
      })
      return success("New item registered", world.last)
    }
    case "comment": {
      if (item === undefined) {
        return `{"status":"error","message":"Could not add new comment.","data":${given}}`
      }
      const before = item.comments === "" ? "" : `${item.comments}\n`
      world.items.set(id, { ...item, comments: `${before}${comments}` })
      return success("New comment added.", id)
    }
    case "auth": {
      const username = values.get("username")!
      const name = username.toLowerCase()
      const failures = world.failures.get(name) ?? 0
      const refused = error("Authentication failed", username)
      if (failures >= 5 || world.addressFailures >= 20) return refused
      const user = world.people.get(name)
      if (user !== undefined && values.get("passwd") === world.password) {
        world.failures.delete(name)
        session.user = user
        return success("Successful authentication", username)
      }
      world.addressFailures++
      world.failures.set(name, failures + 1)
      return refused
    }
    case "del":
      if (session.user === undefined) return error("Unauthorized action - User not logged in", String(given))
      return world.items.delete(id)
        ? success("Item successfully deleted", id)
        : error("Non-existing item", String(given))
    case "search": {
      const wanted = wordsOf(values.get("text")!)
      const found = newest(world).filter(({ comments, name }) => {
        const words = wordsOf(`${name} ${comments}`)
        return wanted.every((beginning) => words.some((word) => word.startsWith(beginning)))
      })
      return success("Items found", wanted.length === 0 ? [] : found.slice(0, 50))
    }
    default: {
      const page = Number(values.get("page") ?? 1)
      return success("Items found", newest(world).slice((page - 1) * 50, page * 50))
    }
  }
}
