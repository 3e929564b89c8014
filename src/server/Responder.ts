/**
 * Answers the frames of one connection: performs what `state.ts` decides, calls the handlers, and puts what they answer into
 * the reply queue. It neither reads nor writes.
 *
 * Every Effect that a handler answers with runs in a fiber of its own, started in the order of the requests. One that
 * ends without waiting is answered at once. Behind one that waits, the next frame is taken only if its command is
 * `concurrent`.
 */
import { Context, Effect, Exit, Fiber } from "effect"
import * as Command from "../command/definition.ts"
import * as Protocol from "../Protocol.ts"
import { AnswerEncoder, type Origin } from "./AnswerEncoder.ts"
import type { LoadedCommand } from "./CommandCache.ts"
import { type AnyConnection, SessionConnection, type Surroundings } from "./Connection.ts"
import { produce, productionIn } from "./production.ts"
import { type Place, ReplyQueue } from "./ReplyQueue.ts"
import type { CommandMetrics } from "./ServerMetrics.ts"
import type { ServerRuntime } from "./ServerRuntime.ts"
import * as State from "./state.ts"
import * as Tracing from "./tracing.ts"
import type { Wait } from "./Wait.ts"

type Answer = Protocol.Answer<Protocol.Tagged>
type Production<R> = Command.Production<Protocol.Tagged, R>
type Answering<R> = Command.Answering<Protocol.Tagged, R>

/** The most replies of one connection that may be unfinished. */
const maxPending = 512

export class Responder<in out R> {
  readonly replies = new ReplyQueue()
  state: State.ConnectionState

  private readonly server: ServerRuntime<R>
  private readonly loop: Surroundings
  private readonly encoder: AnswerEncoder<R>
  private view: SessionConnection | undefined
  /** The handlers' Effects that have not ended. */
  private running: Set<Fiber.Fiber<Answer | Production<R>>> | undefined
  /** Whether the reply that is unfinished is that of a command which no other request may overtake. */
  private isExclusive = false
  /** Starts such a command, which waits for replies that are unfinished. */
  private deferred: (() => void) | undefined

  constructor(server: ServerRuntime<R>, context: Context.Context<R>, loop: Surroundings) {
    this.server = server
    this.encoder = new AnswerEncoder(server, context, loop.request)
    this.loop = loop
    this.state = State.initial(server.grammar)
  }

  /** Adds the session, and begins with the greeting. */
  begin(session: Context.Context<R>): void {
    this.encoder.provide(session)
    this.attempt(() => this.server.greeting(this.connection(undefined)), this.origin())
  }

  /** Whether the next frame may be taken, now that as many replies are finished as there are. */
  mayTake(): boolean {
    if (this.replies.size === 0) {
      const { deferred } = this
      this.deferred = undefined
      this.isExclusive = false
      // Of the requests behind the one that closes the connection, none is answered.
      if (this.state.phase !== "closing") deferred?.()
    }
    return this.replies.size < maxPending && !this.isExclusive && this.deferred === undefined
  }

  /** Answers a frame, or begins to; returns what has to be waited for before that. */
  take(frame: Protocol.Frame | Protocol.InvalidFrame): Wait | undefined {
    const next = State.step(this.state, frame)
    this.state = next.state
    this.loop.request.frames = next.state.frames
    if (!(frame instanceof Protocol.InvalidFrame)) this.encoder.observe("received", frame)
    switch (next._tag) {
      case "Call": {
        const { request } = next
        const command = this.server.commands.find(request._tag)
        if (command !== undefined) {
          this.call(command, request)
          return undefined
        }
        return Effect.matchCauseEffect(this.server.commands.load(request._tag), {
          onSuccess: (command) => this.unlessClosing(() => this.call(command, request)),
          onFailure: (cause) =>
            this.unlessClosing(() => this.accept(Exit.failCause(cause), this.origin(request)))
        })
      }
      case "Reject": {
        this.server.metrics.invalid++
        const at = this.server.clock.currentTimeMillisUnsafe()
        this.attempt(() => this.server.onInvalid(next.problem, this.connection(undefined), at), this.origin())
        return undefined
      }
      case "Fail":
        this.accept(Exit.die(next.defect), this.origin())
        return undefined
      case "Discard":
        return undefined
    }
  }

