/**
 * One open `node:sqlite` database as the low-level connection that `effect/sql` drives; `Sqlite.ts` makes a client
 * of it.
 *
 * Statements are prepared once and kept, the least recently used leaving first. Failures of SQLite come out as
 * `SqlError`s with their reason.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { Effect, Predicate, Schedule, Stream } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlConnection from "effect/sql/SqlConnection"
import * as SqlError from "effect/sql/SqlError"

type Params = ReadonlyArray<unknown>
type TransformRows = Parameters<SqlConnection.Connection["execute"]>[2]

/** How many rows a stream takes from the database at a time. */
const streamedRows = 128

/** How often a lock that another process holds is tried again. */
const lockTried = "20 millis"

/**
 * The connection over `db`, keeping up to `capacity` prepared statements. A lock of another process is waited for up to
 * `patience` milliseconds: by the fiber, so that the event loop goes on, and not by SQLite, which would stop it.
 */
export const connect = (db: DatabaseSync, capacity: number, patience = 0): SqlConnection.Connection => {
  const cache = new Map<string, StatementSync>()

  const cached = (sql: string): StatementSync => {
    let statement = cache.get(sql)
    if (statement === undefined) {
      statement = db.prepare(sql)
      const oldest = cache.size >= capacity ? cache.keys().next() : undefined
      if (oldest?.done === false) cache.delete(oldest.value)
    } else {
      cache.delete(sql)
    }
    cache.set(sql, statement)
    return statement
  }

  const waiting = Schedule.upTo(Schedule.spaced(lockTried), { duration: patience })

  const run = <A>(
    prepare: (sql: string) => StatementSync,
    sql: string,
    params: Params,
    use: (statement: StatementSync, params: Array<SQLInputValue>) => A
  ): Effect.Effect<A, SqlError.SqlError> => {
    const attempt = runOnce(prepare, sql, params, use)
    return Effect.catch(attempt, (error) =>
      isLocked(error) && patience > 0
        ? Effect.retry(attempt, { while: isLocked, schedule: waiting })
        : Effect.fail(error)
    )
  }

  const runOnce = <A>(
    prepare: (sql: string) => StatementSync,
    sql: string,
    params: Params,
    use: (statement: StatementSync, params: Array<SQLInputValue>) => A
  ): Effect.Effect<A, SqlError.SqlError> =>
    Effect.withFiber((fiber) => {
      try {
        const statement = prepare(sql)
        statement.setReadBigInts(fiber.getRef(SqlClient.SafeIntegers))
        return Effect.succeed(use(statement, params.map(toInput)))
      } catch (cause) {
        return Effect.fail(toSqlError(cause, "execute"))
      }
    })

  const fresh = (sql: string): StatementSync => db.prepare(sql)

  const execute =
    (prepare: (sql: string) => StatementSync) => (sql: string, params: Params, transform: TransformRows) => {
      const rows = run(prepare, sql, params, allRows)
      return transform === undefined ? rows : Effect.map(rows, transform)
    }

  return {
    execute: execute(cached),
    executeUnprepared: execute(fresh),
    executeRaw: (sql, params) =>
      run(cached, sql, params, (statement, values) =>
        statement.columns().length === 0 ? statement.run(...values) : statement.all(...values)
      ),
    executeValues: (sql, params) => run(cached, sql, params, allValues),
    executeValuesUnprepared: (sql, params) => run(fresh, sql, params, allValues),
    // A statement of its own: running a cached one again would reset a stream that is half read.
    executeStream: (sql, params, transform) =>
      Effect.acquireRelease(
        run(fresh, sql, params, (statement, values) => statement.iterate(...values)),
        (rows) => Effect.sync(() => rows.return?.())
      ).pipe(
        Effect.map((rows) => {
          const batches = Stream.unfold(rows, (rows) =>
            Effect.map(nextRows(rows), (batch) => (batch.length === 0 ? undefined : ([batch, rows] as const)))
          )
          return Stream.flattenIterable(transform === undefined ? batches : Stream.map(batches, transform))
        }),
        Stream.unwrap
      )
  }
}

const isLocked = ({ reason }: SqlError.SqlError): boolean => reason._tag === "LockTimeoutError"

const allRows = (statement: StatementSync, params: Array<SQLInputValue>): ReadonlyArray<object> =>
  statement.all(...params)

const allValues = (
  statement: StatementSync,
  params: Array<SQLInputValue>
): ReadonlyArray<ReadonlyArray<unknown>> => {
  statement.setReturnArrays(true)
  try {
    return statement.all(...params) as unknown as ReadonlyArray<ReadonlyArray<unknown>>
  } finally {
    statement.setReturnArrays(false)
  }
}

const nextRows = (rows: Iterator<object>): Effect.Effect<ReadonlyArray<object>, SqlError.SqlError> =>
  Effect.try({
    try: () => {
      const batch: Array<object> = []
      while (batch.length < streamedRows) {
        const next = rows.next()
        if (next.done === true) break
        batch.push(next.value)
      }
      return batch
    },
    catch: (cause) => toSqlError(cause, "stream")
  })

/** SQLite knows neither booleans nor `undefined`; anything else is for `node:sqlite` to take or refuse. */
const toInput = (value: unknown): SQLInputValue =>
  value === undefined ? null : Predicate.isBoolean(value) ? Number(value) : (value as SQLInputValue)

/** `node:sqlite` keeps SQLite's code in `errcode`; the classifier reads it from `errno`. */
const toSqlError = (cause: unknown, operation: string): SqlError.SqlError => {
  const error = Predicate.hasProperty(cause, "errcode")
    ? Object.assign(cause, { errno: cause.errcode })
    : cause
  const message = Predicate.hasProperty(cause, "message") ? String(cause.message) : undefined
  return new SqlError.SqlError({ reason: SqlError.classifySqliteError(error, { message, operation }) })
}
