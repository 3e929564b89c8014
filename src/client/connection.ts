/** One connection of a client: a fiber that reads, a fiber that writes, and what they share. */
import { Cause, Deferred, Effect, Exit, Schema, Scope, Stream } from "effect"
import * as Socket from "effect/socket/Socket"
import * as Protocol from "../Protocol.ts"
import type { ConnectedOf, Options, SendOptions } from "./definition.ts"
import { dial } from "./dial.ts"
import {
  BadRequest,
  type CloseReason,
  Disconnected,
  type RequestError,
  RequestTimeout,
  UnreadableReply
} from "./errors.ts"
import { Outgoing } from "./Outgoing.ts"
import { DuplicateId, type Receiver, Replies } from "./Replies.ts"
import { Flow, StreamedReply } from "./StreamedReply.ts"

/** What happens on a connection. */
export interface Events<in Push> {
  /** Takes an unsolicited message; returns why the connection has to end where it cannot. */
  readonly onPush: (message: Push) => CloseReason | undefined
  /** The connection is over. It runs before what waits on the connection fails. */
  readonly onEnd: (reason: CloseReason) => void
}

/**
 * Connects through the `Socket` in the context, for as long as the scope lives. The socket is closed as soon as
 * the connection is over.
 */
export const connect = Effect.fnUntraced(function* <P extends Protocol.Any>(
  protocol: P,
  options: Options,
  events: Events<Protocol.Push<P>>
) {
  const socket = yield* Socket.Socket
  const scope = yield* Scope.fork(yield* Effect.scope)
  const { reader, writer } = yield* dial(socket).pipe(
    Scope.provide(scope),
    Effect.mapError((cause) => new Disconnected({ cause })),
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
  )
  const connection = new ClientConnection(protocol, options, events, reader, writer)
  yield* Effect.forkIn(connection.read, scope)
  yield* Effect.forkIn(connection.write, scope)
  yield* Effect.forkScoped(Effect.andThen(connection.release, Scope.close(scope, Exit.void)))
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => connection.end(new Disconnected({ cause: new Error("the client was closed") })))
  )
  return connection
})

/** How long the reader may take to find out why a write failed. */
const readTimeout = "1 second"

/**
 * The state of a connection. Once `reason` is there, nothing is pending, nothing is sent, and whatever still comes is
 * dropped.
 */
export class ClientConnection<P extends Protocol.Any> {
  /** Why the connection is over. */
  reason: CloseReason | undefined
  /** Whether the server has sent a frame that could be understood. */
  hasReceived = false

  private readonly protocol: P
  private readonly events: Events<Protocol.Push<P>>
  private readonly reader: Socket.Reader
  private readonly writer: Socket.Writer
  private readonly framing: Protocol.AnyGrammar["framing"]
  private decoder: ReturnType<Protocol.AnyGrammar["framing"]["decoder"]>
  private readonly replies: Replies<Protocol.Request<P>, Protocol.Reply<P>>
  private readonly outgoing: Outgoing
  private readonly flow = new Flow()
  private readonly closed = Deferred.makeUnsafe<CloseReason>()
  private readonly greeting = Deferred.makeUnsafe<ReadonlyArray<Protocol.Reply<P>>, CloseReason>()
  private isEncrypting = false

  constructor(
    protocol: P,
    { maxFrame = 67_108_864 }: Options,
    events: Events<Protocol.Push<P>>,
    reader: Socket.Reader,
    writer: Socket.Writer
  ) {
    this.protocol = protocol
    this.events = events
    this.reader = reader
    this.writer = writer
    this.framing = protocol.replyFraming.withMaxLength(maxFrame)
    this.decoder = this.framing.decoder()
    this.replies = new Replies(protocol)
    this.outgoing = new Outgoing(writer)
    if (protocol.greeting === undefined) Deferred.doneUnsafe(this.greeting, Exit.succeed([]))
    else this.replies.expectGreeting(collecting(this.greeting))
  }