  /** An answer before this one may have closed the connection meanwhile. */
  private unlessClosing(answer: () => void): Effect.Effect<void> {
    return Effect.sync(() => this.state.phase === "closing" || answer())
  }

  private call(command: LoadedCommand, request: Protocol.Tagged): void {
    const metrics = (command.metrics ??= this.server.metrics.of(request._tag))
    let answering: Answering<R>
    try {
      answering =
        this.server.sampling > 0 && Math.random() < this.server.sampling
          ? Tracing.request(this.server.protocol.name, request._tag, this.loop, () =>
              this.run(command, request)
            )
          : this.run(command, request)
    } catch (defect) {
      this.server.metrics.answered(metrics)
      return this.accept(Exit.die(defect), this.origin(request, command))
    }
    // As most answers are: there is nothing to tell apart, and nothing to allocate.
    const isPlain = this.server.isSilent === undefined && this.server.observer() === undefined
    if (isPlain && Command.isReply(answering) && this.push(answering, metrics)) return
    this.dispatch(answering, this.origin(request, command))
  }

  private run({ handler, session }: LoadedCommand, request: Protocol.Tagged): Answering<R> {
    return handler(request, this.connection(session))
  }

  /** Finishes a single reply; false where it is none that the protocol can say. */
  private push(reply: Protocol.Tagged, metrics: CommandMetrics): boolean {
    const { protocol } = this.server
    let text: string
    let isError: boolean
    try {
      text = protocol.replyFraming.encode(protocol.encodeReply(reply))
      isError = protocol.isError(reply)
    } catch {
      return false
    }
    this.replies.push(text)
    metrics.outcomes[isError ? "error" : "ok"]++
    this.server.metrics.answered(metrics)
    return true
  }

  private attempt(answer: () => Answering<R>, origin: Origin): void {
    let answering: Answering<R>
    try {
      answering = answer()
    } catch (defect) {
      return this.accept(Exit.die(defect), origin)
    }
    this.dispatch(answering, origin)
  }

  private dispatch(answering: Answering<R>, origin: Origin): void {
    if (Command.isStream(answering)) return this.reserve(answering, origin)
    if (!Command.isEffect(answering)) {
      if (origin.metrics !== undefined) this.server.metrics.answered(origin.metrics)
      return this.accept(Exit.succeed(answering), origin)
    }
    if (this.replies.size === 0 || origin.command?.isConcurrent === true) return this.start(answering, origin)
    this.deferred = () => this.start(answering, origin)
  }

