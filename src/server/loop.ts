/**
 * One connection of a server: a fiber that runs one loop over the transport.
 *
 * A batch, the frames that one chunk completes, is answered in a plain loop (`Responder`), and its replies are written at
 * once. A chunk whose frames are all answered at once is handled inside the transport's read callback; the fiber is
 * resumed only when something has to be waited for: a handler's Effect or Stream, a peer that does not take its replies,
 * the turn of other connections.
 */
import { type Context, Effect, Exit } from "effect"
import type * as Socket from "effect/socket/Socket"
import type * as Protocol from "../Protocol.ts"
import type { Reader, Transport } from "../Transport.ts"
import type { Activity } from "./Activity.ts"
import { FrameSource } from "./FrameSource.ts"
import type { AnyConnection, Surroundings } from "./Connection.ts"
import { linger } from "./linger.ts"
import { Output } from "./Output.ts"
import type { RequestCount } from "./RequestId.ts"
import { Responder } from "./Responder.ts"
import type { ServerRuntime } from "./ServerRuntime.ts"
import * as State from "./state.ts"
import { UnsolicitedSender } from "./UnsolicitedSender.ts"
import { AbandonableWait, type Wait } from "./Wait.ts"

/** Replies are written when this many characters of them are waiting, or when the batch is at its end. */
const writeSize = 65_536

export class ConnectionLoop<in out R> implements Activity, Surroundings, Reader {
  waitingSince = Number.POSITIVE_INFINITY
  readonly transport: Transport
  readonly request: RequestCount
  readonly peer: { readonly address: string }
  isEncrypted: boolean

  private readonly server: ServerRuntime<R>
  private readonly input: FrameSource
  private readonly responder: Responder<R>
  private wantsTls = false
  /** Resumes the fiber where it waits for input. */
  private resume: ((wait: Wait) => void) | undefined
  /** Resumes the fiber where it waits for a reply to be finished. */
  private resumeProgress: ((wait: Wait) => void) | undefined
  private isNotified = false
  private readonly output: Output
  /** Made for the first unsolicited message, because most connections have none. */
  private sender: UnsolicitedSender | undefined
  /** The production that the loop waits for; made for the first one. */
  private producing: AbandonableWait | undefined
  isOver = false

  constructor(options: {
    readonly server: ServerRuntime<R>
    readonly transport: Transport
    readonly peer: Surroundings["peer"]
    readonly request: RequestCount
    readonly context: Context.Context<R>
  }) {
    const { context, peer, request, server, transport } = options
    this.server = server
    this.transport = transport
    this.peer = peer
    this.request = request
    this.isEncrypted = transport.isEncrypted
    this.input = new FrameSource(server.grammar.framing, server.protocol.modes.size > 0)
    this.responder = new Responder(server, context, this)
    this.output = new Output(server, transport, this.responder, this)
  }

  /** The life of the connection with this session, from its greeting to its last reply. */
  run(session: Context.Context<R>): Effect.Effect<void, Socket.SocketError> {
    this.responder.begin(session)
    return this.proceed()
  }

  /** Goes from one wait to the next until nothing is left to do. */
  private proceed(): Effect.Effect<void, Socket.SocketError> {
    const wait = this.advance() ?? (this.phase === "open" ? this.arrival : undefined)
    if (wait !== undefined) return Effect.flatMap(wait, () => this.proceed())
    this.stop()
    const ended = Effect.suspend(() => this.finish(Exit.void))
    return this.phase === "closing" ? Effect.andThen(linger(this.transport), ended) : ended
  }

  /** Takes nothing more, and sends nothing more. */
  private stop(): void {
    this.isOver = true
    this.leave()
    this.sender?.resume()
  }

  /** Waits for the handlers that are at work behind the last reply; interrupts them with the connection. */
  finish(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    this.stop()
    return this.responder.endRunning(exit)
  }

  /** Goes on as far as nothing has to be waited for; returns what has to be, or nothing where that is input. */
  private advance(): Wait | undefined {
    const { metrics } = this.server
    const { replies } = this.responder
    metrics.beginStretch()
    const wait = this.answer() ?? this.output.flush() ?? this.production
    metrics.endStretch()
    if (wait !== undefined) return wait
    return replies.size > 0 && (this.phase !== "open" || !this.responder.mayTake())
      ? this.progress
      : undefined
  }

  /** Answers frames until there are none, or something has to be waited for first. */
  private answer(): Wait | undefined {
    const { responder } = this
    while (responder.mayTake()) {
      if (this.wantsTls && this.phase !== "closing")
        return responder.replies.size > 0 ? this.progress : this.encryption
      if (responder.replies.text.length >= writeSize) {
        const wait = this.output.flush()
        if (wait !== undefined) return wait
      }
      if (this.server.turn.isOver()) return Effect.yieldNow
      if (this.phase === "closing") this.input.clear()
      const frame = this.input.shift()
      if (frame === undefined) return undefined
      const wait = responder.take(frame)
      if (wait !== undefined) return wait
    }
    return undefined
  }

