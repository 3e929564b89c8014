import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Migrations from "../../src/storage/Migrations.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"

const inMemory = Effect.provide(Sqlite.layer({ filename: ":memory:" }), { local: true })

const statement = (text: string) => SqlClient.SqlClient.use((sql) => sql.unsafe(text))

const first = { "0001_letters": statement("CREATE TABLE letter (value TEXT)") }
const both = { ...first, "0002_a_letter": statement("INSERT INTO letter VALUES ('a')") }

describe("Migrations", () => {
  it.effect("run once each, in the order of their numbers, however often they are asked to", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Migrations.run({ table: "one", migrations: first }), [[1, "letters"]])
      assert.deepStrictEqual(yield* Migrations.run({ table: "one", migrations: both }), [[2, "a_letter"]])
      assert.deepStrictEqual(yield* Migrations.run({ table: "one", migrations: both }), [])
      assert.deepStrictEqual(yield* statement("SELECT value FROM letter"), [{ value: "a" }])
    }).pipe(inMemory)
  )

  it.effect("of two protocols do not know of one another", () =>
    Effect.gen(function* () {
      yield* Migrations.run({ table: "one", migrations: both })
      const other = { "0001_digits": statement("CREATE TABLE digit (value INTEGER)") }
      assert.deepStrictEqual(yield* Migrations.run({ table: "other", migrations: other }), [[1, "digits"]])
    }).pipe(inMemory)
  )

  it.effect("leave everything as it was when one fails", () =>
    Effect.gen(function* () {
      const migrations = { ...both, "0003_nonsense": statement("CREATE NONSENSE") }
      const error = yield* Effect.flip(Migrations.run({ table: "one", migrations }))
      assert.strictEqual(error._tag, "MigrationError")
      assert.deepStrictEqual(yield* statement("SELECT name FROM sqlite_schema WHERE name = 'letter'"), [])
      assert.deepStrictEqual(yield* Migrations.run({ table: "one", migrations: both }), [
        [1, "letters"],
        [2, "a_letter"]
      ])
    }).pipe(inMemory)
  )
})
