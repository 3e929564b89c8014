/** What the store has answered is there after a `kill -9`, whole, and nothing is there by half. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "../../support/Directory.ts"
import { bundled, compiling, start } from "../../support/Started.ts"
import { loadOf, placeOf } from "./StoreLoad.ts"

/** Loads the store, kills it when it has said so many lines, and returns what it has said. */
const loadAndKill = (filename: string, round: number, lines: number) =>
  Effect.gen(function* () {
    const load = yield* start([process.execPath, bundled("load-store.mjs"), filename, `${round}`], {
      env: compiling
    })
    yield* load.says("stdout", new RegExp(`^${lines} `, "m"))
    yield* load.signal("SIGKILL")
    const { signal, stdout } = yield* load.exit
    assert.strictEqual(signal, "SIGKILL")
    // The last line may be cut short.
    return stdout.split("\n").slice(0, -1)
  }).pipe(Effect.scoped)

interface Found {
  readonly items: ReadonlyMap<number, { readonly name: string; readonly comments: string }>
  readonly trail: ReadonlyArray<string>
  readonly finds: (word: string) => ReadonlyArray<number>
}

const lookAt = <A>(filename: string, look: (found: Found) => A): A => {
  const database = new DatabaseSync(filename)
  try {
    assert.deepEqual(database.prepare("PRAGMA integrity_check").get(), { integrity_check: "ok" })
    database.exec("INSERT INTO exon_search (exon_search) VALUES ('integrity-check')")
    const rows = (sql: string) => database.prepare(sql).all() as unknown as Array<Record<string, string>>
    const search = database.prepare("SELECT rowid AS id FROM exon_search WHERE exon_search MATCH ?")
    return look({
      items: new Map(
        rows("SELECT id, name, comments FROM exon_item").map(({ comments, id, name }) => [
          Number(id),
          { name: name!, comments: comments! }
        ])
      ),
      trail: rows("SELECT event || ' ' || item AS entry FROM exon_audit ORDER BY id").map(
        ({ entry }) => entry!
      ),
      finds: (word) => search.all(`"${word}"`).map(({ id }) => Number(id))
    })
  } finally {
    database.close()
  }
}

describe("The store, when it is killed under load", () => {
  it.live(
    "keeps all that it has answered, and items, trail and search agree",
    () =>
      Effect.gen(function* () {
        const filename = join(yield* temporaryDirectory, "exon.db")
        const said: Array<string> = []
        for (const [round, lines] of [1, 40, 333, 1000].entries()) {
          said.push(...(yield* loadAndKill(filename, round, lines)))
          lookAt(filename, ({ finds, items, trail }) => {
            const written = new Set(trail)
            assert.strictEqual(written.size, trail.length, "nothing is written down twice")
            for (const line of said) {
              const [, done, id, name] = line.split(" ")
              const event = { added: "add", commented: "comment", removed: "delete" }[done!]!
              assert.isTrue(written.has(`${event} ${id}`), line)
              const item = items.get(Number(id))
              if (item === undefined) assert.isTrue(written.has(`delete ${id}`), line)
              else assert.strictEqual(item.name, name)
            }
            for (const [id, { comments, name }] of items) {
              const { at, round } = placeOf(name)
              const { comment, item } = loadOf(round, at)
              const isCommented = written.has(`comment ${id}`)
              assert.strictEqual(comments, isCommented ? `${item.comments}\n${comment}` : item.comments)
              assert.isTrue(written.has(`add ${id}`))
              assert.isFalse(written.has(`delete ${id}`))
            }
            const added = trail.filter((entry) => entry.startsWith("add "))
            const deleted = trail.filter((entry) => entry.startsWith("delete "))
            assert.strictEqual(items.size, added.length - deleted.length)
            // Every item has the word `another`, and some of them words of their own.
            assert.sameMembers([...finds("another")], [...items.keys()])
            for (const [id, { name }] of [...items].slice(-20)) {
              assert.include(finds(`first${placeOf(name).at}`), id)
              const later = finds(`later${placeOf(name).at}`)
              assert.strictEqual(later.includes(id), written.has(`comment ${id}`))
            }
          })
        }
        assert.isAbove(said.length, 1300)
      }).pipe(Effect.scoped),
    { timeout: 60_000 }
  )
})
