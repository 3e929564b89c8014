/** The type of a protocol's definition. */
import type { Schema } from "effect"
import type { Frame, Framing } from "../framing/frame.ts"
import type { Malformed } from "../syntax/malformed.ts"
import type { Answer, InvalidRequest } from "./answers.ts"

/** What every request and every reply has: the tag of its message. */
export interface Tagged {
  readonly _tag: string
}

/** The reply of a protocol that has none: there is no such value. */
export interface NoReply {
  readonly _tag: never
}

/** How requests are framed and written while a connection is in a mode. */
export interface Grammar<Request, F extends Frame = Frame> {
  /** The name of the mode; `undefined` for the one in which a connection begins. */
  readonly mode: string | undefined
  /** The codec of the requests. */
  readonly request: Schema.Codec<Request, F>
  readonly framing: Framing<F>
  readonly decode: (frame: F) => Request | Malformed
  readonly encode: (request: Request) => F
}

/** The grammar of any protocol. */
// oxlint-disable-next-line typescript/no-explicit-any -- `any` is what stands for every invariant parameter
export type AnyGrammar = Grammar<any, any>

/**
 * How a request is answered:
 *
 * - `frames`: by one frame or more, up to the one that `isLast` recognises;
 * - `nothing`: not at all (memcached's `noreply`);
 * - `close`: by all frames until the server ends the connection (finger).
 *
 * A client waits accordingly. On a server, the handler of a request that is answered until `close` must close the
 * connection, with `Protocol.closing`.
 */
export type ReplyEnd = "frames" | "nothing" | "close"

/** The definition of a protocol. Make one with `make`. */
export interface Protocol<
  out Name extends string,
  in out Request extends Tagged,
  in out Reply extends Tagged = NoReply,
  in out F extends Frame = string,
  out Push extends Tagged = never,
  out Mode extends string = never
> {
  /** The protocol's name, in log lines, metrics and on the command line. */
  readonly name: Name
  /** The codec of the requests with which a connection begins. */
  readonly request: Schema.Codec<Request, F>
  readonly reply: Schema.Codec<Reply, F>
  /** How requests are cut and written at first. */
  readonly grammar: Grammar<Request, F>
  /** How requests are cut and written in each mode, by its name. */
  readonly modes: ReadonlyMap<string, Grammar<Request, F>>
  /** How replies are cut from bytes, and become bytes. */
  readonly replyFraming: Framing<F>
  /** What the server says before any request; `undefined` where the client speaks first. */
  readonly greeting: Answer<Reply> | undefined
  /** Whether this frame is the last of its reply; `index` frames of the same reply came before it. */
  readonly isLast: (reply: Reply, request: Request | undefined, index: number) => boolean
  /** How a request is answered. */
  readonly replyEnd: (request: Request) => ReplyEnd
  /** Whether `replyEnd` may be `nothing`, so that the server drops what a handler answers, save for unsolicited messages. */
  readonly hasSilentRequests: boolean
  /** Whether this message answers no request; `oldest` is the request that has waited longest. */
  readonly isUnsolicited: (reply: Reply, oldest: Request | undefined, memory: unknown) => boolean
  /** What a client remembers of the replies that came; `undefined` where no frame depends on another. */
  readonly memory: Memory<Reply> | undefined
  /** The tags of the messages that may be unsolicited. */
  readonly unsolicited: ReadonlySet<string>
  /** The ids by which answers that come out of order find their requests. */
  readonly correlation: Correlation<Request, Reply> | undefined
  /** Whether this frame says that its request was refused or failed. */
  readonly isError: (reply: Reply) => boolean
  /** The answer to what is no request; `at` is when it came, in milliseconds since 1970. */
  readonly onInvalid: (problem: InvalidRequest, at: number) => Answer<Reply>
  /** The answer to a request whose handler died; the cause is logged. */
  readonly onDefect: Answer<Reply>
  /** Decodes a frame of the first mode. */
  readonly decodeRequest: (frame: F) => Request | Malformed
  readonly decodeReply: (frame: F) => Reply | Malformed
  /** Encodes a request in the grammar that its message belongs to. Throws a `SchemaError` for any other value. */
  readonly encodeRequest: (request: Request) => F
  /** Throws a `SchemaError` for what is no reply of this protocol. */
  readonly encodeReply: (reply: Reply) => F
  /** The grammar that a request is written in. */
  readonly grammarOf: (request: Request) => Grammar<Request, F>
  /** What exists in types alone. */
  readonly "~types"?: { readonly push: Push; readonly mode: Mode }
}

/** Any protocol. */
// oxlint-disable-next-line typescript/no-explicit-any -- `any` is what stands for every invariant parameter
export type Any = Protocol<string, any, any, any, Tagged, string>

/** The requests of a protocol, in all its modes. */
export type Request<P extends Any> = P["request"]["Type"]

/** The replies of a protocol, unsolicited messages included. */
export type Reply<P extends Any> = P["reply"]["Type"]

/** The messages that a server may send without a request. */
export type Push<P extends Any> = NonNullable<P["~types"]>["push"]

/** The names of a protocol's modes. */
export type Mode<P extends Any> = NonNullable<P["~types"]>["mode"]

/**
 * How answers that come out of order find their requests (cynagora's `check ID`). A server sends the replies of `concurrent`
 * commands that have an id as soon as they are finished, and a client hands each to the request with its id.
 */
export interface Correlation<in Request, in Reply> {
  /** The id that a request carries; `undefined` for one that is answered in order. */
  readonly request: (request: Request) => string | number | undefined
  /** The id of the request that a frame answers; `undefined` for one that answers in order. */
  readonly reply: (reply: Reply) => string | number | undefined
}

/** What a client remembers of the replies that came. */
export interface Memory<in Reply> {
  readonly initial: unknown
  /** What is remembered after this frame, unsolicited or not. */
  next(memory: unknown, reply: Reply): unknown
}
