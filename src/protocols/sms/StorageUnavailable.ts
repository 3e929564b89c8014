/**
 * The database cannot be used. Why is logged where it happens; whoever sent a text is not to know.
 */
import { Effect, Schema } from "effect"
import * as SqlError from "effect/sql/SqlError"

export class StorageUnavailable extends Schema.TaggedError<StorageUnavailable>()("StorageUnavailable", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return "the database cannot be used"
  }
}

/** Makes a failure of the database one of these, and logs what the database says, in a line. */
export const orUnavailable = <A, E, R>(
  effect: Effect.Effect<A, E | SqlError.SqlError, R>
): Effect.Effect<A, Exclude<E, SqlError.SqlError> | StorageUnavailable, R> =>
  Effect.catch(effect, (error): Effect.Effect<never, Exclude<E, SqlError.SqlError> | StorageUnavailable> =>
    SqlError.isSqlError(error)
      ? Effect.andThen(
          Effect.logError(`the database cannot be used: ${firstLine(error.reason.cause)}`),
          Effect.fail(new StorageUnavailable({ cause: error }))
        )
      : Effect.fail(error as Exclude<E, SqlError.SqlError>)
  )

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]!
