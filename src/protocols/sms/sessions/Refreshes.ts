/**
 * Expiries that have moved on, written behind: all of a second in one go, and the last ones when the scope closes.
 *
 * A crash loses those of the last second or so, and with them nothing but that much of the sessions' time.
 */
import { Effect, Latch, type Scope, Semaphore } from "effect"
import type * as SqlError from "effect/sql/SqlError"
import * as Durability from "../../../storage/Durability.ts"
import type { Records } from "./Records.ts"

export interface Refreshes {
  /** Notes that a session expires then, at the earliest. */
  readonly note: (number: string, expires: number) => void
  /** What was noted of a number and is not written yet. */
  readonly of: (number: string) => number | undefined
  /** Forgets what was noted of a number. */
  readonly forget: (number: string) => void
  /** Writes what was noted. */
  readonly flush: Effect.Effect<void, SqlError.SqlError>
}

/** How many are written in one transaction. */
const group = 1024

/** Writes every second what was noted, if anything was, for as long as the scope lives. */
export const make = Effect.fnUntraced(function* (
  records: Pick<Records, "refresh">
): Effect.fn.Return<Refreshes, never, Scope.Scope> {
  const noted = new Map<string, number>()
  const something = yield* Latch.make()
  const turn = yield* Semaphore.make(1)

  const flush = turn.withPermit(
    Effect.gen(function* () {
      const all = [...noted]
      for (let at = 0; at < all.length; at += group) {
        const some = all.slice(at, at + group)
        yield* Durability.relaxed(records.refresh(some))
        for (const [number, expires] of some) {
          if (noted.get(number) === expires) noted.delete(number)
        }
      }
    })
  )

  const orLog = Effect.catch(flush, (error: SqlError.SqlError) =>
    Effect.logWarning(`the expiry of sessions could not be written: ${error.message}`)
  )

  const work = Effect.gen(function* () {
    yield* something.await
    yield* Effect.sleep("1 seconds")
    yield* something.close
    yield* orLog
    if (noted.size > 0) yield* something.open
  })

  yield* Effect.addFinalizer(() => orLog)
  yield* Effect.forkScoped(Effect.forever(work))

  return {
    note: (number, expires) => {
      noted.set(number, expires)
      something.openUnsafe()
    },
    of: (number) => noted.get(number),
    forget: (number) => void noted.delete(number),
    flush
  }
})