  /** The client, with the stream of unsolicited messages that its owner keeps. */
  client<Lost>(pushes: Stream.Stream<Protocol.Push<P>, Lost>): ConnectedOf<P, Lost | CloseReason> {
    return {
      send: (request, options) => this.send(request, options),
      stream: (request, options) => this.stream(request, options),
      greeting: Deferred.await(this.greeting),
      pushes,
      startTls: (options) => this.startTls(options),
      closed: Deferred.await(this.closed)
    }
  }

  /** Ends the connection for this reason. A reply that ends with it is complete where the server has closed it. */
  end(reason: CloseReason, byServer = false): void {
    if (this.reason !== undefined) return
    this.reason = reason
    this.events.onEnd(reason)
    this.replies.close(reason, byServer)
    Deferred.doneUnsafe(this.closed, Exit.succeed(reason))
  }

  /** Waits until the connection is over, and drops what is still to be written where it cannot be understood any more. */
  get release(): Effect.Effect<void> {
    return Effect.flatMap(Deferred.await(this.closed), (reason) =>
      reason._tag === "Disconnected" ? Effect.void : Effect.ignore(this.writer.write(new Socket.CloseEvent()))
    )
  }

  /** Takes what comes, until the connection is over. */
  get read(): Effect.Effect<void> {
    return Effect.matchCause(this.listen, {
      onSuccess: () => {},
      onFailure: (cause) => this.inputEnded(cause)
    })
  }

  private get listen(): Effect.Effect<void, Socket.SocketError> {
    const listen: Effect.Effect<void, Socket.SocketError> = Effect.flatMap(this.reader.pull, (chunks) => {
      if (this.isEncrypting) this.end(new UnreadableReply({ problem: "something before the TLS handshake" }))
      for (const chunk of chunks) {
        this.takeAll(this.decoder.push(bytesOf(chunk)))
        if (this.reason !== undefined) return Effect.void
      }
      return Effect.andThen(this.flow.open, listen)
    })
    return listen
  }

  private inputEnded(cause: Cause.Cause<Socket.SocketError>): void {
    if (Cause.hasInterruptsOnly(cause)) return
    const error = Cause.squash(cause)
    if (!Socket.isSocketError(error)) return this.end(new UnreadableReply({ problem: String(error) }))
    const byServer = isEndOfInput(error)
    // What a broken connection leaves is no frame.
    if (byServer) this.takeAll(this.decoder.finish())
    this.end(new Disconnected({ cause: error }), byServer)
  }

  private takeAll(frames: ReadonlyArray<Protocol.Frame | Protocol.InvalidFrame>): void {
    for (const frame of frames) {
      if (this.reason !== undefined) return
      const reason = this.take(frame)
      if (reason !== undefined) this.end(reason)
    }
  }

  /** Takes a frame; returns why the connection has to end. */
  private take(frame: Protocol.Frame | Protocol.InvalidFrame): CloseReason | undefined {
    if (frame instanceof Protocol.InvalidFrame) return new UnreadableReply({ problem: problemOf(frame) })
    const reply: Protocol.Reply<P> | Protocol.Malformed = this.protocol.decodeReply(frame)
    if (reply instanceof Protocol.Malformed) return new UnreadableReply({ problem: reply.error.message })
    const outcome = this.replies.receive(reply)
    if (outcome._tag === "Unexpected") return outcome.error
    this.hasReceived = true
    return outcome._tag === "Push" ? this.events.onPush(outcome.message) : undefined
  }

  /** Writes requests, until the connection is over. */
  get write(): Effect.Effect<void> {
    return Effect.matchCauseEffect(this.outgoing.run, {
      onSuccess: () => Effect.void,
      onFailure: (cause) => {
        const end = Effect.sync(() => this.end(new Disconnected({ cause: Cause.squash(cause) })))
        // The last replies may still be on their way.
        return Socket.isSocketError(Cause.squash(cause))
          ? Effect.andThen(Effect.sleep(readTimeout), end)
          : end
      }
    })
  }

