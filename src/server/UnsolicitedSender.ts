/**
 * Sends the messages of one connection that answer no request. Handlers wait here while more of them than `Limits.maxPushed`
 * allows are on their way to the peer.
 */
import { Effect, Latch } from "effect"
import type * as Protocol from "../Protocol.ts"
import type { ReplyQueue } from "./ReplyQueue.ts"

export class UnsolicitedSender {
  private readonly responder: {
    readonly replies: ReplyQueue
    readonly pushUnsolicited: (message: Protocol.Tagged) => void
  }
  private readonly max: number
  private readonly loop: {
    /** Whether nothing reaches the peer any more. */
    readonly isOver: boolean
    readonly notify: () => void
  }
  /** What handlers wait for; a new one whenever the peer has taken something. */
  private waiting: Latch.Latch | undefined

  constructor(responder: UnsolicitedSender["responder"], max: number, loop: UnsolicitedSender["loop"]) {
    this.responder = responder
    this.max = max
    this.loop = loop
  }

  /** Sends a message; false where there is no room for it. Throws where it is none that the protocol can say. */
  offer(message: Protocol.Tagged): boolean {
    if (this.loop.isOver) return true
    if (this.responder.replies.length > this.max) return false
    this.responder.pushUnsolicited(message)
    this.loop.notify()
    return true
  }

  /** Sends a message when there is room for it. */
  send(message: Protocol.Tagged): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.offer(message)) return Effect.void
      this.waiting ??= Latch.makeUnsafe()
      return Effect.andThen(this.waiting.await, this.send(message))
    })
  }

  /** The peer has taken something, or never will. */
  resume(): void {
    this.waiting?.openUnsafe()
    this.waiting = undefined
  }
}
