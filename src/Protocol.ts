/**
 * A protocol is the one definition from which everything else is made: the server, the typed client, the properties
 * that tests check. It is pure data: a name, a framing, the codec of its requests, the codec of its replies, and what
 * a peer is answered that cannot be understood.
 *
 * ```ts
 * const Echo = Protocol.make({
 *   name: "echo",
 *   framing: Framing.lines({ maxLength: 1024, escape: "\\" }),
 *   request: Syntax.words([Say, Quit]),
 *   reply: Syntax.words([Said, Failed]),
 *   onUnreadable: Protocol.closing({ _tag: "failed", reason: "syntax" }),
 *   onDefect: { _tag: "failed", reason: "internal" }
 * })
 * ```
 *
 * Pure: imports only `effect`, so that codecs run wherever JavaScript does.
 */
import { Data, type Schema } from "effect"
import type * as Framing from "./Framing.ts"
import { type Codec, fromSchema } from "./syntax/codec.ts"
import type { Malformed } from "./syntax/malformed.ts"

export { Malformed, type MalformedReason } from "./syntax/malformed.ts"

/** What every request and every reply has: the tag that its message has. */
export interface Tagged {
  readonly _tag: string
}

/**
 * The definition of a protocol. Make one with `make`.
 */
export interface Protocol<
  out Name extends string,
  in out Request extends Tagged,
  in out Reply extends Tagged
> {
  /** The protocol's name, in log lines and on the command line. */
  readonly name: Name
  readonly framing: Framing.Framing
  /** A request and its frame. */
  readonly request: Codec<Request>
  /** One frame of a reply: a reply may be of several. */
  readonly reply: Codec<Reply>
  /** Whether this frame is the last of its reply: by it a client knows that its request has been answered. */
  readonly isLast: (reply: Reply) => boolean
  /** Whether this frame tells that its request was refused or failed. */
  readonly isError: (reply: Reply) => boolean
  /** The answer to a frame that is no request; `at` is when it came, in milliseconds since 1970. */
  readonly onUnreadable: (problem: Unreadable, at: number) => Answer<Reply>
  /** The answer to a request whose handler died; the cause is logged. */
  readonly onDefect: Answer<Reply>
  readonly decodeRequest: (frame: string) => Request | Malformed
  readonly decodeReply: (frame: string) => Reply | Malformed
  /** Throws a `SchemaError` for what is no request of this protocol. */
  readonly encodeRequest: (request: Request) => string
  /** Throws a `SchemaError` for what is no reply of this protocol. */
  readonly encodeReply: (reply: Reply) => string
}

/** Any protocol. */
// oxlint-disable-next-line typescript/no-explicit-any -- `any` is what stands for every invariant parameter
export type Any = Protocol<string, any, any>

/** The requests of a protocol. */
export type Request<P extends Any> = P["request"]["Type"]

/** The replies of a protocol. */
export type Reply<P extends Any> = P["reply"]["Type"]

/**
 * What a request is answered: one frame, several, none at all (an empty array), or any of these and then the end of
 * the connection (`closing`).
 */
export type Answer<Reply> = Reply | ReadonlyArray<Reply> | Closing<Reply>

/** The frames to send before the connection closes; what the peer sent after the request is not read any more. */
export class Closing<out Reply> extends Data.TaggedClass("Closing")<{
  readonly replies: ReadonlyArray<unknown>
}> {
  declare readonly replies: ReadonlyArray<Reply>
}

/** Answers with these frames and closes the connection. */
export const closing = <const Reply>(...replies: ReadonlyArray<Reply>): Closing<Reply> =>
  new Closing<Reply>({ replies })

/**
 * The answer to a frame that is no request, for a protocol in which only one over the limit ends the connection: what is
 * longer is not kept, and nobody reads megabytes to their end for the sake of a line.
 */
export const closingIfTooLong = <Reply>(problem: Unreadable, reply: Reply): Answer<Reply> =>
  problem._tag === "InvalidFrame" && problem.reason === "TooLong" ? closing(reply) : reply

/** A frame that is no request: the framing could not read it, or it is not in the grammar of the requests. */
export type Unreadable = Framing.InvalidFrame | Malformed

/**
 * Defines a protocol.
 *
 * **Details**
 *
 * `onUnreadable` is an answer, or tells one by what is wrong with the frame, and when it came. `isLast` is true of every
 * frame unless given: a protocol whose replies span frames says which is the last. `isError` is true of none unless
 * given.
 */
export const make = <
  const Name extends string,
  RequestCodec extends Schema.Codec<Tagged, string>,
  ReplyCodec extends Schema.Codec<Tagged, string>
>(definition: {
  readonly name: Name
  readonly framing: Framing.Framing
  readonly request: RequestCodec
  readonly reply: ReplyCodec
  readonly isLast?: (reply: ReplyCodec["Type"]) => boolean
  readonly isError?: (reply: ReplyCodec["Type"]) => boolean
  readonly onUnreadable:
    | Answer<ReplyCodec["Type"]>
    | ((problem: Unreadable, at: number) => Answer<ReplyCodec["Type"]>)
  readonly onDefect: Answer<ReplyCodec["Type"]>
}): Protocol<Name, RequestCodec["Type"], ReplyCodec["Type"]> => {
  const request = fromSchema<RequestCodec["Type"], string>(definition.request)
  const reply = fromSchema<ReplyCodec["Type"], string>(definition.reply)
  const { onUnreadable } = definition
  return {
    isLast: () => true,
    isError: () => false,
    ...definition,
    onUnreadable: typeof onUnreadable === "function" ? onUnreadable : () => onUnreadable,
    request,
    reply,
    decodeRequest: request.decodeFrame,
    decodeReply: reply.decodeFrame,
    encodeRequest: request.encodeFrame,
    encodeReply: reply.encodeFrame
  }
}
