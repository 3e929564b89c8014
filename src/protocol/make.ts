/** Makes the definition of a protocol. */
import { Schema } from "effect"
import type { Frame, Framing } from "../framing/frame.ts"
import * as Codec from "../syntax/codec.ts"
import { type Answer, closing, type InvalidRequest } from "./answers.ts"
import type { Correlation, Grammar, NoReply, Protocol, ReplyEnd, Tagged } from "./definition.ts"

/** The requests of a mode, and their framing where it is not that of the protocol. */
export interface ModeDefinition<out Request extends Tagged, in out F extends Frame> {
  readonly framing?: Framing<F>
  readonly request: Schema.Codec<Request, F>
}

type Modes<F extends Frame> = { readonly [mode: string]: ModeDefinition<Tagged, F> }

/** The requests of all modes. */
type RequestIn<M> = [keyof M] extends [never]
  ? never
  : M[keyof M] extends ModeDefinition<infer Request, infer _>
    ? Request
    : never

/**
 * Defines a protocol.
 *
 * **Details**
 *
 * - `framing` is one for both directions, or `{ request, reply }`.
 * - `reply` may be left out by a protocol that is only listened to.
 * - `modes` are the grammars that a session can switch to with `connection.setMode`: SMTP's message content after `DATA`.
 *   Their messages have tags of their own, by which a client knows in which grammar it writes a request.
 * - `greeting`: what the server says first; a server may say something else with its own `greeting` option.
 * - `isLast` is true of every frame unless given. It sees the request, and how many frames of the reply came before:
 *   `SUBSCRIBE a b` of Redis is answered by two.
 * - `replyEnd`: how a request is answered: by frames up to the last one (the default), not at all, or until the connection
 *   ends; `correlation`: the ids by which answers that come out of order find their requests.
 * - `isError` says which replies the server counts as errors; none unless given.
 * - `unsolicited`: the tags of the messages that a server may send without a request. Where such a message may also be a
 *   reply, `isUnsolicited` tells the two apart; it sees the oldest request without a reply, and the `memory`.
 * - `memory` is what a client remembers of the replies that came, unsolicited messages included, where one frame does not
 *   say enough: in Redis, a list of three strings may be a message on a channel, but only on a connection that is subscribed.
 * - `onInvalid` is an answer, or makes one of what is wrong with the frame and when it came. Unless given, what is
 *   no request closes the connection, and so does a handler that dies without `onDefect`.
 *
 * **Gotchas**
 *
 * A client believes `replyEnd` and `isLast`. A definition that is wrong about them makes it fail the connection with
 * `UnexpectedReply`, or wait, but never take one request's answer for another's where replies carry an id (`correlation`).
 */
export const make = <
  const Name extends string,
  Initial extends Tagged,
  F extends Frame,
  ReplyCodec extends Schema.Codec<Tagged, F> = Schema.Codec<NoReply, F>,
  M extends Modes<F> = {},
  // Of its own, so that literals stay literals in a function that does not look at the problem.
  const Invalid extends Answer<ReplyCodec["Type"]> = Answer<ReplyCodec["Type"]>,
  const Unsolicited extends ReplyCodec["Type"]["_tag"] = never,
  S = undefined
>(definition: {
  readonly name: Name
  readonly framing: Framing<F> | { readonly request: Framing<F>; readonly reply: Framing<F> }
  readonly request: Schema.Codec<Initial, F>
  readonly reply?: ReplyCodec
  readonly modes?: M
  readonly greeting?: Answer<ReplyCodec["Type"]>
  readonly isLast?: (
    reply: ReplyCodec["Type"],
    request: Initial | RequestIn<M> | undefined,
    index: number
  ) => boolean
  readonly replyEnd?: (request: Initial | RequestIn<M>) => ReplyEnd
  readonly unsolicited?: ReadonlyArray<Unsolicited>
  readonly isUnsolicited?: (
    reply: Extract<ReplyCodec["Type"], { readonly _tag: Unsolicited }>,
    oldest: Initial | RequestIn<M> | undefined,
    memory: S
  ) => boolean
  readonly memory?: {
    readonly initial: S
    readonly next: (memory: S, reply: ReplyCodec["Type"]) => S
  }
  readonly correlation?: Correlation<Initial | RequestIn<M>, ReplyCodec["Type"]>
  readonly isError?: (reply: ReplyCodec["Type"]) => boolean
  readonly onInvalid?: Invalid | ((problem: InvalidRequest, at: number) => Invalid)
  readonly onDefect?: Answer<ReplyCodec["Type"]>
}): Protocol<
  Name,
  Initial | RequestIn<M>,
  ReplyCodec["Type"],
  F,
  Extract<ReplyCodec["Type"], { readonly _tag: Unsolicited }>,
  keyof M & string
