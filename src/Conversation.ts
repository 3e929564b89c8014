/**
 * A conversation is what a server does with one connection: frames in, requests answered one after another, replies
 * out. `Server` makes one for each connection; a test may make one on any `Socket`.
 *
 * A batch (the frames that one read completed) is the unit of work. Framing, decoding and encoding are plain loops
 * over it; one Effect runs a command, one writes the joined replies.
 */
import { Cause, type Clock, type Context, Effect } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Socket } from "effect/socket"
import type * as Command from "./Command.ts"
import type * as Framing from "./Framing.ts"
import * as Protocol from "./Protocol.ts"

/** Sees the frames of a conversation as they come and go. */
export type Observer = (direction: "received" | "sent", frame: string) => Effect.Effect<void>

/** Since when a conversation has been waiting for its peer, in milliseconds of the Clock; never while it works. */
export interface Activity {
  waitingSince: number
}

/** Replies are written when this many characters of them are waiting, or when the batch is at its end. */
const writeSize = 65_536

/**
 * One conversation. `run` takes part in it until the input ends, the peer is gone, or an answer closes the
 * connection; it tells whether it was the last.
 */
export class Conversation<R> implements Activity {
  waitingSince: number
  private readonly protocol: Protocol.Any
  private readonly answer: Command.Handler<Protocol.Tagged, Protocol.Tagged, R>
  private readonly context: Context.Context<R>
  private readonly writer: Socket.Writer
  private readonly clock: Clock.Clock
  private readonly observer: () => Observer | undefined
  private readonly decoder: Framing.Decoder

  private frames: ReadonlyArray<Framing.Frame> = []
  private next = 0
  private replies = ""
  private closing = false

  constructor(options: {
    readonly protocol: Protocol.Any
    readonly framing: Framing.Framing
    readonly answer: Command.Handler<Protocol.Tagged, Protocol.Tagged, R>
    readonly context: Context.Context<R>
    readonly writer: Socket.Writer
    readonly clock: Clock.Clock
    readonly observer?: (() => Observer | undefined) | undefined
  }) {
    this.protocol = options.protocol
    this.answer = options.answer
    this.context = options.context
    this.writer = options.writer
    this.clock = options.clock
    this.observer = options.observer ?? noObserver
    this.decoder = options.framing.decoder()
    this.waitingSince = this.clock.currentTimeMillisUnsafe()
  }

  /** Takes part until the end; succeeds with whether an answer closed the connection. */
  run(pull: Effect.Effect<NonEmptyReadonlyArray<Uint8Array>, Socket.SocketError>): Effect.Effect<boolean> {
    const loop: Effect.Effect<boolean, Socket.SocketError, R> = Effect.flatMap(pull, (chunks) => {
      this.frames =
        chunks.length === 1
          ? this.decoder.push(chunks[0])
          : chunks.flatMap((chunk) => this.decoder.push(chunk))
      if (this.frames.length === 0) return loop
      this.next = 0
      this.waitingSince = Number.POSITIVE_INFINITY
      return Effect.flatMap(this.work(), () => {
        this.waitingSince = this.clock.currentTimeMillisUnsafe()
        return this.closing ? closed : loop
      })
    })
    return Effect.catchTag(loop, "SocketError", () => Effect.succeed(false)).pipe(
      Effect.provideContext(this.context)
    )
  }

  /** Answers the frames that are left of the batch, and writes the replies. */
  private work(): Effect.Effect<void, Socket.SocketError, R> {
    while (this.next < this.frames.length && !this.closing) {
      if (this.replies.length >= writeSize) return Effect.flatMap(this.flush(), this.resume)
      const frame = this.frames[this.next++]!
      const observer = this.observer()
      if (observer !== undefined && typeof frame === "string") {
        return Effect.flatMap(observer("received", frame), () => this.respond(frame) ?? this.work())
      }
      const responding = this.respond(frame)
      if (responding !== undefined) return responding
    }
    this.frames = []
    return this.flush()
  }

  private readonly resume = () => this.work()

  /** Answers one frame: at once where it is no request, else by the effect that is returned. */
  private respond(frame: Framing.Frame): Effect.Effect<void, Socket.SocketError, R> | undefined {
    if (typeof frame !== "string") return this.accept(this.protocol.onUnreadable(frame))
    const request: Protocol.Tagged | Protocol.Malformed = this.protocol.decodeRequest(frame)
    if (request instanceof Protocol.Malformed) return this.accept(this.protocol.onUnreadable(request))
    const answer = this.tryAnswer(request)
    return Effect.isEffect(answer) ? Effect.matchCauseEffect(answer, this.handlers) : this.accept(answer)
  }

  private tryAnswer(request: Protocol.Tagged): ReturnType<typeof this.answer> {
    try {
      return this.answer(request, this.context)
    } catch (defect) {
      return Effect.die(defect)
    }
  }

  private readonly handlers = {
    onSuccess: (answer: Protocol.Answer<Protocol.Tagged>) => this.accept(answer) ?? this.work(),
    onFailure: (cause: Cause.Cause<never>) =>
      Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : this.fail(cause)
  }

  private fail(cause: Cause.Cause<unknown>): Effect.Effect<void, Socket.SocketError, R> {
    return Effect.andThen(
      Effect.logError("a command died", cause),
      Effect.suspend(() => this.accept(this.protocol.onDefect) ?? this.work())
    )
  }

  /** Queues an answer; gives an effect only where there is something to do before the next request. */
  private accept(
    answer: Protocol.Answer<Protocol.Tagged>
  ): Effect.Effect<void, Socket.SocketError, R> | undefined {
    const closing = answer instanceof Protocol.Closing
    const frames: Array<string> = []
    try {
      for (const reply of closing ? answer.replies : Array.isArray(answer) ? answer : [answer]) {
        frames.push(this.protocol.encodeReply(reply))
      }
    } catch (error) {
      // The answer to a defect is the protocol's own constant: when even that cannot be said, nothing can.
      if (answer !== this.protocol.onDefect) return this.fail(Cause.die(error))
      this.closing = true
    }
    for (const frame of frames) this.replies += this.protocol.framing.encode(frame)
    if (closing) this.closing = true
    const observer = this.observer()
    return observer === undefined
      ? undefined
      : Effect.flatMap(
          Effect.forEach(frames, (frame) => observer("sent", frame), { discard: true }),
          this.resume
        )
  }

  private flush(): Effect.Effect<void, Socket.SocketError> {
    if (this.replies === "") return Effect.void
    const replies = this.replies
    this.replies = ""
    this.waitingSince = this.clock.currentTimeMillisUnsafe()
    return Effect.map(this.writer.write(replies), this.written)
  }

  private readonly written = () => {
    this.waitingSince = Number.POSITIVE_INFINITY
  }
}

const closed = Effect.succeed(true)

const noObserver = () => undefined
