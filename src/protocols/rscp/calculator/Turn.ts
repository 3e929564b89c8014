/**
 * What may be computed in one turn of the event loop before other connections have theirs.
 *
 * A connection may send a thousand questions at once, and what is nothing for one of them is a second for all.
 */
import { Effect } from "effect"

/** Milliseconds of computing in a turn; a single answer takes two at the most. */
const share = 3

/** Milliseconds of computing that nobody notices, however many do it: a sum. */
const negligible = 0.01

/** Waits until the event loop has gone round. */
const next: Effect.Effect<void> = Effect.callback((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/** How to count in what a result took, in milliseconds: it comes at once, or in the next turn when this one is used up. */
export const make = (): (<A>(result: A, took: number) => A | Effect.Effect<A>) => {
  let spent = 0
  return (result, took) => {
    if (took < negligible) return result
    const before = spent
    spent += took
    if (spent < share) return result
    if (before < share) {
      setImmediate(() => {
        spent = 0
      })
    }
    return Effect.as(next, result)
  }
}