> => {
  type Request = Initial | RequestIn<M>
  type Reply = ReplyCodec["Type"]
  const { framing, isUnsolicited, memory, onInvalid, unsolicited = [] } = definition
  const requestFraming = "request" in framing ? framing.request : framing
  const grammar = grammarIn<Request, F>(undefined, requestFraming, definition.request)
  const modes = new Map<string, Grammar<Request, F>>()
  const grammars: Array<Written<Request, F>> = []
  for (const [mode, { framing = requestFraming, request }] of Object.entries<ModeDefinition<Tagged, F>>(
    definition.modes ?? {}
  )) {
    // The requests of a mode are of the union `RequestIn<M>`.
    const written = grammarIn(mode, framing, request as Schema.Codec<Request, F>)
    modes.set(mode, written)
    grammars.push({ grammar: written, is: Schema.is(Schema.toType(request)) })
  }
  const grammarOf = grammarFinder(grammar, grammars)
  const pushTags: ReadonlySet<string> = new Set(unsolicited)
  type Push = Extract<Reply, { readonly _tag: Unsolicited }>
  const isPush = (reply: Reply): reply is Push => pushTags.has(reply._tag)
  const schema: Schema.Codec<Reply, F> = definition.reply ?? noReply<Reply, F>()
  const reply = Codec.fromSchema(schema)
  return {
    name: definition.name,
    request: definition.request,
    reply,
    grammar,
    modes,
    replyFraming: "reply" in framing ? framing.reply : framing,
    greeting: definition.greeting,
    isLast: definition.isLast ?? (() => true),
    replyEnd: definition.replyEnd ?? (definition.reply === undefined ? () => "nothing" : () => "frames"),
    hasSilentRequests: definition.replyEnd !== undefined,
    // The memory begins with an `S`, and every next one is another.
    isUnsolicited: (reply, oldest, memory) =>
      isPush(reply) && (isUnsolicited === undefined || isUnsolicited(reply, oldest, memory as S)),
    unsolicited: pushTags,
    memory: memory && { initial: memory.initial, next: (before, reply) => memory.next(before as S, reply) },
    correlation: definition.correlation,
    isError: definition.isError ?? (() => false),
    onInvalid: typeof onInvalid === "function" ? onInvalid : () => onInvalid ?? closing(),
    onDefect: definition.onDefect ?? closing(),
    decodeRequest: grammar.decode,
    decodeReply: reply.decodeFrame,
    encodeRequest: modes.size === 0 ? grammar.encode : (message) => grammarOf(message).encode(message),
    encodeReply: reply.encodeFrame,
    grammarOf
  }
}

const grammarIn = <Request extends Tagged, F extends Frame>(
  mode: string | undefined,
  framing: Framing<F>,
  schema: Schema.Codec<Request, F>
): Grammar<Request, F> => {
  const { decodeFrame, encodeFrame } = Codec.fromSchema(schema)
  return { mode, request: schema, framing, decode: decodeFrame, encode: encodeFrame }
}

/** A grammar, and which requests are written in it. */
interface Written<Request, F extends Frame> {
  readonly grammar: Grammar<Request, F>
  readonly is: (request: unknown) => boolean
}

/** Finds the grammar of a request, by its tag: a message belongs to one mode. */
const grammarFinder = <Request extends Tagged, F extends Frame>(
  initial: Grammar<Request, F>,
  modes: ReadonlyArray<Written<Request, F>>
): ((request: Request) => Grammar<Request, F>) => {
  if (modes.length === 0) return () => initial
  const byTag = new Map<string, Grammar<Request, F>>()
  return (request) => {
    const known = byTag.get(request._tag)
    if (known !== undefined) return known
    const grammar = modes.find(({ is }) => is(request))?.grammar ?? initial
    byTag.set(request._tag, grammar)
    return grammar
  }
}

/** The codec of a protocol without replies. */
const noReply = <Reply, F>(): Schema.Codec<Reply, F> => Schema.make<Schema.Codec<Reply, F>>(Schema.Never.ast)
