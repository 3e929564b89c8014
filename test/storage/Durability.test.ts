/** Which commits wait for the disk, and that those who wait for it share its work. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Durability from "../../src/storage/Durability.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { Happenings } from "../support/Happenings.ts"
import * as TemporaryDirectory from "./TemporaryDirectory.ts"

const inFile = <A, E>(
  program: (sql: SqlClient.SqlClient, filename: string) => Effect.Effect<A, E, SqlClient.SqlClient>
) =>
  Effect.gen(function* () {
    const filename = join(yield* TemporaryDirectory.make, "wireline.db")
    return yield* SqlClient.SqlClient.use((sql) => program(sql, filename)).pipe(
      Effect.provide(Sqlite.layer({ filename }), { local: true })
    )
  })

/** How far this connection's commits wait, as SQLite numbers it. */
const level = SqlClient.SqlClient.use((sql) =>
  Effect.map(sql`PRAGMA synchronous`, ([row]) => row!["synchronous"])
)
const full = 2
const normal = 1

describe("A relaxed transaction", () => {
  it.effect("does not wait for the disk; all others do, however they are mixed", () =>
    inFile((sql) =>
      Effect.gen(function* () {
        const relaxed = Durability.relaxed(sql.withTransaction(level))
        const failing = Effect.as(
          Effect.flip(Durability.relaxed(sql.withTransaction(Effect.andThen(level, Effect.fail("no"))))),
          "failed"
        )
        const durable = sql.withTransaction(Effect.andThen(Effect.yieldNow, level))
        const mixed = [relaxed, level, relaxed, durable, failing, level, failing, durable, relaxed]
        assert.deepStrictEqual(yield* Effect.all(mixed, { concurrency: "unbounded" }), [
          ...[normal, full, normal, full, "failed", full, "failed", full, normal]
        ])
        assert.strictEqual(yield* level, full)
      })
    )
  )

  it.effect("is what the transaction is that it is a part of", () =>
    inFile((sql) =>
      Effect.gen(function* () {
        const inner = sql.withTransaction(level)
        assert.strictEqual(yield* sql.withTransaction(Durability.relaxed(inner)), full)
        assert.strictEqual(yield* Durability.relaxed(sql.withTransaction(inner)), normal)
      })
    )
  )

  it.effect("is there for every other process at once, and can be flushed", () =>
    inFile((sql, filename) =>
      Effect.gen(function* () {
        yield* sql`CREATE TABLE kept (value TEXT)`
        yield* Durability.relaxed(sql.withTransaction(sql`INSERT INTO kept VALUES ('here')`))
        const other = new DatabaseSync(filename)
        assert.deepEqual(other.prepare("SELECT value FROM kept").all(), [{ value: "here" }])
        other.close()
        yield* Effect.flatten(Durability.Flush)
      })
    )
  )
})

describe("What takes its time and is shared", () => {
  it.effect("begins again for those who ask while it runs, once for all of them", () =>
    Effect.promise(async () => {
      const happenings = new Happenings()
      const runs: Array<PromiseWithResolvers<void>> = []
      const ask = Durability.shared(() => {
        const run = Promise.withResolvers<void>()
        runs.push(run)
        happenings.note("run")
        return run.promise
      })
      const first = ask()
      await Effect.runPromise(happenings.until("run"))
      const later = [ask(), ask(), ask()]
      assert.strictEqual(runs.length, 1)
      runs[0]!.reject(new Error("the disk is gone"))
      assert.strictEqual(await first.then(String, String), "Error: the disk is gone")
      await Effect.runPromise(happenings.until("run", 2))
      const last = ask()
      runs[1]!.resolve()
      await Promise.all(later)
      await Effect.runPromise(happenings.until("run", 3))
      runs[2]!.resolve()
      await last
      assert.strictEqual(runs.length, 3)
    })
  )
})
