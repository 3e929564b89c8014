/**
 * A small model of the server, written from the specification and the notes on it alone: plain data and a function
 * from a message to the lines that answer it. It knows of the disk what the test put there.
 */

/** A message, as the fields of its line. */
export type Message = readonly [word: string, ...fields: ReadonlyArray<string>]

/** One client's session. */
export interface Session {
  messages: number
  failed: boolean
  id?: string
  paths: Array<readonly [path: string, type: string]>
  permissions: Array<string>
  plugs: Array<readonly [expdir: string, impid: string, impdir: string]>
}

/** What all clients share: the switch of the log, and the permissions granted to each installed application. */
export interface World {
  log: "on" | "off"
  readonly installed: Map<string, ReadonlyArray<string>>
}

/** What is on the disk: the names of directories and of files. */
export interface Disk {
  readonly directories: ReadonlyArray<string>
  readonly files: ReadonlyArray<string>
}

export interface Answer {
  readonly lines: ReadonlyArray<string>
  /** The server closes the connection after it. */
  readonly closes: boolean
}

export const newSession = (): Session => ({
  messages: 0,
  failed: false,
  paths: [],
  permissions: [],
  plugs: []
})

const types = ["default", "conf", "data", "exec", "http", "icon", "id", "lib", "plug", "public"]

const isId = (text: string): boolean => /^[-_a-zA-Z0-9]{2,199}$/.test(text)

export const line = (fields: ReadonlyArray<string>): string =>
  fields.map((field) => field.replaceAll(/[ \n\\]/g, "\\$&")).join(" ")

/** Without `.`, `..`, repeated and trailing slashes; nothing where it is not absolute, or too long. */
const normalise = (path: string): string | undefined => {
  if (!path.startsWith("/")) return undefined
  const names: Array<string> = []
  for (const name of path.split("/")) {
    if (name === "..") names.pop()
    else if (name !== "" && name !== ".") names.push(name)
  }
  const normalised = `/${names.join("/")}`
  return new TextEncoder().encode(normalised).length > 1023 ? undefined : normalised
}

/** Answers a message and changes the session and the world accordingly. */
export const answer = (disk: Disk, world: World, session: Session, message: Message): Answer => {
  const [word, ...fields] = message
  session.messages++
  const closing = (...lines: ReadonlyArray<string>): Answer => ({ lines, closes: true })
  const reply = (...lines: ReadonlyArray<string>): Answer => ({ lines, closes: false })
  const refuse = (reason: string): Answer => {
    session.failed = true
    return reply(`error ${reason}`)
  }
  const arity: Record<string, number> = { clear: 0, id: 1, path: 2, permission: 1, plug: 3, install: 0 }
  const wanted = { ...arity, uninstall: 0, display: 0 }[word]
  if (wanted !== undefined && wanted !== fields.length) return closing("error protocol")
  if (wanted !== undefined && session.failed && word !== "clear" && word !== "display") {
    return refuse("not-recoverable")
  }

  switch (word) {
    case "sec-lsm-manager":
      if (fields.length === 0 || session.messages > 1) return closing("error protocol")
      return fields.includes("1") ? reply("done 1") : closing("error invalid")
    case "clear":
      Object.assign(session, newSession(), { messages: session.messages })
      delete session.id
      return reply("done")
    case "log":
      if (fields.length > 1 || (fields.length === 1 && fields[0] !== "on" && fields[0] !== "off")) {
        return closing("error protocol")
      }
      if (fields[0] === "on" || fields[0] === "off") world.log = fields[0]
      return reply(`done ${world.log}`)
    case "id":
      if (session.id !== undefined) return refuse("already-set")
      if (!isId(fields[0]!)) return refuse("invalid")
      session.id = fields[0]!
      return reply("done")
    case "path": {
      const path = normalise(fields[0]!)
      if (!types.includes(fields[1]!) || path === undefined) return refuse("invalid")
      if (session.paths.some(([there]) => there === path)) return refuse("already-set")
      if (![...disk.files, ...disk.directories].includes(path)) return refuse("not-found")
      session.paths.push([path, fields[1]!])
      return reply("done")
    }
    case "permission":
      if (session.permissions.includes(fields[0]!)) return refuse("already-set")
      if (!/^.{2,1024}$/su.test(fields[0]!)) return refuse("invalid")
      session.permissions.push(fields[0]!)
      return reply("done")
    case "plug": {
      const expdir = normalise(fields[0]!)
      const impdir = normalise(fields[2]!)
      if (expdir === undefined || impdir === undefined) return refuse("invalid")
      if (session.plugs.some(([, , there]) => there === impdir)) return refuse("already-set")
      if (!isId(fields[1]!)) return refuse("invalid")
      for (const directory of [expdir, impdir]) {
        if (disk.files.includes(directory)) return refuse("not-dir")
        if (!disk.directories.includes(directory)) return refuse("not-found")
      }
      session.plugs.push([expdir, fields[1]!, impdir])
      return reply("done")
    }
    case "install":
    case "uninstall": {
      const { id, paths, permissions, plugs } = session
      if (id === undefined) {
        const nothing =
          permissions.length === 0 && plugs.length === 0 && paths.every(([, type]) => type === "default")
        return nothing ? reply("done") : refuse("invalid")
      }
      if (word === "uninstall") {
        world.installed.delete(id)
        return reply("done")
      }
      for (const [, impid] of plugs) {
        const open = world.installed.get(impid)?.includes("urn:redpesk:permission::public:plugs") === true
        const kind = open ? "public" : "partner"
        if (!permissions.includes(`urn:redpesk:permission:${impid}:${kind}:export:plug`)) {
          return refuse("forbidden")
        }
      }
      world.installed.set(id, [...permissions])
      return reply("done")
    }
    case "display": {
      const { failed, id, paths, permissions, plugs } = session
      return reply(
        ...(failed ? ["string error on"] : []),
        ...(id === undefined ? [] : [line(["string", "id", id])]),
        ...paths.map((path) => line(["string", "path", ...path])),
        ...permissions.map((permission) => line(["string", "permission", permission])),
        ...plugs.map((plug) => line(["string", "plug", ...plug])),
        "done"
      )
    }
    default:
      return closing("error protocol")
  }
}