  /** Takes a chunk in the transport's read callback: the fast path. */
  chunk(chunk: Uint8Array): void {
    try {
      const hasFrames = this.input.push(chunk)
      const wait = hasFrames ? this.advance() : undefined
      if (wait !== undefined) this.wake(wait)
      else if (this.phase !== "open") this.wake(Effect.void)
      else if (!hasFrames && this.server.turn.isOver(chunk.length)) this.wake(Effect.yieldNow)
      else if (hasFrames) this.rest()
    } catch (defect) {
      this.wake(Effect.die(defect))
    }
  }

  /** Takes the end of the input. */
  end(byPeer: boolean): void {
    if (byPeer) this.input.end()
    this.responder.state = State.ended(this.responder.state)
    this.wake(Effect.void)
  }

  /** Suspends the fiber until the input leaves something to be waited for, or ends; `finish` cleans up behind it. */
  private get arrival(): Wait {
    return Effect.callback((resume) => {
      this.resume = resume
      this.rest()
      this.transport.resume(this)
    })
  }

  /** Resumes the fiber where it waits for input, with what it has to wait for first. */
  private wake(wait: Wait): void {
    const { resume } = this
    if (resume === undefined) return
    this.leave()
    // A peer that does not take what was written is waited for since then.
    if (!this.output.isDraining) this.waitingSince = Number.POSITIVE_INFINITY
    resume(wait)
  }

  /** Takes no more input. */
  private leave(): void {
    if (this.resume === undefined) return
    this.resume = undefined
    this.transport.pause()
  }

  /** From here on the connection is idle, unless handlers are at work. */
  private rest(): void {
    if (!this.server.watchesIdle) return
    this.waitingSince =
      this.responder.replies.size > 0 ? Number.POSITIVE_INFINITY : this.server.clock.currentTimeMillisUnsafe()
  }

  /** Suspends the fiber until a reply is finished. */
  private get progress(): Wait {
    return Effect.callback((resume) => {
      this.resumeProgress = resume
    })
  }

  /** What is to be produced next, for as long as the connection is there. */
  private get production(): Wait | undefined {
    const { production } = this.responder.replies
    if (production === undefined) return undefined
    this.producing ??= new AbandonableWait()
    return this.producing.run(production, (wait) => this.responder.fork(wait))
  }

  /** Goes on when all replies that are finished in this turn are there, so that they are written at once. */
  notify(): void {
    if (this.isNotified) return
    this.isNotified = true
    queueMicrotask(() => {
      this.isNotified = false
      const { resumeProgress } = this
      this.resumeProgress = undefined
      if (resumeProgress !== undefined) return resumeProgress(Effect.void)
      if (this.resume === undefined) return this.output.flushBeside()
      const wait = this.advance()
      if (wait !== undefined) this.wake(wait)
      else if (this.phase !== "open") this.wake(Effect.void)
      else this.rest()
    })
  }

  get written(): Wait {
    return this.output.written
  }

  get destroy(): Effect.Effect<void> {
    return Effect.andThen(
      this.transport.destroy,
      Effect.sync(() => this.producing?.abandon?.())
    )
  }

  /** The peer has taken what was written. */
  onWritten(): void {
    this.sender?.resume()
  }

  onLost(): void {
    this.producing?.abandon?.()
  }

  private get phase(): State.ConnectionState["phase"] {
    return this.responder.state.phase
  }

  // What sessions and handlers may do with the connection.

  get connection(): AnyConnection {
    return this.responder.connection(undefined)
  }

  offer(message: Protocol.Tagged): boolean {
    return this.unsolicited.offer(message)
  }

  send(message: Protocol.Tagged): Effect.Effect<void> {
    return this.unsolicited.send(message)
  }

  private get unsolicited(): UnsolicitedSender {
    return (this.sender ??= new UnsolicitedSender(this.responder, this.server.maxPushed, this))
  }

  get mode(): string | undefined {
    return this.responder.state.grammar.mode
  }

  setMode(mode: string | undefined): void {
    const { grammar, protocol } = this.server
    const next = mode === undefined ? grammar : protocol.modes.get(mode)
    if (next === undefined) throw new Error(`the protocol ${protocol.name} has no mode ${mode}`)
    this.responder.state = State.inMode(this.responder.state, next)
    this.input.switchTo(next.framing)
  }

  get canStartTls(): boolean {
    return this.transport.startTls !== undefined && !this.isEncrypted
  }

  startTls(): void {
    if (!this.canStartTls)
      throw new Error("the connection cannot be encrypted: its endpoint has no certificates")
    this.wantsTls = true
  }

  /** Discards what came before the handshake: it was not encrypted, and is not to be taken for what is. */
  private get encryption(): Wait {
    return Effect.suspend(() => {
      const wait = this.output.flush()
      if (wait !== undefined) return wait
      this.wantsTls = false
      this.input.clear()
      this.input.switchTo(this.responder.state.grammar.framing)
      return Effect.map(this.transport.startTls ?? Effect.void, () => {
        this.isEncrypted = true
      })
    })
  }

  closeAfterReplies(): void {
    this.responder.state = State.closing(this.responder.state)
    this.notify()
  }

  disconnect(): void {
    this.responder.state = State.closing(this.responder.state)
    this.isOver = true
    this.responder.fork(this.destroy)
  }
}
