/** The unsolicited messages that no consumer has taken yet. */
import { Cause, Effect, Queue, type Stream } from "effect"
import { TooManyPushes } from "./errors.ts"
import { oneByOne } from "./StreamedReply.ts"

export class Pushes<in out Push, in out Lost> {
  readonly stream: Stream.Stream<Push, Lost>
  private readonly queue: Queue.Queue<Push, Lost>
  private readonly max: number

  constructor(max = 65_536) {
    this.max = max
    this.queue = Effect.runSync(Queue.dropping<Push, Lost>(max))
    this.stream = oneByOne<Push, Lost>(this.queue)
  }

  /** Adds a message; returns why the connection has to end where there are too many. */
  offer(message: Push): TooManyPushes | undefined {
    return Queue.offerUnsafe(this.queue, message) ? undefined : new TooManyPushes({ max: this.max })
  }

  /** There will be no more, for this reason. */
  fail(reason: Lost): void {
    Queue.failCauseUnsafe(this.queue, Cause.fail(reason))
  }
}
