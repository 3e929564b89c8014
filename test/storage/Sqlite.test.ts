import { spawnSync } from "node:child_process"
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Schema, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { DataDirectory } from "../../src/storage/DataDirectory.ts"
import * as TemporaryDirectory from "./TemporaryDirectory.ts"

const using =
  (filename: string, options?: Partial<Sqlite.SqliteOptions>) =>
  <A, E>(program: Effect.Effect<A, E, SqlClient.SqlClient>) =>
    Effect.provide(program, Sqlite.layer({ filename, ...options }), { local: true })

const inMemory = using(":memory:")

const failureOf = (filename: string) =>
  Effect.flip(using(filename, { busyTimeout: 1 })(Effect.void)).pipe(
    Effect.tap((error) => Effect.sync(() => assert.notInclude(error.message, "\n")))
  )

const Row = Schema.Struct({
  text: Schema.String,
  number: Schema.Finite,
  bytes: Schema.Uint8Array,
  absent: Schema.Null
})

describe("Sqlite", () => {
  it.effect.prop("gives back every value as it was stored", [Schema.Array(Row)], ([rows]) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE row (text TEXT, number REAL, bytes BLOB, absent TEXT)`
      for (const row of rows) yield* sql`INSERT INTO row ${sql.insert(row)}`
      const stored = yield* sql<typeof Row.Type>`SELECT * FROM row ORDER BY rowid`
      assert.strictEqual(stored.length, rows.length)
      for (const [index, row] of stored.entries()) {
        // SQLite has no NaN and no negative zero, and strings end where UTF-8 does.
        assert.strictEqual(row.text, rows[index]!.text.toWellFormed())
        assert.strictEqual(row.number + 0, rows[index]!.number + 0)
        assert.deepStrictEqual([...row.bytes], [...rows[index]!.bytes])
        assert.isNull(row.absent)
      }
      assert.deepStrictEqual(yield* Stream.runCollect(sql`SELECT * FROM row ORDER BY rowid`.stream), [
        ...stored
      ])
    }).pipe(inMemory)
  )

  it.effect("keeps what was committed when the database is opened again", () =>
    Effect.gen(function* () {
      const filename = join(yield* TemporaryDirectory.make, "wireline.db")
      yield* using(filename)(
        SqlClient.SqlClient.use((sql) =>
          sql.withTransaction(
            Effect.andThen(sql`CREATE TABLE kept (value TEXT)`, sql`INSERT INTO kept VALUES ('still here')`)
          )
        )
      )
      const rows = yield* using(filename)(SqlClient.SqlClient.use((sql) => sql`SELECT value FROM kept`))
      assert.deepStrictEqual(
        rows.map((row) => ({ ...row })),
        [{ value: "still here" }]
      )
    })
  )

  it.effect("waits for the lock of another process while the event loop goes on, and not for ever", () =>
    Effect.gen(function* () {
      const filename = join(yield* TemporaryDirectory.make, "wireline.db")
      yield* using(filename)(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`CREATE TABLE kept (value TEXT)`
          const other = yield* Effect.acquireRelease(
            Effect.sync(() => new DatabaseSync(filename)),
            (other) => Effect.sync(() => other.close())
          )
          const write = sql.withTransaction(sql`INSERT INTO kept VALUES ('late')`)

          other.exec("BEGIN IMMEDIATE")
          const patient = yield* Effect.forkChild(write, { startImmediately: true })
          yield* TestClock.adjust("5 seconds")
          assert.isUndefined(patient.pollUnsafe())
          other.exec("COMMIT")
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(patient)

          other.exec("BEGIN IMMEDIATE")
          const tooLong = yield* Effect.forkChild(Effect.flip(write), { startImmediately: true })
          yield* TestClock.adjust("31 seconds")
          const error = yield* Fiber.join(tooLong)
          assert.strictEqual("reason" in error ? error.reason._tag : undefined, "LockTimeoutError")
        }).pipe(Effect.scoped)
      )
    })
  )

  it.effect("commits so that a power cut loses nothing, and enforces foreign keys", () =>
    Effect.gen(function* () {
      const filename = join(yield* TemporaryDirectory.make, "wireline.db")
      const pragmas = yield* using(filename)(
        SqlClient.SqlClient.use((sql) =>
          Effect.all(
            [sql`PRAGMA journal_mode`, sql`PRAGMA synchronous`, sql`PRAGMA foreign_keys`].map((p) => p.values)
          )
        )
      )
      assert.deepStrictEqual(pragmas, [[["wal"]], [[2]], [[1]]])
    })
  )

  it.effect("rolls back a transaction that fails, and only the savepoint that fails", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE number (value INTEGER UNIQUE)`
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`INSERT INTO number VALUES (1)`
          yield* Effect.exit(
            sql.withTransaction(Effect.andThen(sql`INSERT INTO number VALUES (2)`, Effect.fail("no")))
          )
        })
      )
      const duplicate = yield* Effect.flip(
        sql.withTransaction(
          Effect.andThen(sql`INSERT INTO number VALUES (3)`, sql`INSERT INTO number VALUES (1)`)
        )
      )
      assert.strictEqual(duplicate.reason._tag, "UniqueViolation")
      assert.deepStrictEqual(yield* sql`SELECT value FROM number`.values, [[1]])
    }).pipe(inMemory)
  )

  it.effect("keeps concurrent transactions apart", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE counter (value INTEGER)`
      yield* sql`INSERT INTO counter VALUES (0)`
      const increment = sql.withTransaction(
        Effect.gen(function* () {
          const [[value]] = (yield* sql`SELECT value FROM counter`.values) as [[number]]
          yield* Effect.yieldNow
          yield* sql`UPDATE counter SET value = ${value + 1}`
        })
      )
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(increment))
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(yield* sql`SELECT value FROM counter`.values, [[20]])
    }).pipe(inMemory)
  )

  it.effect("goes on serving more kinds of statements than it keeps prepared", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const value of [1, 2, 3, 4, 5, 1, 2]) {
        assert.deepStrictEqual(yield* sql.unsafe(`SELECT ${value} AS value`).values, [[value]])
      }
      assert.deepStrictEqual(yield* sql`SELECT ${true} AS yes, ${undefined} AS no`.values, [[1, null]])
    }).pipe(using(":memory:", { preparedStatements: 2 }))
  )

  it.effect("streams a table while other rows of it are being read", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const numbers = sql<{ value: number }>`WITH RECURSIVE n (value) AS
        (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 1000) SELECT value FROM n`
      const values = yield* Stream.runCollect(Stream.map(numbers.stream, (row) => row.value))
      assert.deepStrictEqual(
        values,
        Array.from({ length: 1000 }, (_, index) => index + 1)
      )
      const first = yield* Stream.runCollect(Stream.take(numbers.stream, 3))
      assert.deepStrictEqual(
        first.map((row) => row.value),
        [1, 2, 3]
      )
      assert.strictEqual((yield* numbers).length, 1000)
    }).pipe(inMemory)
  )

  it.effect("fails a statement that SQLite refuses with an SqlError and goes on", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const error = yield* Effect.flip(sql`SELEC`)
      assert.strictEqual(error._tag, "SqlError")
      assert.include(error.message, "syntax error")
      assert.deepStrictEqual(yield* sql`SELECT 1`.values, [[1]])
    }).pipe(inMemory)
  )

  it.effect("keeps its files from everybody else", () =>
    Effect.gen(function* () {
      const filename = join(yield* TemporaryDirectory.make, "wireline.db")
      const modes = yield* using(filename)(
        SqlClient.SqlClient.use((sql) =>
          Effect.map(sql`CREATE TABLE secret (value TEXT)`, () =>
            ["", "-wal", "-shm"].map((suffix) => statSync(filename + suffix).mode & 0o777)
          )
        )
      )
      assert.deepStrictEqual(modes, [0o600, 0o600, 0o600])
    })
  )

  it.effect("is the database of the data directory", () =>
    Effect.gen(function* () {
      const path = yield* TemporaryDirectory.make
      const exit = yield* Effect.exit(
        Effect.provide(Effect.void, Sqlite.layerData).pipe(Effect.provide(DataDirectory.layer(path)))
      )
      assert.isTrue(Exit.isSuccess(exit))
      assert.isTrue(statSync(join(path, "wireline.db")).isFile())
    })
  )

  describe("says in one line why it cannot open", () => {
    it.effect("a file in a directory that does not exist", () =>
      Effect.gen(function* () {
        const filename = join(yield* TemporaryDirectory.make, "missing", "wireline.db")
        const error = yield* failureOf(filename)
        assert.strictEqual(error.reason, "Missing")
        assert.strictEqual(
          error.message,
          `cannot open the database ${filename}: no such directory; create it, or choose another with --data`
        )
      })
    )

    it.effect("a file below something that is no directory", () =>
      Effect.gen(function* () {
        const file = join(yield* TemporaryDirectory.make, "file")
        writeFileSync(file, "")
        assert.strictEqual((yield* failureOf(join(file, "wireline.db"))).reason, "NotADirectory")
      })
    )

    it.effect("a directory", () =>
      Effect.gen(function* () {
        const directory = join(yield* TemporaryDirectory.make, "wireline.db")
        mkdirSync(directory)
        assert.strictEqual((yield* failureOf(directory)).reason, "NotAFile")
      })
    )

    it.effect("a link that leads nowhere", () =>
      Effect.gen(function* () {
        const link = join(yield* TemporaryDirectory.make, "wireline.db")
        symlinkSync("/nonexistent/wireline.db", link)
        assert.strictEqual((yield* failureOf(link)).reason, "Missing")
      })
    )

    it.effect("a file where nobody may write", () =>
      // Not even root creates files below /proc.
      Effect.gen(function* () {
        const error = yield* failureOf("/proc/wireline.db")
        assert.include(["Missing", "PermissionDenied"], error.reason)
        assert.include(error.message, "cannot open the database /proc/wireline.db: ")
      })
    )

    it.effect("a file that is not a database", () =>
      Effect.gen(function* () {
        const filename = join(yield* TemporaryDirectory.make, "wireline.db")
        writeFileSync(
          filename,
          "a letter to a friend, long enough to be taken for a database header\n".repeat(100)
        )
        const error = yield* failureOf(filename)
        assert.strictEqual(error.reason, "NotADatabase")
        assert.include(error.message, "the file is not a database; move it away")
      })
    )

    it.effect("a database that another connection has locked", () =>
      Effect.gen(function* () {
        const filename = join(yield* TemporaryDirectory.make, "wireline.db")
        const other = new DatabaseSync(filename)
        other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        const error = yield* Effect.ensuring(
          failureOf(filename),
          Effect.sync(() => other.close())
        )
        assert.strictEqual(error.reason, "Locked")
      })
    )

    it.effect("a directory that is not writable for an unprivileged server", (context) =>
      Effect.gen(function* () {
        const directory = yield* TemporaryDirectory.make
        const probe = spawnSync(process.execPath, ["-e", "process.setuid(65534); process.exit(7)"])
        if (probe.status !== 7) context.skip("only root can become somebody who may not write")
        const module = new URL("../../src/storage/Sqlite.ts", import.meta.url).href
        const { stdout } = spawnSync(
          process.execPath,
          [
            "--input-type=module",
            "-e",
            `const { Effect } = await import("effect"); const Sqlite = await import(${JSON.stringify(module)})
             process.setuid(65534)
             const open = Effect.provide(Effect.void, Sqlite.layer({ filename: ${JSON.stringify(directory)} + "/w.db" }))
             console.log((await Effect.runPromise(Effect.flip(open))).message)`
          ],
          { cwd: new URL("../..", import.meta.url), encoding: "utf8" }
        )
        assert.strictEqual(
          stdout,
          `cannot open the database ${directory}/w.db: permission denied; choose a writable directory with --data\n`
        )
      })
    )
  })
})
