/** What the loop of a connection waits for. */
import { Effect, Fiber } from "effect"
import type * as Socket from "effect/socket/Socket"
import { closed } from "../Transport.ts"

/** Something to wait for before a connection's loop goes on; it fails when the peer is gone. */
export type Wait = Effect.Effect<void, Socket.SocketError>

/** Runs what is waited for in a fiber of its own, so that it ends with the connection even where nothing is written. */
export class AbandonableWait {
  /** Ends what is being waited for, because the peer is gone. */
  abandon: (() => void) | undefined

  run(wait: Wait, fork: (wait: Wait) => Fiber.Fiber<void, Socket.SocketError>): Wait {
    return Effect.callback((resume) => {
      const fiber = fork(wait)
      this.abandon = () => resume(Effect.andThen(Fiber.interrupt(fiber), Effect.fail(closed(1006))))
      fiber.addObserver((exit) => {
        this.abandon = undefined
        resume(exit)
      })
      return Fiber.interrupt(fiber)
    })
  }
}