  /** Queues a request, or says why it cannot be sent. Nothing can come between the request and its place in the order. */
  private begin(
    request: Protocol.Request<P>,
    receiver: Receiver<Protocol.Reply<P>>,
    body: SendOptions["body"]
  ): Effect.Effect<void, RequestError> {
    return Effect.suspend((): Effect.Effect<void, RequestError> => {
      if (this.reason !== undefined) return Effect.fail(this.reason)
      try {
        const { encode, framing } = this.protocol.grammarOf(request)
        const frame: Protocol.Frame = encode(request)
        const content =
          body === undefined
            ? { text: framing.encode(frame), charset: framing.charset }
            : { framing, head: frame, body }
        this.outgoing.push(content, this.replies.expect(request, receiver))
        return Effect.void
      } catch (error) {
        return Schema.isSchemaError(error) || error instanceof DuplicateId
          ? Effect.fail(new BadRequest({ problem: error.message }))
          : Effect.die(error)
      }
    })
  }

  private send(
    request: Protocol.Request<P>,
    { body, timeout }: SendOptions = {}
  ): Effect.Effect<ReadonlyArray<Protocol.Reply<P>>, RequestError> {
    return Effect.suspend(() => {
      const answer = Deferred.makeUnsafe<ReadonlyArray<Protocol.Reply<P>>, CloseReason>()
      const sent = Effect.andThen(this.begin(request, collecting(answer), body), Deferred.await(answer))
      return timeout === undefined
        ? sent
        : Effect.timeoutOrElse(sent, {
            duration: timeout,
            orElse: () => Effect.fail(new RequestTimeout({ request: request._tag }))
          })
    })
  }

  private stream(
    request: Protocol.Request<P>,
    { body, timeout }: SendOptions = {}
  ): Stream.Stream<Protocol.Reply<P>, RequestError> {
    const frames = Stream.unwrap(
      Effect.suspend(() => {
        const reply = new StreamedReply<Protocol.Reply<P>>(this.flow)
        return Effect.acquireRelease(Effect.as(this.begin(request, reply, body), reply.frames), () =>
          Effect.sync(() => reply.abandon())
        )
      })
    )
    return timeout === undefined
      ? frames
      : Stream.timeoutOrElse(frames, {
          duration: timeout,
          orElse: () => Stream.fail(new RequestTimeout({ request: request._tag }))
        })
  }

  private startTls(options?: Socket.TlsUpgradeOptions): Effect.Effect<void, CloseReason> {
    return Effect.suspend(() => {
      if (this.reason !== undefined) return Effect.fail(this.reason)
      if (!this.replies.isIdle) return Effect.die(new Error("startTls: answers are missing"))
      this.isEncrypting = true
      return Effect.matchEffect(this.reader.upgrade(options), {
        onSuccess: () => {
          // A frame must not begin before the handshake and end behind it.
          this.decoder = this.framing.decoder()
          this.isEncrypting = false
          return this.reason === undefined ? Effect.void : Effect.fail(this.reason)
        },
        onFailure: (cause) => {
          this.end(new Disconnected({ cause }))
          return Effect.fail(this.reason ?? new Disconnected({ cause }))
        }
      })
    })
  }
}

/** Collects the frames of a reply. */
const collecting = <Reply>(answer: Deferred.Deferred<ReadonlyArray<Reply>, CloseReason>): Receiver<Reply> => {
  const frames: Array<Reply> = []
  return {
    frame: (reply) => void frames.push(reply),
    end: () => void Deferred.doneUnsafe(answer, Exit.succeed(frames)),
    fail: (reason) => void Deferred.doneUnsafe(answer, Exit.fail(reason))
  }
}

const isEndOfInput = ({ reason }: Socket.SocketError): boolean =>
  reason._tag === "SocketCloseError" && reason.code === 1000

const problemOf = ({ maxLength, problem, reason }: Protocol.InvalidFrame): string =>
  reason === "TooLong"
    ? `a frame of more than ${maxLength} bytes (TooLong)`
    : `a frame that is not valid (${problem ?? reason})`

const utf8 = new TextEncoder()

const bytesOf = (chunk: string | Uint8Array): Uint8Array =>
  typeof chunk === "string" ? utf8.encode(chunk) : chunk
