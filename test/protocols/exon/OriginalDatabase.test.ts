/** Items come out of a database of the original Exon. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Import from "../../../src/protocols/exon/Import.ts"
import * as OriginalDatabase from "../../../src/protocols/exon/OriginalDatabase.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { contents, onEmptyStore, refuses } from "./Importing.ts"

describe("Import of a database of the original Exon", () => {
  const original = (fill: (db: DatabaseSync) => void) =>
    Effect.map(temporaryDirectory, (directory) => {
      const path = join(directory, "exon.db")
      const db = new DatabaseSync(path)
      fill(db)
      db.close()
      return path
    })

  const tables = `CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, hashed_password TEXT);
      CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, comments TEXT, inserted_at TEXT, user_id INTEGER);
      INSERT INTO users VALUES (7, 'ada', 'x');`

  it.live("brings its items, their dates and who added them", () =>
    Effect.gen(function* () {
      const path = yield* original((db) =>
        db.exec(`${tables}
            INSERT INTO items VALUES (9, 'Engine', 'May explode.', '2015-12-29 00:12:04', 7);
            INSERT INTO items VALUES (3, ' Spoon', NULL, '2015-12-29T00:12:04.125000', NULL);
            INSERT INTO items VALUES (12, 'Fork', '', '2016-02-29T23:00:00', 8);`)
      )
      assert.strictEqual(yield* Import.run(OriginalDatabase.records(path)), 3)
      assert.deepStrictEqual(yield* contents, [
        { name: "Spoon", comments: "", author: "anon", date: Date.parse("2015-12-29T00:12:04.125Z") },
        {
          name: "Engine",
          comments: "May explode.",
          author: "ada",
          date: Date.parse("2015-12-29T00:12:04Z")
        },
        { name: "Fork", comments: "", author: "anon", date: Date.parse("2016-02-29T23:00:00Z") }
      ])
    }).pipe(onEmptyStore)
  )

  it.live("names its bad items by id, and is told from another file", () =>
    Effect.gen(function* () {
      const path = yield* original((db) =>
        db.exec(`${tables}
            INSERT INTO items VALUES (3, 'Spoon', '', 'yesterday', 7), (4, NULL, '', '2015-12-29 00:12:04', 7),
              (5, 'Fork', CAST(x'ff' AS TEXT), NULL, 7), (6, 'a', '', NULL, 7), (8, 'A', '', NULL, 7);`)
      )
      yield* refuses(Import.run(OriginalDatabase.records(path)), [
        [3, "date: Expected a date and time with an offset, such as 2026-01-31T13:45:00Z"],
        [4, "name: missing"],
        [5, "not UTF-8"],
        [8, '"A" is the name of 6 already']
      ])
      for (const path of [yield* original((db) => db.exec("CREATE TABLE t (x)")), "/nowhere/exon.db"]) {
        const error = yield* Effect.flip(Import.run(OriginalDatabase.records(path)))
        assert.instanceOf(error, OriginalDatabase.NotOriginal)
        assert.match(error.message, /as a database of the original Exon: .*(no such table|unable to open)/)
      }
    }).pipe(onEmptyStore)
  )
})