  private start(effect: Effect.Effect<Answer | Production<R>, never, R>, origin: Origin): void {
    const { command, metrics } = origin
    const since = performance.now()
    command?.enter()
    const fiber = Effect.runForkWith(this.encoder.contextOf(origin))(effect)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) {
      const seconds = (performance.now() - since) / 1000
      command?.leave()
      const production = productionIn(exit)
      if (production !== undefined) return this.reserve(production, origin, seconds)
      metrics?.took(seconds)
      return this.accept(exit, origin)
    }
    const place = this.replies.reserve()
    this.running ??= new Set()
    this.running.add(fiber)
    if (command?.isConcurrent !== true) this.isExclusive = true
    fiber.addObserver((exit) => {
      this.running?.delete(fiber)
      command?.leave()
      const seconds = (performance.now() - since) / 1000
      const production = productionIn(exit)
      if (production !== undefined) this.fill(place, production, origin, seconds)
      else {
        metrics?.took(seconds)
        const output = this.encoder.encode(exit, origin, this.state)
        place.closes = output.state !== this.state
        this.replies.finish(place, output.text, origin.isCorrelated && !place.closes)
        this.release()
      }
      this.loop.notify()
    })
  }

  private reserve(production: Production<R>, origin: Origin, seconds = 0): void {
    if (origin.command?.isConcurrent !== true) this.isExclusive = true
    this.fill(this.replies.reserve(), production, origin, seconds)
  }

  /** Has a reply produced in its place, when all before it is written. `before` is how many seconds it took to find out that it is long. */
  private fill(place: Place, production: Production<R>, origin: Origin, before: number): void {
    // What the command has acquired is kept until the Stream has ended, or never will begin.
    origin.command?.enter()
    place.onEnd = () => origin.command?.leave()
    place.production = produce(production, {
      protocol: this.server.protocol,
      budget: this.server.budget,
      owner: this.loop,
      replies: this.replies,
      isSilent: origin.isSilent,
      written: this.loop.written,
      append: (answer) => this.append(place, this.encoder.encodePart(answer, origin, this.state)),
      completed: (frame) => this.encoder.observe("sent", frame),
      isObserved: () => this.server.observer() !== undefined,
      finish: (exit, seconds) => {
        place.end()
        origin.metrics?.took(before + seconds)
        this.endProduction(place, exit, origin)
        place.text = ""
        this.release()
      }
    }).pipe(Effect.provideContext(this.encoder.contextOf(origin)))
  }

  private append(place: Place, output: State.Output): void {
    place.closes ||= output.state !== this.state
    this.state = output.state
    this.replies.append(output.text)
  }

  private endProduction(place: Place, exit: Exit.Exit<void>, origin: Origin): void {
    if (Exit.isSuccess(exit)) {
      if (origin.metrics !== undefined) origin.metrics.outcomes.ok++
      return
    }
    // Inside of a frame, whatever is said would be taken for more of it.
    if (this.replies.insideFrame) {
      this.encoder.died(exit.cause, origin)
      place.closes = true
      this.state = State.closing(this.state)
    } else this.append(place, this.encoder.encode(exit, origin, this.state))
  }

  /** Finishes an answer behind all others. */
  private accept(exit: Exit.Exit<Answer | Production<R>>, origin: Origin): void {
    const output = this.encoder.encode(exit, origin, this.state)
    if (origin.isCorrelated && output.state === this.state) this.replies.pushUnsolicited(output.text)
    else this.replies.push(output.text)
    this.state = output.state
  }

  /** Moves what is finished at the front to what may be written. */
  private release(): void {
    if (this.replies.release()) this.state = State.closing(this.state)
  }

  /** Adds a message that answers no request. Throws where it is none that the protocol can say. */
  pushUnsolicited(message: Protocol.Tagged): void {
    this.replies.pushUnsolicited(this.encoder.unsolicited(message))
  }

  private origin(request?: Protocol.Tagged, command?: LoadedCommand): Origin {
    return this.encoder.origin(this.state, request, command)
  }

  /** Runs an effect beside the loop, in the context of the connection. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    return Effect.runForkWith(this.encoder.context)(effect)
  }

  /** The connection as a handler of this session sees it. */
  connection(session: LoadedCommand["session"]): AnyConnection {
    if (this.view === undefined || this.view.key !== session) {
      this.view = new SessionConnection(
        this.loop,
        session,
        session === undefined ? undefined : Context.getUnsafe(this.encoder.context, session)
      )
    }
    return this.view
  }

  /** Waits for the Effects that have begun, or interrupts them when the connection is interrupted. */
  endRunning(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const { running } = this
    this.replies.abandon()
    if (running === undefined || running.size === 0) return Effect.void
    return Exit.hasInterrupts(exit) ? Fiber.interruptAll(running) : Effect.asVoid(Fiber.awaitAll(running))
  }
}
