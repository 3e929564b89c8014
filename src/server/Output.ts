/**
 * The output of one connection: writes what is finished of its replies.
 *
 * Invariant: while the peer has not taken what was written, nothing else is written, and `waitingSince` of the connection says
 * since when.
 */
import { type Clock, Effect, Exit, Fiber } from "effect"
import type * as Protocol from "../Protocol.ts"
import type { Transport } from "../Transport.ts"
import type { Responder } from "./Responder.ts"
import type { Wait } from "./Wait.ts"

/** Whose output it is. */
interface Owner {
  waitingSince: number
  /** Something was finished outside of the owner's own loop. */
  readonly notify: () => void
  /** The peer has taken what was written. */
  readonly onWritten: () => void
  /** The peer is gone. */
  readonly onLost: () => void
}

export class Output {
  /** Ends when the peer has taken what was written. */
  private draining: Wait | undefined
  private readonly server: { readonly protocol: Protocol.Any; readonly clock: Clock.Clock }
  private readonly transport: Transport
  private readonly responder: Pick<Responder<never>, "replies" | "fork">
  private readonly owner: Owner

  constructor(server: Output["server"], transport: Transport, responder: Output["responder"], owner: Owner) {
    this.server = server
    this.transport = transport
    this.responder = responder
    this.owner = owner
  }

  get isDraining(): boolean {
    return this.draining !== undefined
  }

  /** Writes what is finished; returns what has to be waited for when the peer does not take it. */
  flush(): Wait | undefined {
    const { replies } = this.responder
    if (this.draining !== undefined || replies.text === "") return this.draining
    const sending = this.transport.send(replies.take(), this.server.protocol.replyFraming.charset)
    if (sending === undefined) {
      this.owner.onWritten()
      return undefined
    }
    this.owner.waitingSince = this.server.clock.currentTimeMillisUnsafe()
    this.draining = Effect.onExit(sending, () => {
      this.draining = undefined
      this.owner.waitingSince = Number.POSITIVE_INFINITY
      this.owner.onWritten()
      return Effect.void
    })
    return this.draining
  }

  /** Writes what is finished while the fiber waits for something else: a production, say, which may itself wait for this. */
  flushBeside(): void {
    if (this.draining !== undefined) return
    const wait = this.flush()
    if (wait === undefined) return
    const fiber = this.responder.fork(wait)
    if (fiber.pollUnsafe() === undefined) this.draining = Fiber.join(fiber)
    fiber.addObserver((exit) => (Exit.isSuccess(exit) ? this.owner.notify() : this.owner.onLost()))
  }

  /** Ends when the peer has taken all that is finished. */
  get written(): Wait {
    return Effect.suspend(() => {
      const wait = this.flush()
      return wait === undefined ? Effect.void : Effect.andThen(wait, this.written)
    })
  }
}
