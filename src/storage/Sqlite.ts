/**
 * The embedded database: `node:sqlite` as an `effect/sql` client, for a server that keeps its state in one file.
 *
 * Everything above this module speaks `SqlClient`, so another database is another layer. What this one promises: a
 * transaction that has committed survives `kill -9` and a power cut (WAL with `synchronous = FULL`), save where
 * `Durability` says so; foreign keys hold; transactions take the write lock when they begin, so none fails half-way because of another writer; and the
 * file is created for its owner only.
 *
 * There is one connection and statements run on the event loop, which is right for the short statements of a line
 * protocol and wrong for reports over millions of rows. A stream holds the connection until it ends.
 */
import { accessSync, closeSync, constants, fdatasync, openSync, statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { promisify } from "node:util"
import { Context, Effect, Layer, type Scope, Semaphore } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import * as SqlError from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import { Changes, fromSqlite } from "./Changes.ts"
import { DataDirectory } from "./DataDirectory.ts"
import * as Durability from "./Durability.ts"
import { createPrivate } from "./Files.ts"
import { connect } from "./SqliteConnection.ts"
import { reasonOf, StorageError } from "./StorageError.ts"

/** How to open the database. */
export interface SqliteOptions {
  /** The file, in a directory that exists; or `:memory:`, which nothing survives. */
  readonly filename: string
  /** How many milliseconds a statement waits for another process's lock; 30,000 unless told. */
  readonly busyTimeout?: number | undefined
  /** How many prepared statements are kept; 256 unless told. */
  readonly preparedStatements?: number | undefined
}

/** A long import beside a running server keeps it from writing for some seconds. */
const busyTimeout = 30_000

/**
 * How long SQLite itself may wait for a lock, and the event loop with it, in milliseconds, while the database is opened.
 * After that it does not wait at all: whoever runs a statement does.
 */
const openTimeout = 2000

/** The database's file in the data directory. */
export const databaseName = "wireline.db"

/** Opens the database, with the `Changes` that it can tell and its `Flush`, and closes it with the scope. */
const make = Effect.fnUntraced(function* (
  options: SqliteOptions
): Effect.fn.Return<Context.Context<SqlClient.SqlClient>, StorageError, Scope.Scope | Reactivity.Reactivity> {
  const db = yield* Effect.acquireRelease(
    Effect.try({
      try: () => open(options),
      catch: (cause) =>
        new StorageError({ subject: "database", path: options.filename, reason: reasonOf(cause), cause })
    }),
    (db) => Effect.sync(() => db.close())
  )
  const connection = connect(db, options.preparedStatements ?? 256, options.busyTimeout ?? busyTimeout)
  const acquirers = SqlClient.makeSqliteAcquirers({
    connection: Effect.as(committing(db), connection),
    semaphore: yield* Semaphore.make(1),
    isTransaction: () => db.isTransaction
  })
  const client = yield* SqlClient.make({
    ...acquirers,
    compiler: Statement.makeCompilerSqlite(),
    driver: "sqlite-node",
    spanAttributes: [["db.system.name", "sqlite"]],
    beginTransaction: "BEGIN IMMEDIATE",
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    prepareTransactionControls: true
  })
  return Context.make(SqlClient.SqlClient, client).pipe(
    Context.add(Changes, fromSqlite(db)),
    Context.add(Durability.Flush, yield* flushOf(options.filename))
  )
})

/** Makes the commits of whoever has just been given the connection wait for the disk, or not (`Durability`). */
const committing = (db: DatabaseSync): Effect.Effect<void> => {
  let isRelaxed = false
  return Effect.withFiber((fiber) => {
    const wanted = fiber.getRef(Durability.Relaxed)
    if (wanted !== isRelaxed && !db.isTransaction) {
      db.exec(`PRAGMA synchronous = ${wanted ? "NORMAL" : "FULL"}`)
      isRelaxed = wanted
    }
    return Effect.void
  })
}

/** In WAL mode what has committed is on the disk when the log is. Nothing holds a lock on that file. */
const flushOf = Effect.fnUntraced(function* (
  filename: string
): Effect.fn.Return<Effect.Effect<void, SqlError.SqlError>, StorageError, Scope.Scope> {
  if (filename === ":memory:") return Effect.void
  const path = `${filename}-wal`
  const log = yield* Effect.acquireRelease(
    Effect.try({
      try: () => openSync(path, "r"),
      catch: (cause) => new StorageError({ subject: "database", path, reason: reasonOf(cause), cause })
    }),
    (log) => Effect.sync(() => closeSync(log))
  )
  const flush = Durability.shared(() => promisify(fdatasync)(log))
  return Effect.tryPromise({
    try: flush,
    catch: (cause) =>
      new SqlError.SqlError({ reason: SqlError.classifySqliteError(cause, { operation: "flush" }) })
  })
})

/** The client as a layer, with `Changes` and `Durability.Flush`. */
export const layer = (options: SqliteOptions): Layer.Layer<SqlClient.SqlClient, StorageError> =>
  Layer.effectContext(make(options)).pipe(Layer.provide(Reactivity.layer))

/** The database of the data directory. */
export const layerData: Layer.Layer<SqlClient.SqlClient, StorageError, DataDirectory> = Layer.unwrap(
  DataDirectory.useSync(({ path }) => layer({ filename: join(path, databaseName) }))
)

const open = (options: SqliteOptions): DatabaseSync => {
  if (options.filename !== ":memory:") prepareFile(options.filename)
  const db = new DatabaseSync(options.filename, {
    timeout: Math.min(options.busyTimeout ?? busyTimeout, openTimeout),
    enableForeignKeyConstraints: true
  })
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    // A file that cannot be written opens all the same, and would fail at the first request instead of now.
    db.exec("BEGIN IMMEDIATE; ROLLBACK; PRAGMA busy_timeout = 0")
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

/** SQLite says "unable to open database file" to all of these; the system says which. */
const prepareFile = (filename: string): void => {
  createPrivate(filename)
  accessSync(filename, constants.R_OK | constants.W_OK)
  if (!statSync(filename).isFile()) {
    throw Object.assign(new Error(`${filename} is not a regular file`), { code: "EISDIR" })
  }
}
