/** Time in tests: it is the `TestClock`'s, and the event loop's turns are what real sockets need beside it. */
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"

/** One turn of the event loop. */
export const turn = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Lets time pass, a step a turn, for as long as the effect takes; tells how long that was. */
export const passing = <A, E, R>(step: Duration.Input, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const clock = yield* TestClock.testClockWith(Effect.succeed)
    const start = clock.currentTimeMillisUnsafe()
    yield* Effect.raceFirst(effect, Effect.forever(Effect.andThen(turn, TestClock.adjust(step))))
    return Duration.millis(clock.currentTimeMillisUnsafe() - start)
  })
