/** Replies that are taken frame by frame as they come. A consumer that is slow stops the reading of the connection. */
import { Cause, Effect, Latch, Queue, Stream } from "effect"
import type { CloseReason } from "./errors.ts"
import type { Receiver } from "./Replies.ts"

/** How many frames of a reply may be ahead of its consumer. */
const maxAhead = 256

/** Whether the connection may be read: not while a consumer is behind. */
export class Flow {
  private readonly latch = Latch.makeUnsafe(true)
  private behind = 0

  /** Waits until every consumer keeps up. */
  readonly open: Effect.Effect<void> = Effect.suspend(() =>
    this.behind === 0 ? Effect.void : this.latch.await
  )

  fallBehind(): void {
    this.behind++
    this.latch.closeUnsafe()
  }

  catchUp(): void {
    if (--this.behind === 0) this.latch.openUnsafe()
  }
}

export class StreamedReply<Reply> implements Receiver<Reply> {
  private readonly queue = Effect.runSync(Queue.unbounded<Reply, CloseReason | Cause.Done>())
  private readonly flow: Flow
  private ahead = 0
  private isBehind = false
  /** Whether the consumer has left, so that the rest of the reply is dropped. */
  private isAbandoned = false

  constructor(flow: Flow) {
    this.flow = flow
  }

  readonly frames: Stream.Stream<Reply, CloseReason> = oneByOne(this.queue, () => this.taken())

  frame(reply: Reply): void {
    if (this.isAbandoned) return
    Queue.offerUnsafe(this.queue, reply)
    if (++this.ahead < maxAhead || this.isBehind) return
    this.isBehind = true
    this.flow.fallBehind()
  }

  end(): void {
    Queue.endUnsafe(this.queue)
    this.catchUp()
  }

  fail(reason: CloseReason): void {
    Queue.failCauseUnsafe(this.queue, Cause.fail(reason))
    this.catchUp()
  }

  /** The consumer has left. */
  abandon(): void {
    this.isAbandoned = true
    this.catchUp()
  }

  private taken(): void {
    if (--this.ahead < maxAhead / 2) this.catchUp()
  }

  private catchUp(): void {
    if (!this.isBehind) return
    this.isBehind = false
    this.flow.catchUp()
  }
}

/** The items of a queue. One that a consumer has not taken when it leaves is there for the next. */
export function oneByOne<A, E>(
  queue: Queue.Dequeue<A, E>,
  onTaken = (): void => {}
): Stream.Stream<A, Exclude<E, Cause.Done>> {
  const take = Effect.map(Queue.take(queue), (item): [A] => {
    onTaken()
    return [item]
  })
  return Stream.fromPull(Effect.succeed(take))
}
