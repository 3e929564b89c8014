/**
 * What a commit waits for, for who commits often and may not keep everybody waiting while a disk is busy.
 *
 * A transaction that has committed survives a power cut, and the event loop has waited for the disk. One that is run by
 * `relaxed` waits for nothing: it survives whatever ends the process, `kill -9` too, and a power cut as soon as `Flush` has
 * returned, or anybody else's commit, whichever comes first. Either is there as a whole or not at all, and none without
 * those before it.
 *
 * Where the database knows no difference, every commit is of the first kind, and there is nothing to flush.
 */
import { Context, Effect } from "effect"
import type * as SqlError from "effect/sql/SqlError"

/** Whether transactions that begin, and statements outside of one, are `relaxed`. */
export const Relaxed = Context.Reference<boolean>("wireline/storage/Relaxed", { defaultValue: () => false })

/** Runs transactions without waiting for the disk. In a transaction that has begun it makes no difference. */
export const relaxed = Effect.provideService(Relaxed, true)

/** Waits, beside the event loop, until what has committed so far survives a power cut. */
export const Flush = Context.Reference<Effect.Effect<void, SqlError.SqlError>>("wireline/storage/Flush", {
  defaultValue: () => Effect.void
})

/** Makes of a write that is `relaxed` one that survives a power cut when it returns; only the one who asks waits. */
export const durably: Effect.Effect<
  <A, E, R>(write: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError.SqlError, R>
> = Effect.map(Flush, (flush) => (write) => Effect.tap(relaxed(write), () => flush))

/**
 * Shares what takes its time among those who ask for it. Each gets a run that begins after he has asked, and one begins
 * when the one before has ended.
 */
export const shared = (run: () => Promise<void>): (() => Promise<void>) => {
  let last = Promise.resolve()
  let next: Promise<void> | undefined
  return () => {
    if (next === undefined) {
      next = last.then(() => {
        next = undefined
        return run()
      })
      last = next.catch(() => {})
    }
    return next
  }
}
