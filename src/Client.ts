/**
 * A client speaks a protocol from the other side: requests out, replies in, both typed by the same definition that the
 * server runs on.
 *
 * ```ts
 * const client = yield* Client.make(Kv)
 * const replies = yield* client.send({ _tag: "get", key: "a" })
 * ```
 *
 * Requests may be sent from many fibers at once and without waiting for the answers before (pipelining): they go out
 * in the order of the calls, and answers are matched to them in that order. A reply is complete with the frame that
 * the protocol's `isLast` recognises. When the connection ends or cannot be understood any more, everything that waits
 * fails, and so does every later call; a client does not reconnect by itself.
 */
import { Cause, Deferred, Effect, Exit, Predicate, Schema, type Scope } from "effect"
import * as Socket from "effect/socket/Socket"
import { Malformed } from "./Protocol.ts"
import type * as Protocol from "./Protocol.ts"

/** The connection ended, or could not be made, before the answer had come. */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `the connection could not be made, or ended before the answer came: ${this.reason}`
  }

  /** Why, in the words of whoever noticed it: the system, TLS, or the socket. */
  get reason(): string {
    return rootOf(this.cause)
  }
}

/** What a socket's error says is how far it had got; why is in its causes. */
const rootOf = (cause: unknown): string => {
  const next = Socket.isSocketError(cause)
    ? cause.reason
    : Predicate.hasProperty(cause, "cause")
      ? cause.cause
      : undefined
  if (next !== undefined && next !== cause) return rootOf(next)
  return cause instanceof Error ? cause.message : String(cause)
}

/** The server sent what is no reply of this protocol; the connection is given up. */
export class UnreadableReply extends Schema.TaggedError<UnreadableReply>()("UnreadableReply", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the server sent what is no reply: ${this.problem}`
  }
}

/** The request is none of this protocol, such as text that no line can carry; nothing was sent. */
export class BadRequest extends Schema.TaggedError<BadRequest>()("BadRequest", {
  problem: Schema.String
}) {
  override get message(): string {
    return `not a request of this protocol: ${this.problem}`
  }
}

/** One connection to a server. */
export interface Client<in Request, out Reply> {
  /** Sends a request and waits for its answer: all its frames, in order. */
  readonly send: (
    request: Request
  ) => Effect.Effect<ReadonlyArray<Reply>, Disconnected | UnreadableReply | BadRequest>
  /** Waits, whether anything was sent or not, until nothing more can be: the connection has ended, and this is why. */
  readonly closed: Effect.Effect<Disconnected | UnreadableReply>
}

/** Connects through the `Socket` in the context, for as long as the scope lives. */
export const make = <P extends Protocol.Any>(
  protocol: P,
  options: {
    /** The longest frame of a reply in bytes; 64 MiB by default, whatever the longest frame of a request is. */
    readonly maxFrame?: number
  } = {}
): Effect.Effect<Client<Protocol.Request<P>, Protocol.Reply<P>>, Disconnected, Socket.Socket | Scope.Scope> =>
  Effect.gen(function* () {
    type Reply = Protocol.Reply<P>
    const socket = yield* Socket.Socket
    const pull = yield* Effect.mapError(Socket.readerBytes(socket), (cause) => new Disconnected({ cause }))
    const writer = yield* socket.writer
    const decoder = protocol.framing.withMaxLength(options.maxFrame ?? 67_108_864).decoder()

    const waiting: Array<Deferred.Deferred<ReadonlyArray<Reply>, Disconnected | UnreadableReply>> = []
    let ended: Disconnected | UnreadableReply | undefined
    const closed = Deferred.makeUnsafe<Disconnected | UnreadableReply>()
    let replies: Array<Reply> = []

    const end = (error: Disconnected | UnreadableReply) =>
      Effect.suspend(() => {
        ended ??= error
        Deferred.doneUnsafe(closed, Exit.succeed(ended))
        return Effect.forEach(waiting.splice(0), Deferred.fail(ended), { discard: true })
      })

    const receive = (chunk: Uint8Array): UnreadableReply | undefined => {
      for (const frame of decoder.push(chunk)) {
        if (typeof frame !== "string") return new UnreadableReply({ problem: `a frame was ${frame.reason}` })
        const reply: Reply | Malformed = protocol.decodeReply(frame)
        if (reply instanceof Malformed) return new UnreadableReply({ problem: reply.error.message })
        replies.push(reply)
        if (!protocol.isLast(reply)) continue
        const request = waiting.shift()
        if (request !== undefined) Deferred.doneUnsafe(request, Exit.succeed(replies))
        replies = []
      }
      return undefined
    }

    const listen: Effect.Effect<never, Disconnected | UnreadableReply> = Effect.flatMap(
      Effect.mapError(pull, (cause) => new Disconnected({ cause })),
      (chunks) => {
        for (const chunk of chunks) {
          const unreadable = receive(chunk)
          if (unreadable !== undefined) return Effect.fail(unreadable)
        }
        return listen
      }
    )
    yield* Effect.forkScoped(
      Effect.catchCause(listen, (cause) => {
        const error = Cause.squash(cause)
        return end(
          error instanceof Disconnected || error instanceof UnreadableReply
            ? error
            : new UnreadableReply({ problem: String(error) })
        )
      })
    )
    yield* Effect.addFinalizer(() => end(new Disconnected({ cause: new Error("the client was closed") })))

    const send = (request: Protocol.Request<P>) =>
      Effect.suspend((): Effect.Effect<ReadonlyArray<Reply>, Disconnected | UnreadableReply | BadRequest> => {
        if (ended !== undefined) return Effect.fail(ended)
        const frame = Schema.encodeUnknownExit(protocol.request)(request)
        if (Exit.isFailure(frame)) {
          return Effect.fail(new BadRequest({ problem: String(Cause.squash(frame.cause)) }))
        }
        const answer = Deferred.makeUnsafe<ReadonlyArray<Reply>, Disconnected | UnreadableReply>()
        waiting.push(answer)
        // Who gives up must not keep the request from being sent, or the answers would be taken for one another's.
        return writer.write(protocol.framing.encode(frame.value)).pipe(
          Effect.catch((cause) => end(new Disconnected({ cause }))),
          Effect.uninterruptible,
          Effect.andThen(Deferred.await(answer))
        )
      })

    return { send, closed: Deferred.await(closed) }
  })
