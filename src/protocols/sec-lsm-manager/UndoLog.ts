/**
 * All or nothing for changes that no database can roll back: labels, links, policy files, rules in the kernel.
 *
 * An operation first writes down, in the database, what it is about to change and what is there now. Then it makes the
 * changes one after another. The transaction that records the result also deletes what was written down: that is the
 * commit point. Whatever happens before it, a failure, a defect or the end of the process, leaves the log to be undone:
 * at once, or, after a `kill -9`, when the server starts again.
 *
 * What cannot be put back (the file system has become read-only, say) is logged as an error and stays in the log. Every
 * later operation tries it again first and is refused while it still fails: nothing is built on a half-done state,
 * and no later change is overwritten by the undoing of an earlier one. A path that has been removed meanwhile counts as
 * put back, which is the operator's way out.
 */
import { Effect, Schema } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import { Backend } from "./Backend.ts"
import * as Change from "./Change.ts"
import { SecurityError, whileDoing } from "./SecurityError.ts"

/** What an operation is going to change, in the order in which it does. */
export interface Plan {
  readonly operation: "install" | "uninstall"
  /** The id of the application; empty for an operation on paths without one. */
  readonly application: string
  readonly changes: ReadonlyArray<Change.Change>
}

type Services = Backend | SqlClient.SqlClient

const Row = Schema.Struct({
  position: Schema.Number,
  operation: Schema.String,
  application: Schema.String,
  change: Schema.fromJsonString(Change.Change)
})
const encodeChange = Schema.encodeSync(Row.fields.change)
const decodeRows = Schema.decodeUnknownEffect(Schema.Array(Row))

/**
 * Refuses while an earlier operation is not entirely undone. Goes before the reading of any state: what is there while
 * something is half-done must not be taken for what was there before.
 */
export const ready: Effect.Effect<void, SecurityError, Services> = Effect.suspend(() =>
  undoPending("is undone at last")
)

/** Carries out a plan and commits it together with `record`, which writes what is then so into the database. */
export const execute = Effect.fn("UndoLog.execute")(function* (
  plan: Plan,
  record: Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient>
): Effect.fn.Return<void, SecurityError, Services> {
  const sql = yield* SqlClient.SqlClient
  const backend = yield* Backend
  yield* begin(plan).pipe(Effect.mapError(whileDoing(`write down what the ${describe(plan)} will change`)))
  yield* Effect.forEach(plan.changes, Change.apply, { discard: true }).pipe(
    Effect.andThen(backend.flush(Change.touched(plan.changes))),
    Effect.andThen(
      sql
        .withTransaction(Effect.andThen(record, sql`DELETE FROM lsm_pending WHERE backend = ${backend.name}`))
        .pipe(Effect.mapError(whileDoing(`commit the ${describe(plan)}`)))
    ),
    Effect.onError(() => undoOrLog("failed and is undone"))
  )
})

/** Undoes what a process that is gone has left half-done. */
export const recover: Effect.Effect<void, never, Services> = Effect.suspend(() =>
  undoOrLog("was interrupted and is undone")
)

const begin = Effect.fnUntraced(function* (plan: Plan) {
  if (plan.changes.length === 0) return
  const sql = yield* SqlClient.SqlClient
  const backend = yield* Backend
  yield* sql.withTransaction(
    Effect.forEach(
      plan.changes,
      (change) =>
        sql`INSERT INTO lsm_pending ${sql.insert({
          backend: backend.name,
          operation: plan.operation,
          application: plan.application,
          change: encodeChange(change)
        })}`,
      { discard: true }
    )
  )
})

const undoPending = Effect.fn("UndoLog.undoPending")(function* (
  outcome: string
): Effect.fn.Return<void, SecurityError, Services> {
  const sql = yield* SqlClient.SqlClient
  const backend = yield* Backend
  const rows = yield* sql`SELECT position, operation, application, change FROM lsm_pending
    WHERE backend = ${backend.name} ORDER BY position DESC`.pipe(
    Effect.flatMap(decodeRows),
    Effect.mapError(whileDoing("read what is to be undone"))
  )
  const first = rows[0]
  if (first === undefined) return
  const [undone, failures] = yield* Effect.partition(rows, (row) =>
    Change.restore(row.change).pipe(Effect.catchDefect(failedUndo(row)), Effect.as(row))
  )
  const stuck = (failure: SecurityError) =>
    new SecurityError({
      action: `undo the ${describe(first)} entirely, and nothing is installed or uninstalled until that succeeds`,
      detail: failure.message,
      cause: failure
    })
  yield* backend.flush(Change.touched(undone.map((row) => row.change))).pipe(Effect.mapError(stuck))
  yield* Effect.forEach(undone, (row) => sql`DELETE FROM lsm_pending WHERE position = ${row.position}`, {
    discard: true
  }).pipe(sql.withTransaction, Effect.mapError(whileDoing("write down what has been undone")))
  const [failure] = failures
  if (failure !== undefined) return yield* stuck(failure)
  yield* Effect.logWarning(`the ${describe(first)} ${outcome}`)
})

const failedUndo = (row: typeof Row.Type) => (defect: unknown) =>
  Effect.fail(whileDoing(`undo the ${describe(row)}`)(defect))

const undoOrLog = (outcome: string): Effect.Effect<void, never, Services> =>
  undoPending(outcome).pipe(
    Effect.catchTag("SecurityError", (error) => Effect.logError(error.message)),
    Effect.catchDefect((defect) => Effect.logError("cannot undo what is half-done", defect))
  )

const describe = (plan: { readonly operation: string; readonly application: string }): string =>
  `${plan.operation} of ${plan.application === "" ? "paths without an application" : plan.application}`
