/** Commands as they are defined: handlers, their Layers, and the tables that list them. */
import { Context, Effect, Layer, Predicate, type Scope, Stream } from "effect"
import type * as Protocol from "../Protocol.ts"
import type { Connection } from "../server/Connection.ts"

/**
 * Answers one request: with a plain answer where there is nothing to wait for, else with an Effect or a Stream of
 * answers.
 *
 * **Details**
 *
 * - A plain answer costs nothing beyond its bytes.
 * - An Effect is waited for before the connection's next request is taken, unless the command is `concurrent`.
 * - A Stream is pulled as the peer takes what it gave before, when all earlier replies are written, within the memory that
 *   the server allows for long replies (`Server.Limits.maxUnread`). It may give one frame in pieces (`Protocol.fragment`).
 *   A closing answer ends it.
 *
 * Effects and Streams run in the connection's context: its session, `Server.Peer`, `Server.RequestId`, and what the server
 * runs with. There are no typed errors: a protocol's errors are replies. A defect, thrown or in the Effect, is logged
 * and answered with the protocol's `onDefect`; one between the pieces of a frame closes the connection.
 */
export type Handler<in Request, out Reply, in Connection, out R = never> = (
  request: Request,
  connection: Connection
) => Answering<Reply, R>

/** What a handler produces bit by bit: answers, or the pieces of a frame. */
export type Production<Reply, R = never> = Stream.Stream<Protocol.Answer<Reply> | Protocol.Fragment, never, R>

/** The ways to answer. An Effect may find out that the answer is a long one. */
export type Answering<Reply, R = never> =
  | Protocol.Answer<Reply>
  | Production<Reply, R>
  | Effect.Effect<Protocol.Answer<Reply> | Production<Reply, R>, never, R>

/** The requests with this tag. */
export type RequestOf<P extends Protocol.Any, Tag extends Protocol.Request<P>["_tag"]> = Extract<
  Protocol.Request<P>,
  { readonly _tag: Tag }
>

/** How a command is run. */
export interface Options {
  /**
   * Whether the connection's next requests may start before this one is answered, so that what they have in common is done
   * together (a store's commit, say). Their Effects start in the order of the requests, and the replies go out in that order,
   * save for those that a protocol's `correlation` gives an id: they go out when they are finished.
   * Requests for other commands that wait for something wait for all before them. False unless given.
   */
  readonly concurrent?: boolean
}

/** Identifies the handler of one message of one protocol, which runs in a connection that provides `R`. */
export interface Handles<out Name extends string, out Tag extends string, in R> {
  readonly "~wireline/Command/Handles": {
    readonly name: Name
    readonly tag: Tag
    readonly run: (context: R) => void
  }
}

/** What a command's Layer provides to the cache. */
export interface Built extends Options {
  // oxlint-disable-next-line typescript/no-explicit-any -- handlers of different messages, told apart by their tag
  readonly handler: Handler<any, any, any, any>
  /** The service that is the handler's `connection.session`. */
  readonly session: Context.Key<unknown, unknown> | undefined
}

/** The Layer of a command, which needs `RIn` when it is loaded. */
export type CommandLayer<P extends Protocol.Any, Tag extends string, R, E, RIn> = Layer.Layer<
  Handles<P["name"], Tag, R>,
  E,
  Exclude<RIn, Scope.Scope>
>

/**
 * Defines the commands of a protocol with a session: the result takes the tag of a message, and its handler or the Effect
 * that builds it, which may acquire what the handler needs for as long as it stays in the cache.
 */
