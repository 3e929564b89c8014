/**
 * What the item store of Exon costs above the database: durable `add`, `get` at 100,000 items, and `search` there.
 *
 * The yardstick is a loop over prepared statements of `node:sqlite`, with the same pragmas on a file of the same kind,
 * that writes the same rows (item, audit trail, search index) and commits every 256 items. The store is asked by 256
 * fibers, each with one request at a time.
 *
 *     node scripts/bench/exon-store.ts [DIRECTORY]
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Layer } from "effect"
import { Store } from "../../src/protocols/exon/Store.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { decimals, table, whole } from "./table.ts"

const inFlight = 256
const items = 100_096
const gets = 200_000
const rounds = 5

const who = { author: "anon", address: "127.0.0.1" }
const words = "engine fusion lamp screw box cable paint brush panel drill motor wheel".split(" ")
const word = (at: number): string => words[at % words.length]!

const itemOf = (at: number) => ({
  name: `${word(at)} number ${at}`,
  comments: `Found underneath room ${at % 97}, ${word(at * 7)} and ${word(at * 5)} attached.`
})

// The same numbers in the same order for both, spread over all items.
const idOf = (at: number): number => ((at * 48_271) % items) + 1

const seconds = (start: number): number => (performance.now() - start) / 1000

/** Each round adds new ones. */
const roundItems = Math.floor(items / rounds / inFlight) * inFlight

class Bare {
  private readonly db: DatabaseSync
  private readonly named
  private readonly item
  private readonly audit
  private readonly index
  private readonly byId

  constructor(file: string) {
    this.db = new DatabaseSync(file)
    this.db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    this.named = this.db.prepare("SELECT id FROM exon_item WHERE folded = ?")
    this.item = this.db.prepare(
      "INSERT INTO exon_item (name, folded, comments, author, added_at) VALUES (?, ?, ?, ?, ?) RETURNING id"
    )
    this.audit = this.db.prepare(
      "INSERT INTO exon_audit (at, event, author, address, item) VALUES (?, 'add', ?, ?, ?)"
    )
    this.index = this.db.prepare("INSERT INTO exon_search (rowid, words) VALUES (?, ?)")
    this.byId = this.db.prepare("SELECT id, name, comments, author, added_at FROM exon_item WHERE id = ?")
  }

  add(from: number, count: number): number {
    const start = performance.now()
    for (let at = from; at < from + count; at += inFlight) {
      this.db.exec("BEGIN IMMEDIATE")
      for (let next = at; next < at + inFlight; next++) {
        const { comments, name } = itemOf(next)
        const folded = name.toLowerCase()
        if (this.named.get(folded) !== undefined) throw new Error("there already")
        const now = Date.now()
        const id = this.item.get(name, folded, comments, who.author, now)!["id"]!
        this.audit.run(now, who.author, who.address, id)
        this.index.run(id, `${name}\n${comments}`)
      }
      this.db.exec("COMMIT")
    }
    return count / seconds(start)
  }

  get(): number {
    const start = performance.now()
    for (let at = 0; at < gets; at++) {
      if (this.byId.get(idOf(at)) === undefined) throw new Error("not there")
    }
    return gets / seconds(start)
  }

  close(): void {
    this.db.close()
  }
}

/** Each of the fibers takes the next one until there are no more. */
const together = <E, R>(from: number, count: number, use: (at: number) => Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    let next = from
    const start = performance.now()
    const fiber = Effect.whileLoop({
      while: () => next < from + count,
      body: () => use(next++),
      step: () => undefined
    })
    yield* Effect.all(
      Array.from({ length: inFlight }, () => fiber),
      { concurrency: "unbounded", discard: true }
    )
    return count / seconds(start)
  })

const median = (figures: ReadonlyArray<number>): number =>
  figures.toSorted((one, other) => one - other)[figures.length >> 1]!

const searches = [
  "eng",
  "engine",
  "found attached number",
  "underneath",
  "underneath attached",
  "motor 12",
  "e",
  "1",
  "number 77777",
  "nothing such"
]

const onStore = (file: string) => Store.layerSqlite.pipe(Layer.provide(Sqlite.layer({ filename: file })))

const measure = (directory: string) =>
  Effect.gen(function* () {
    const bare = yield* Effect.acquireRelease(
      Effect.sync(() => new Bare(join(directory, "bare.db"))),
      (bare) => Effect.sync(() => bare.close())
    )
    const store = yield* Store

    const rates: Record<"add" | "get", { bare: Array<number>; store: Array<number> }> = {
      add: { bare: [], store: [] },
      get: { bare: [], store: [] }
    }
    // Turn by turn, so that a slow moment of the machine meets both.
    for (let round = 0; round < rounds; round++) {
      const from = round * roundItems
      rates.add.bare.push(bare.add(from, roundItems))
      rates.add.store.push(yield* together(from, roundItems, (at) => store.add({ ...itemOf(at), ...who })))
    }
    const rest = items - rounds * roundItems
    if (rest > 0) {
      bare.add(rounds * roundItems, rest)
      yield* together(rounds * roundItems, rest, (at) => store.add({ ...itemOf(at), ...who }))
    }
    for (let round = 0; round < rounds; round++) {
      rates.get.bare.push(bare.get())
      rates.get.store.push(yield* together(0, gets, (at) => store.get(idOf(at))))
    }

    const row = (name: string, { bare, store }: (typeof rates)["add"]) => [
      name,
      whole(median(bare)),
      whole(median(store)),
      decimals(median(store.map((rate, at) => rate / bare[at]!)), 2)
    ]
    console.log(table([["a second", "bare", "store", "ratio"], row("add", rates.add), row("get", rates.get)]))
    console.log()

    const times: Array<ReadonlyArray<string>> = [["search", "items", "ms"]]
    for (const text of searches) {
      const taken: Array<number> = []
      let found = 0
      for (let round = 0; round < 9; round++) {
        const start = performance.now()
        found = (yield* store.search(text)).length
        taken.push(performance.now() - start)
      }
      times.push([text, whole(found), decimals(median(taken), 2)])
    }
    console.log(table(times))
  }).pipe(Effect.scoped, Effect.provide(onStore(join(directory, "store.db"))))

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), "exon-store-"))
try {
  // The store makes the tables of both files.
  await Effect.runPromise(Effect.asVoid(Store).pipe(Effect.provide(onStore(join(directory, "bare.db")))))
  await Effect.runPromise(measure(directory))
} finally {
  rmSync(directory, { recursive: true, force: true })
}
