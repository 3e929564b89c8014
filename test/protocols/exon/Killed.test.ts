/**
 * The server, killed by `kill -9` in the middle of a pipelined load, again and again on the same data: what it had
 * answered is there, whole, and so is all else that is there.
 */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import type { Item } from "../../../src/protocols/exon/Protocol.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import { answersOf, type ServedExon, serveThere } from "../../support/ServedExon.ts"
import * as Started from "../../support/Started.ts"

const adders = 3
const adds = 30
const comments = 12

/** The comments of an item, known by its name alone: of all lengths, beyond ASCII, with a word of its own. */
const commentsOf = (name: string): string => {
  const size = Array.from(name).reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 2999, 7)
  return `about ${wordOf(name)} ${"é".repeat(size)} end of ${name}`
}

/** Ends in a letter, so that it is the beginning of no other. */
const wordOf = (name: string): string => `${name.toLowerCase().replaceAll(/\W/g, "x")}z`

/** What one connection asks for in a round: names of its own, and every third time one that all of them want. */
const namesOf = (round: number, adder: number): ReadonlyArray<string> =>
  Array.from({ length: adds }, (_, i) =>
    i % 3 === 0 ? `Shared ${round}-${i}` : `Item ${round}-${adder}-${i}`
  )

const addOf = (name: string, adder: number): string =>
  // To the database these are the same, whatever their case.
  `add name="${adder % 2 === 0 ? name : name.toUpperCase()}"::comments="${commentsOf(name.toLowerCase())}"`

/** Besides, one connection comments on items from the rounds before. */
const commentOf = (round: number, i: number): string => `comment ${round}-${i} ${"ü".repeat(i * 7)}.`

interface Document {
  readonly status: string
  readonly message: string
  readonly data: unknown
}

/** The whole lines that came; the last may have been cut off. */
const documentsOf = (received: string): ReadonlyArray<Document> =>
  received
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Document)

/** What the server has answered so far. */
class Acknowledged {
  /** The number of an item by its folded name. */
  readonly names = new Map<string, number>()
  /** Comments that were asked for, by item, in order; and those of them that were answered. */
  readonly asked = new Map<number, Array<string>>()
  readonly commented = new Set<string>()
  /** How many rounds ended before everything was answered. */
  interrupted = 0

  note(names: ReadonlyArray<string>, documents: ReadonlyArray<Document>): void {
    for (const [i, { data, message, status }] of documents.entries()) {
      const name = names[i]!.toLowerCase()
      if (status === "success") {
        assert.strictEqual(message, "New item registered")
        assert.isFalse(this.names.has(name) && this.names.get(name) !== data, `${name} was added twice`)
      } else {
        assert.strictEqual(message, "Item already exists")
        assert.isString(data)
      }
      const id = Number(data)
      assert.strictEqual(this.names.get(name) ?? id, id, name)
      this.names.set(name, id)
    }
  }
}

/** A server in a process of its own. */
interface ServedThere extends ServedExon {
  readonly process: Started.Started
}

/** Serves from a directory. */
type Serve = (directory: string) => Effect.Effect<ServedThere, never, Scope.Scope>

/** Serves without the command line, which takes longer to start than all the rest. */
const serveAlone: Serve = (directory) =>
  Effect.gen(function* () {
    const process = yield* Started.start(
      [globalThis.process.execPath, Started.bundled("serve-exon.mjs"), join(directory, "exon.db")],
      { env: Started.compiling }
    )
    const [, port] = yield* process.says("stdout", /^tcp:\/\/127\.0\.0\.1:(\d+)\n/m)
    return { process, endpoint: { _tag: "Tcp", host: "127.0.0.1", port: Number(port) } }
  })

/** Loads the server from all connections, kills it when the first has got so many answers, and notes all that came. */
const loadAndKill = (served: ServedThere, acknowledged: Acknowledged, round: number, last: number) =>
  Effect.gen(function* () {
    const peers = yield* Effect.forEach(Array.from({ length: adders }), () =>
      RawPeer.connect(served.endpoint)
    )
    const commenter = yield* RawPeer.connect(served.endpoint)
    const ids = Array.from({ length: Math.min(last, comments) }, (_, i) => last - i)
    for (const [adder, peer] of peers.entries()) {
      yield* peer.send(
        namesOf(round, adder)
          .map((name) => `${addOf(name, adder)}\n`)
          .join("")
      )
    }
    for (const [i, id] of ids.entries()) {
      const all = acknowledged.asked.get(id) ?? []
      acknowledged.asked.set(id, [...all, commentOf(round, i)])
      yield* commenter.send(`comment id="${id}"::comments="${commentOf(round, i)}"\n`)
    }
    const first = yield* peers[0]!.lines((round * 53) % adds)
    // In some rounds the adding waits for the commenting.
    const commented = round % 3 === 2 ? yield* commenter.lines(1) : []
    yield* served.process.signal("SIGKILL")
    let answered = 0
    for (const [adder, peer] of peers.entries()) {
      const rest = yield* peer.rest
      const documents = documentsOf(adder === 0 ? [...first, rest].join("\n") : rest)
      acknowledged.note(namesOf(round, adder), documents)
      answered += documents.length
    }
    if (answered < adders * adds) acknowledged.interrupted++
    for (const [i, { data, status }] of documentsOf(
      [...commented, yield* commenter.rest].join("\n")
    ).entries()) {
      assert.strictEqual(data, ids[i])
      // The item may never have been: its number was only guessed.
      if (status === "success") acknowledged.commented.add(commentOf(round, i))
    }
    assert.strictEqual((yield* served.process.exit).signal, "SIGKILL")
    assert.strictEqual(served.process.stderr(), "")
  }).pipe(Effect.scoped)

