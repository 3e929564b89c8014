/**
 * Handlers that are running, each for as long as it may and no longer.
 *
 * One that takes too long, or that nobody waits for any more, is told to end; whoever waited for it goes on at once, so
 * that a handler which does not let itself be interrupted holds up nobody. At the end all of them have some seconds to
 * release what they hold, such as the programs that they run.
 */
import { Duration, Effect, Fiber, type Scope } from "effect"

export interface Handling {
  /** Waits for a handler no longer than this; that it took longer is a defect. */
  readonly limited: <A, E>(handler: Effect.Effect<A, E>, timeout: Duration.Duration) => Effect.Effect<A, E>
}

/** How long the end waits for handlers that have been told to end. */
const patience = "5 seconds"

export const make: Effect.Effect<Handling, never, Scope.Scope> = Effect.gen(function* () {
  const running = new Set<Fiber.Fiber<unknown, unknown>>()

  const begin = <A, E>(handler: Effect.Effect<A, E>): Effect.Effect<Fiber.Fiber<A, E>> =>
    Effect.map(Effect.forkDetach(handler, { startImmediately: true }), (fiber) => {
      if (fiber.pollUnsafe() === undefined) {
        running.add(fiber)
        fiber.addObserver(() => void running.delete(fiber))
      }
      return fiber
    })

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      for (const fiber of running) fiber.interruptUnsafe()
      return Effect.asVoid(Effect.timeoutOption(Fiber.awaitAll(running), patience))
    })
  )

  return {
    limited: (handler, timeout) =>
      Effect.acquireUseRelease(
        begin(handler),
        (fiber) =>
          fiber.pollUnsafe() ??
          Effect.timeoutOrElse(Effect.flatten(Fiber.await(fiber)), {
            duration: timeout,
            orElse: () => Effect.die(new Error(`it took longer than ${Duration.format(timeout)}`))
          }),
        (fiber) => Effect.sync(() => fiber.interruptUnsafe())
      )
  }
})
