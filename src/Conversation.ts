/**
 * A conversation is what a server does with one connection: frames in, requests answered one after another, replies
 * out. `Server` makes one for each connection.
 *
 * A batch (the frames that one chunk completed) is the unit of work. It is answered in a plain loop, and its replies are
 * written at once; a command that answers with an effect, and a peer that does not take its replies, make it wait. A
 * reply that a command writes in portions (`LongReply`) goes out while the command runs.
 */
import { Cause, type Clock, Context, Data, Effect, Exit } from "effect"
import type * as Socket from "effect/socket/Socket"
import { type Answered, Begun } from "./Begun.ts"
import * as Command from "./Command.ts"
import type * as Framing from "./Framing.ts"
import { type Activity, LongReply, Portions, type Room } from "./LongReply.ts"
import * as Protocol from "./Protocol.ts"
import { type RequestCount, RequestId } from "./RequestId.ts"
import type { CommandTally, Tally } from "./Tally.ts"
import type * as Transport from "./Transport.ts"

/** Sees the frames of a conversation as they come and go. */
export type Observer = (direction: "received" | "sent", frame: string) => Effect.Effect<void>

/** Replies are written when this many characters of them are waiting, or when the batch is at its end. */
const writeSize = 65_536

/** So many answers that come later may be on their way at a time: what is kept of them is multiplied by this. */
const mostBegun = 512

/** After a chunk of so many bytes, the other connections have their turn before the next is read. */
const fairShare = 32_768

/** So long may the event loop wait for answers that are given at once, in milliseconds; looked at each so many frames. */
const longestStretch = 5
const looking = 8

/** An answer has closed the connection. */
class Closed extends Data.TaggedError("Closed") {}

/**
 * One conversation. `run` takes part in it until the input ends, the peer is gone, or an answer closes the
 * connection; it tells whether it was the last.
 */
export class Conversation<R> implements Activity {
  waitingSince: number
  private readonly protocol: Protocol.Any
  private readonly answer: Command.Handler<Protocol.Tagged, Protocol.Tagged, R>
  private readonly context: Context.Context<R>
  private readonly connection: Transport.Connection
  private readonly clock: Clock.Clock
  private readonly observer: () => Observer | undefined
  private readonly portions: Portions
  private readonly tally: Tally
  private readonly request: RequestCount
  private readonly decoder: Framing.Decoder

  /** The answers since the first one that comes later, in order. */
  private readonly begun = new Begun()
  private frames: ReadonlyArray<string | Framing.InvalidFrame> = []
  private next = 0
  private replies = ""
  private closing = false

  constructor(options: {
    readonly protocol: Protocol.Any
    readonly framing: Framing.Framing
    readonly answer: Command.Handler<Protocol.Tagged, Protocol.Tagged, R>
    readonly context: Context.Context<R>
    readonly connection: Transport.Connection
    readonly clock: Clock.Clock
    readonly room: Room
    readonly tally: Tally
    readonly request: RequestCount
    readonly observer?: (() => Observer | undefined) | undefined
  }) {
    this.protocol = options.protocol
    this.answer = options.answer
    this.portions = new Portions({
      who: this,
      room: options.room,
      send: (text) => this.send(text),
      isObserved: () => this.observer() !== undefined
    })
    this.request = options.request
    this.context = options.context.pipe(
      Context.add(LongReply, this.portions),
      Context.add(RequestId, this.request)
    )
    this.connection = options.connection
    this.clock = options.clock
    this.tally = options.tally
    this.observer = options.observer ?? noObserver
    this.decoder = options.framing.decoder()
    this.waitingSince = this.clock.currentTimeMillisUnsafe()
  }

  get destroy(): Effect.Effect<void> {
    return this.connection.destroy
  }

  /** Takes part until the end; succeeds with whether an answer closed the connection. */
  get run(): Effect.Effect<boolean> {
    return this.connection
      .receive(this.receive)
      .pipe(
        Effect.catchTags({ Closed: () => Effect.succeed(true), SocketError: () => Effect.succeed(false) }),
        Effect.ensuring(Effect.sync(() => this.portions.abandon())),
        Effect.provideContext(this.context)
      )
  }

  /** Answers the frames that a chunk completes; without an effect where nothing has to be waited for. */
  private readonly receive = (chunk: Uint8Array): Step<R> => {
    this.frames = this.decoder.push(chunk)
    this.next = 0
    if (this.frames.length === 0) return undefined
    this.waitingSince = Number.POSITIVE_INFINITY
    const step = this.work()
    if (chunk.length < fairShare) return step
    return step === undefined ? Effect.yieldNow : Effect.andThen(step, Effect.yieldNow)
  }

