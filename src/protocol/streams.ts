/**
 * The Stream forms of a protocol: what is not a server or a client of this library (a recorded conversation, a file, a
 * serial line) reads and writes messages with these.
 *
 * ```ts
 * const sentences = NodeStream.fromReadable(...).pipe(Protocol.decodeRequests(Nmea))
 * ```
 */
import { Effect, Schema, Stream } from "effect"
import { toBytes } from "../framing/encoding.ts"
import type { Frame, Framing } from "../framing/frame.ts"
import { InvalidFrame } from "../framing/frame.ts"
import type { Malformed } from "../syntax/malformed.ts"
import type { InvalidRequest } from "./answers.ts"
import type { Any, Reply, Request } from "./definition.ts"

type Transform<A, B, E2 = never> = <E, R>(self: Stream.Stream<A, E, R>) => Stream.Stream<B, E | E2, R>

/** Bytes to requests, those of the grammar that a connection begins with. What is no request stands in its place. */
export const decodeRequests = <P extends Any>(
  protocol: P
): Transform<Uint8Array, Request<P> | InvalidRequest> =>
  decoding<Request<P>>(protocol.grammar.framing, protocol.decodeRequest)

/** Bytes to replies. What is no reply stands in its place. */
export const decodeReplies = <P extends Any>(protocol: P): Transform<Uint8Array, Reply<P> | InvalidRequest> =>
  decoding<Reply<P>>(protocol.replyFraming, protocol.decodeReply)

/** Requests to bytes, each in the grammar that its message belongs to. Fails at what is no request of the protocol. */
export const encodeRequests = <P extends Any>(
  protocol: P
): Transform<Request<P>, Uint8Array, Schema.SchemaError> =>
  encoding((request: Request<P>) => {
    const { encode, framing } = protocol.grammarOf(request)
    return toBytes(framing.encode(encode(request)), framing.charset)
  })

/** Replies to bytes. Fails at what is no reply of the protocol. */
export const encodeReplies = <P extends Any>(
  protocol: P
): Transform<Reply<P>, Uint8Array, Schema.SchemaError> =>
  encoding((reply: Reply<P>) =>
    toBytes(protocol.replyFraming.encode(protocol.encodeReply(reply)), protocol.replyFraming.charset)
  )

const decoding =
  <Message>(
    framing: Framing<Frame>,
    decode: (frame: Frame) => Message | Malformed
  ): Transform<Uint8Array, Message | InvalidRequest> =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) =>
    Stream.suspend(() => {
      const decoder = framing.decoder()
      const read = (frame: Frame | InvalidFrame) => (frame instanceof InvalidFrame ? frame : decode(frame))
      return Stream.concat(
        Stream.flatMap(bytes, (chunk) => Stream.fromIterable(decoder.push(chunk).map(read))),
        Stream.suspend(() => Stream.fromIterable(decoder.finish().map(read)))
      )
    })

const encoding =
  <Message>(encode: (message: Message) => Uint8Array): Transform<Message, Uint8Array, Schema.SchemaError> =>
  <E, R>(messages: Stream.Stream<Message, E, R>) =>
    Stream.mapEffect(messages, (message) =>
      Effect.suspend(() => {
        try {
          return Effect.succeed(encode(message))
        } catch (error) {
          return Schema.isSchemaError(error) ? Effect.fail(error) : Effect.die(error)
        }
      })
    )
