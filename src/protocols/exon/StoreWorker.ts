/**
 * Runs batches of requests on the database: plain data in, plain data out. Nothing else of the store touches the items'
 * tables, so this is what a worker thread would run.
 *
 * - The changes of a batch share one transaction, with their entries in the audit trail and in the search index. A batch
 *   without changes needs none.
 * - The outcomes of a batch are known once it is committed, never before.
 * - When a batch fails, its halves are tried alone, so that a request that cannot be done fails alone. When the database
 *   cannot be used, or refuses the commit, all of them fail and nothing of them is kept.
 */
import { Cause, Effect, Exit } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as SqlError from "effect/sql/SqlError"
import type { SearchIndex } from "./SearchIndex.ts"
import * as StoreBatch from "./StoreBatch.ts"
import { isWrite, type Outcome, type StoreRequest } from "./StoreRequest.ts"

/** How a batch ended. */
export interface BatchResult {
  /** The outcome of each request, in their order. */
  readonly outcomes: ReadonlyArray<Outcome>
  /** What the database said, in one line, if it failed; that of the first request that failed. */
  readonly problem: string | undefined
}

/** Runs one batch, in the order of its requests. Only one may run at a time. */
export type Run = (requests: ReadonlyArray<StoreRequest>) => Effect.Effect<BatchResult>

/** Makes the function that runs batches on the database in the context. */
export const make: Effect.Effect<Run, never, SqlClient.SqlClient | SearchIndex> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const perform = yield* StoreBatch.make

  const run: Run = (requests) =>
    Effect.suspend(() => {
      // The error does not tell whether it is the commit that failed.
      let performed = false
      const performing = Effect.tap(perform(requests), () => {
        performed = true
        return Effect.void
      })
      return Effect.flatMap(
        Effect.exit(requests.some(isWrite) ? sql.withTransaction(performing) : performing),
        (exit) => {
          if (Exit.isSuccess(exit)) return Effect.succeed({ outcomes: exit.value, problem: undefined })
          if (requests.length > 1 && !performed && !isUnusable(exit.cause)) return runHalves(requests)
          return Effect.succeed({
            outcomes: requests.map((): Outcome => unavailable),
            problem: firstLine(exit.cause)
          })
        }
      )
    })

  const runHalves = (requests: ReadonlyArray<StoreRequest>): Effect.Effect<BatchResult> => {
    const half = requests.length >> 1
    return Effect.zipWith(run(requests.slice(0, half)), run(requests.slice(half)), (one, other) => ({
      outcomes: [...one.outcomes, ...other.outcomes],
      problem: one.problem ?? other.problem
    }))
  }

  return run
})

const unavailable: Outcome = { _tag: "Failure", reason: "Unavailable" }

/** What the database says, in a line. */
const firstLine = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const root = SqlError.isSqlError(error) ? error.reason.cause : error
  return (root instanceof Error ? root.message : String(root)).split("\n")[0]!
}

/** Whether trying again would fail for every request, and perhaps take its time each time. */
const isUnusable = (cause: Cause.Cause<SqlError.SqlError>): boolean =>
  cause.reasons.some((reason) => Cause.isFailReason(reason) && unusable.has(reason.error.reason._tag))

const unusable: ReadonlySet<SqlError.SqlErrorReason["_tag"]> = new Set([
  "ConnectionError",
  "AuthenticationError",
  "AuthorizationError",
  "LockTimeoutError",
  "StatementTimeoutError"
])