  /** Goes on with the batch, as far as nothing has to be waited for. */
  private work(): Step<R> {
    this.tally.begin()
    const step = this.proceed()
    this.tally.end()
    return step
  }

  /** Answers the frames that are left of the batch, and writes the replies. */
  private proceed(): Step<R> {
    while (this.next < this.frames.length && !this.closing) {
      if (this.next % looking === looking - 1 && this.tally.elapsed() > longestStretch) {
        return Effect.flatMap(Effect.yieldNow, this.resume)
      }
      const step =
        this.replies.length >= writeSize
          ? this.flush()
          : this.begun.size >= mostBegun
            ? this.settle()
            : this.respond(this.frames[this.next++]!)
      if (step !== undefined) return Effect.flatMap(step, this.resume)
    }
    const settling = this.settle()
    if (settling !== undefined) return Effect.flatMap(settling, this.resume)
    const step = this.flush()
    return step === undefined ? this.endBatch() : Effect.flatMap(step, () => this.endBatch() ?? Effect.void)
  }

  private readonly resume = () => this.work() ?? Effect.void

  private endBatch(): Step<R> {
    this.frames = []
    this.waitingSince = this.clock.currentTimeMillisUnsafe()
    return this.closing ? Effect.fail(new Closed()) : undefined
  }

  /** Answers one frame. */
  private respond(frame: string | Framing.InvalidFrame): Step<R> {
    this.request.frames++
    if (typeof frame !== "string") return this.acceptUnreadable(frame)
    const observer = this.observer()
    return observer === undefined
      ? this.handle(frame)
      : Effect.flatMap(observer("received", frame), () => this.handle(frame) ?? Effect.void)
  }

  private handle(frame: string): Step<R> {
    const request: Protocol.Tagged | Protocol.Malformed = this.protocol.decodeRequest(frame)
    if (request instanceof Protocol.Malformed) return this.acceptUnreadable(request)
    const command = this.tally.of(request._tag)
    const answer = this.tryAnswer(request)
    if (Command.isPlain(answer)) {
      this.tally.answered(command)
      return this.acceptOne(answer, command)
    }
    if (answer instanceof Command.Later) {
      this.begun.begin(answer, command, this.request.frames)
      return undefined
    }
    if (!Effect.isEffect(answer)) {
      this.tally.answered(command)
      return this.accept(answer, command)
    }
    // It may take its time, so what is ready goes out before.
    return Effect.andThen(this.ready, this.waitFor(answer, command))
  }

  private acceptUnreadable(problem: Protocol.Unreadable): Step<R> {
    this.tally.unreadable++
    return this.accept(this.protocol.onUnreadable(problem, this.clock.currentTimeMillisUnsafe()), undefined)
  }

  /** Waits until everything so far is answered and written. */
  private readonly ready: Effect.Effect<void, Socket.SocketError | Closed, R> = Effect.suspend(() =>
    Effect.andThen(
      this.settle() ?? Effect.void,
      Effect.suspend(() => this.flush() ?? Effect.void)
    )
  )

  /** Waits for the answers that come later, and queues their replies in the order of the requests. */
  private settle(): Step<R> {
    if (this.begun.size === 0) return undefined
    // Many a command that may take its time has taken none.
    const answered = this.begun.takeNow()
    return answered === undefined
      ? Effect.flatMap(this.begun.take, (answered) => this.queue(answered, 0) ?? Effect.void)
      : this.queue(answered, 0)
  }

  /** Queues the replies of these answers, from one on. */
  private queue(answered: ReadonlyArray<Answered>, from: number): Step<R> {
    for (let at = from; at < answered.length; at++) {
      const { answer, command, frame } = answered[at]!
      const step =
        (Exit.isSuccess(answer)
          ? this.acceptOutcome(answer.value, command)
          : Effect.annotateLogs(this.die(answer.cause, command), "request", this.request.at(frame))) ??
        (this.replies.length >= writeSize ? this.flush() : undefined)
      if (step !== undefined) return Effect.flatMap(step, () => this.queue(answered, at + 1) ?? Effect.void)
    }
    return undefined
  }

