/** What the store ought to do, as a plain map; and operations on both. */
import { Arbitrary, Effect, Schema } from "effect"
import { maxComments } from "../../../src/protocols/exon/Item.ts"
import { maxShort } from "../../../src/protocols/exon/Items.ts"
import type { Found, Item, MeasuredItem, Store, StoreError } from "../../../src/protocols/exon/Store.ts"

export const who = { author: "ada", address: "192.0.2.1" }

type Asked<K extends keyof Store["Service"]> = Parameters<Store["Service"][K]>[0]

export type Step =
  | ({ readonly _tag: "add" } & Pick<Asked<"add">, "name" | "comments">)
  | ({ readonly _tag: "comment" } & Pick<Asked<"comment">, "id" | "comments">)
  | { readonly _tag: "remove"; readonly id: number }
  | { readonly _tag: "get"; readonly id: number }
  | { readonly _tag: "list"; readonly page: number }
  | { readonly _tag: "search"; readonly text: string }
  | { readonly _tag: "login" }

/** What an operation answers; an error by its reason. */
export type Answer = unknown

/** Asks the real store, on behalf of a session. */
export const ask = (store: Store["Service"], step: Step, session?: object): Effect.Effect<Answer> => {
  const answer: Effect.Effect<unknown, StoreError> = (() => {
    switch (step._tag) {
      case "add":
        return store.add({ name: step.name, comments: step.comments, ...who })
      case "comment":
        return store.comment({ id: step.id, comments: step.comments, ...who })
      case "remove":
        return store.remove({ id: step.id, ...who, ...(session === undefined ? {} : { session }) })
      case "get":
        return store.get(step.id)
      case "list":
        return store.list(step.page)
      case "search":
        return store.search(step.text)
      case "login":
        return store.audit({ event: "login", ...who })
    }
  })()
  return Effect.catch(answer, (error) => Effect.succeed(error.reason))
}

// Each piece with the words that can be found by it.
const pieces = [
  ["Fusion", "fusion"],
  ["ENGINE", "engine"],
  ["Éclair", "eclair"],
  ["straße", "strasse"],
  ["ΣΊΣΥΦΟΣ", "σισυφοσ"],
  ["x_1", "x 1"],
  ["\0", ""],
  ["“…”", ""],
  ["東京", "東京"],
  ["'; --", ""]
] as const

const wordsOf = (text: string): ReadonlyArray<string> =>
  text
    .split(/[ \n]/)
    .flatMap((piece) =>
      (pieces.find(([one]) => one.toUpperCase() === piece.toUpperCase())?.[1] ?? "").split(" ")
    )
    .filter((word) => word !== "")

/** The sizes of an item. */
export const measured = ({ comments, id, name }: Item): MeasuredItem => ({
  id,
  size: Buffer.byteLength(name + comments),
  commentsSize: Buffer.byteLength(comments)
})

/** What is found: the items, or how long they are. */
const found = (items: ReadonlyArray<Item>): Found => {
  const all = items.map(measured)
  return all.reduce((sum, { size }) => sum + size, 0) > 65_536
    ? { _tag: "Long", items: all }
    : { _tag: "Short", items }
}

/** The store as it ought to be. */
export class Model {
  readonly items = new Map<number, Item>()
  readonly trail: Array<{ readonly event: string; readonly item: number | undefined }> = []
  private last = 0

  answer(step: Step): Answer {
    switch (step._tag) {
      case "add": {
        const same = [...this.items.values()].find(
          ({ name }) => name.toUpperCase() === step.name.toUpperCase()
        )
        if (same !== undefined) return { _tag: "Exists", id: same.id }
        const id = ++this.last
        this.items.set(id, { id, name: step.name, date: 0, comments: step.comments, author: who.author })
        this.trail.push({ event: "add", item: id })
        return { _tag: "Added", id }
      }
      case "comment": {
        const item = this.items.get(step.id)
        if (item === undefined) return false
        const comments = item.comments === "" ? step.comments : `${item.comments}\n${step.comments}`
        if (Buffer.byteLength(comments) > maxComments) return "TooLong"
        this.items.set(step.id, { ...item, comments })
        this.trail.push({ event: "comment", item: step.id })
        return true
      }
      case "remove": {
        const isThere = this.items.delete(step.id)
        if (isThere) this.trail.push({ event: "delete", item: step.id })
        return isThere
      }
      case "get": {
        const item = this.items.get(step.id)
        return item === undefined || measured(item).size <= maxShort ? item : measured(item)
      }
      case "list":
        return found(this.newest().slice((step.page - 1) * 50, step.page * 50))
      case "search": {
        const wanted = wordsOf(step.text)
        if (wanted.length === 0) return found([])
        const all = this.newest().filter(({ comments, name }) => {
          const words = [...wordsOf(name), ...wordsOf(comments)]
          return wanted.every((begin) => words.some((word) => word.startsWith(begin)))
        })
        return found(all.slice(0, 50))
      }
      case "login":
        this.trail.push({ event: "login", item: undefined })
        return undefined
    }
  }

  newest(): ReadonlyArray<Item> {
    return [...this.items.values()].toSorted((one, other) => other.id - one.id)
  }
}

const integer = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const oneOf = <A>(values: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(integer(0, values.length - 1), (at) => values[at]!)

const piece = Arbitrary.map(Arbitrary.all([oneOf(pieces), integer(0, 2)]), ([[piece], cased]) =>
  cased === 0 ? piece : cased === 1 ? piece.toLowerCase() : piece.toUpperCase()
)

const text = Arbitrary.map(Arbitrary.array(piece, { minLength: 1, maxLength: 3 }), (pieces) =>
  pieces.join(" ")
)
const comments = Arbitrary.map(Arbitrary.all([text, integer(0, 60)]), ([text, size]) =>
  size === 0 ? `${text} ${"y".repeat(100_000)}` : size < 5 ? "" : text
)
const id = Arbitrary.map(integer(0, 12), (id) => (id === 12 ? 1e18 : id))

const kinds: ReadonlyArray<readonly [weight: number, step: Arbitrary.Arbitrary<Step>]> = [
  [
    6,
    Arbitrary.map(Arbitrary.all([text, comments]), ([name, comments]) => ({ _tag: "add", name, comments }))
  ],
  [4, Arbitrary.map(Arbitrary.all([id, comments]), ([id, comments]) => ({ _tag: "comment", id, comments }))],
  [2, Arbitrary.map(id, (id) => ({ _tag: "remove", id }))],
  [4, Arbitrary.map(id, (id) => ({ _tag: "get", id }))],
  [1, oneOf<Step>([1, 2, 1e15].map((page) => ({ _tag: "list", page })))],
  [2, Arbitrary.map(text, (text) => ({ _tag: "search", text }))],
  [1, oneOf<Step>([{ _tag: "login" }])]
]

export const steps: Arbitrary.Arbitrary<ReadonlyArray<Step>> = Arbitrary.array(
  Arbitrary.flatMap(
    oneOf(kinds.flatMap(([weight, step]) => Array.from({ length: weight }, () => step))),
    (step) => step
  ),
  { maxLength: 80 }
)