/** The items whose numbers are from one to another, by number. */
const inventory = (served: ServedExon, from: number, to: number) =>
  Effect.map(
    answersOf(
      served,
      Array.from(
        { length: to - from + 1 },
        (_, i) => `id ${from + i}
`
      ).join("")
    ),
    (received): ReadonlyMap<number, Item> => {
      const documents = documentsOf(received)
      assert.strictEqual(documents.length, to - from + 1)
      return new Map(
        documents.flatMap(({ data, status }, i) =>
          status === "success" ? [[from + i, data as Item] as const] : []
        )
      )
    }
  )

/** Checks all the items from a number on. */
const check = (items: ReadonlyMap<number, Item>, { asked, commented, names }: Acknowledged, from = 1) => {
  const taken = new Set<string>()
  for (const [id, { author, comments, date, id: itself, name }] of items) {
    const folded = name.toLowerCase()
    assert.isFalse(taken.has(folded), `${name} is there twice`)
    taken.add(folded)
    assert.strictEqual(itself, id)
    assert.strictEqual(author, "anon")
    assert.match(date, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    const [first, ...later] = comments.split("\n")
    assert.strictEqual(first, commentsOf(folded))
    const wanted = asked.get(id) ?? []
    // Comments in the order in which they were asked for; those that were answered are among them.
    assert.deepStrictEqual(
      wanted.filter((comment) => later.includes(comment)),
      later,
      name
    )
    for (const comment of wanted) if (commented.has(comment)) assert.include(later, comment, name)
  }
  for (const [name, id] of names) if (id >= from) assert.strictEqual(items.get(id)?.name.toLowerCase(), name)
}

/** Kills a server round after round on the same data, and looks at it every time, and at all of it in the end. */
const campaign = Effect.fnUntraced(function* (serve: Serve, rounds: number) {
  const directory = yield* temporaryDirectory
  const acknowledged = new Acknowledged()
  let last = 0
  for (let round = 0; round <= rounds; round++) {
    yield* Effect.gen(function* () {
      const served = yield* serve(directory)
      // What the last round could have changed; after the last one, all.
      const from = round === rounds ? 1 : Math.max(1, last - comments)
      const items = yield* inventory(served, from, last + adders * adds)
      check(items, acknowledged, from)
      last = Math.max(last, ...items.keys())
      // Some of those that were last acknowledged, and some that may not have been.
      const some = [...items.values()].slice(-5)
      const found = documentsOf(
        yield* answersOf(served, some.map(({ name }) => `search text="${wordOf(name)}"\n`).join(""))
      )
      assert.deepStrictEqual(
        found.map(({ data }) => data),
        some.map((item) => [item])
      )
      if (round < rounds) yield* loadAndKill(served, acknowledged, round, last)
    }).pipe(Effect.scoped)
  }
  return acknowledged
})

describe("A server that is killed under load, a hundred times", () => {
  it.live(
    "keeps every item that it has acknowledged, with its comments, and no half one, no name twice; and finds them",
    () =>
      Effect.gen(function* () {
        const all = yield* Effect.all(
          [
            ...Array.from({ length: 3 }, () => campaign(serveAlone, 33)),
            campaign((directory) => serveThere(directory), 2)
          ],
          { concurrency: "unbounded" }
        )
        for (const { names } of all) assert.isAbove(names.size, 0)
        assert.isTrue(all.some(({ interrupted }) => interrupted > 0))
        assert.isTrue(all.some(({ commented }) => commented.size > 0))
      }),
    { timeout: 180_000 }
  )
})

describe("A server that is told to stop under load", () => {
  it.live("answers all that it has received, keeps it, and ends well", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const acknowledged = new Acknowledged()
      yield* Effect.gen(function* () {
        const served = yield* serveThere(directory)
        const peer = yield* RawPeer.connect(served.endpoint)
        yield* peer.send(
          namesOf(0, 0)
            .map((name) => `${addOf(name, 0)}\n`)
            .join("")
        )
        const first = yield* peer.lines(1)
        yield* served.process.signal("SIGTERM")
        acknowledged.note(namesOf(0, 0), documentsOf([...first, yield* peer.rest].join("\n")))
        const { code, stderr } = yield* served.process.exit
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      }).pipe(Effect.scoped)
      const again = yield* serveThere(directory)
      const items = yield* inventory(again, 1, adds + 1)
      check(items, acknowledged)
      assert.strictEqual(items.size, acknowledged.names.size)
    })
  )
})