  /** Queues the replies of an answer that came later, or waits for it, with what is ready gone out before. */
  private acceptOutcome(
    outcome: Command.Outcome<Protocol.Tagged>,
    command: CommandTally | undefined
  ): Step<R> {
    if (!Command.isEffect(outcome)) return this.accept(outcome, command)
    return Effect.andThen(this.flush() ?? Effect.void, this.waitFor(outcome, command))
  }

  private tryAnswer(request: Protocol.Tagged): ReturnType<typeof this.answer> {
    try {
      return this.answer(request, this.context)
    } catch (defect) {
      return Effect.die(defect)
    }
  }

  private waitFor(
    answer: Effect.Effect<Protocol.Answer<Protocol.Tagged>, never, R>,
    command: CommandTally | undefined
  ): Effect.Effect<void, Socket.SocketError | Closed, R> {
    return Effect.suspend(() => {
      const since = performance.now()
      return Effect.onExitPrimitive(answer, () => {
        command?.took((performance.now() - since) / 1000)
        return undefined
      })
    }).pipe(
      Effect.matchCauseEffect({
        onSuccess: (answer) =>
          Effect.andThen(this.endPortions() ?? Effect.void, this.accept(answer, command) ?? Effect.void),
        onFailure: (cause) =>
          Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : this.die(cause, command)
      })
    )
  }

  private die(cause: Cause.Cause<unknown>, command: CommandTally | undefined) {
    this.portions.abandon()
    if (command !== undefined) command.outcomes.died++
    return Effect.andThen(
      Effect.logError("a command died", cause),
      Effect.suspend(() => {
        if (!this.portions.isOpen) return this.accept(this.protocol.onDefect, undefined) ?? Effect.void
        // Whatever is said now would be taken for more of the frame.
        this.closing = true
        return Effect.void
      })
    )
  }

  /** Ends the frame whose portions have been written. */
  private endPortions(): Step<R> {
    if (!this.portions.isOpen) return undefined
    const frame = this.portions.end()
    this.replies += this.protocol.framing.encode("")
    return this.observer()?.("sent", frame)
  }

  /** `accept` for a single reply. */
  private acceptOne(reply: Protocol.Tagged, command: CommandTally): Step<R> {
    if (this.begun.size > 0 || this.observer() !== undefined) return this.accept(reply, command)
    try {
      this.replies += this.protocol.framing.encode(this.protocol.encodeReply(reply))
    } catch {
      return this.accept(reply, command)
    }
    command.outcomes[this.protocol.isError(reply) ? "error" : "ok"]++
    return undefined
  }

  /** Queues the replies of an answer, of a command unless there is none to count it for. */
  private accept(answer: Protocol.Answer<Protocol.Tagged>, command: CommandTally | undefined): Step<R> {
    const closing = answer instanceof Protocol.Closing
    if (this.begun.size > 0) {
      this.begun.add(answer, command, this.request.frames)
      if (closing) this.closing = true
      return undefined
    }
    const frames: Array<string> = []
    let outcome: "ok" | "error" = "ok"
    try {
      for (const reply of closing ? answer.replies : Array.isArray(answer) ? answer : [answer]) {
        frames.push(this.protocol.encodeReply(reply))
        if (this.protocol.isError(reply)) outcome = "error"
      }
    } catch (error) {
      // The answer to a defect is the protocol's own constant: when even that cannot be said, nothing can.
      if (answer !== this.protocol.onDefect) return this.die(Cause.die(error), command)
      this.closing = true
    }
    if (command !== undefined) command.outcomes[outcome]++
    for (const frame of frames) this.replies += this.protocol.framing.encode(frame)
    if (closing) this.closing = true
    const observer = this.observer()
    return observer && Effect.forEach(frames, (frame) => observer("sent", frame), { discard: true })
  }

  private flush(): Effect.Effect<void, Socket.SocketError> | undefined {
    if (this.replies === "") return undefined
    const replies = this.replies
    this.replies = ""
    return this.send(replies)
  }

  private send(text: string): Effect.Effect<void, Socket.SocketError> | undefined {
    const sending = this.connection.send(text)
    if (sending === undefined) return undefined
    this.waitingSince = this.clock.currentTimeMillisUnsafe()
    return Effect.map(sending, () => {
      this.waitingSince = Number.POSITIVE_INFINITY
    })
  }
}

/** What is left to be waited for, if there is anything. */
type Step<R> = Effect.Effect<void, Socket.SocketError | Closed, R> | undefined

const noObserver = () => undefined