export const define =
  <P extends Protocol.Any, S = never, Session = undefined>(protocol: P, session?: Context.Key<S, Session>) =>
  <const Tag extends Protocol.Request<P>["_tag"], R = never, E = never, RIn = never>(
    tag: Tag,
    make:
      | Handler<RequestOf<P, Tag>, Protocol.Reply<P>, Connection<P, Session>, R>
      | Effect.Effect<Handler<RequestOf<P, Tag>, Protocol.Reply<P>, Connection<P, Session>, R>, E, RIn>,
    options: Options = {}
  ): CommandLayer<P, Tag, S | R, E, RIn> =>
    Layer.effect(
      service<P["name"], Tag, S | R>(protocol, tag),
      Effect.map(Effect.isEffect(make) ? make : Effect.succeed(make), (handler) => ({
        ...options,
        handler,
        session
      }))
    )

/** Defines a command of a protocol without a session. */
export const layer = <
  P extends Protocol.Any,
  const Tag extends Protocol.Request<P>["_tag"],
  R = never,
  E = never,
  RIn = never,
  // Makes TypeScript keep the literals of what the handler returns: in the call that infers `P`, it widens them in arrays.
  const Reply extends Protocol.Reply<P> = Protocol.Reply<P>
>(
  protocol: P,
  tag: Tag,
  make:
    | Handler<RequestOf<P, Tag>, Reply | Protocol.Reply<P>, Connection<P>, R>
    | Effect.Effect<Handler<RequestOf<P, Tag>, Reply | Protocol.Reply<P>, Connection<P>, R>, E, RIn>,
  options: Options = {}
): CommandLayer<P, Tag, R, E, RIn> => define(protocol)<Tag, R, E, RIn>(tag, make, options)

/** The key of the command of a message. */
export const service = <Name extends string, Tag extends string, R>(
  protocol: { readonly name: Name },
  tag: Tag
): Context.Service<Handles<Name, Tag, R>, Built> =>
  Context.Service<Handles<Name, Tag, R>, Built>(`wireline/Command/${protocol.name}/${tag}`)

/**
 * Where the commands of a protocol are: for each message the Layer of its command, or how to load the module whose
 * default export it is. `R` is what a connection provides.
 */
export type Loaders<P extends Protocol.Any, R> = {
  readonly [Tag in Protocol.Request<P>["_tag"]]: Loader<P["name"], Tag, R>
}

/** The Layer of one command, or how to load it. */
export type Loader<Name extends string, Tag extends string, R> =
  // oxlint-disable-next-line typescript/no-explicit-any -- any errors and requirements; `Requirements` collects these
  | Layer.Layer<Handles<Name, Tag, R>, any, any>
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  | (() => Promise<{ readonly default: Layer.Layer<Handles<Name, Tag, R>, any, any> }>)

/** Any table of commands. */
export type AnyLoaders = Record<string, Layer.Any | (() => Promise<{ readonly default: Layer.Any }>)>

type LayerOf<L> = L extends () => Promise<{ readonly default: infer Loaded }> ? Loaded : L

/** What the commands of a table need to be built. */
export type Requirements<L extends AnyLoaders> = Layer.Services<Extract<LayerOf<L[keyof L]>, Layer.Any>>

/** What the commands of a table need of their connection. */
export type ConnectionServices<L extends AnyLoaders> =
  LayerOf<L[keyof L]> extends Layer.Layer<Handles<string, string, infer R>, infer _E, infer _R> ? R : never

/**
 * Whether this is one reply and nothing else, as most answers are: a plain object. This one look is cheaper than telling
 * the other ways to answer apart.
 */
export const isReply = <Reply extends object, R>(answering: Answering<Reply, R>): answering is Reply =>
  // A handler that is not checked by types may answer with nothing.
  answering !== undefined && Object.getPrototypeOf(answering) === Object.prototype

/** Whether there is something to wait for. */
export const isEffect = <Reply, R>(
  answering: Answering<Reply, R>
): answering is Effect.Effect<Protocol.Answer<Reply> | Production<Reply, R>, never, R> =>
  Effect.isEffect(answering)

/** Whether the answer is produced bit by bit. */
export const isStream = <Reply, R>(answering: Answering<Reply, R>): answering is Production<Reply, R> =>
  Predicate.isObject(answering) && Stream.isStream(answering)
