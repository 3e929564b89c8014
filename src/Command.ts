/**
 * A command is the handler of one message, as a service with a Layer of its own. It is loaded at the first request
 * that needs it, kept in the `CommandCache`, and let go when the cache is flushed.
 *
 * One file a command, its Layer the default export:
 *
 * ```ts
 * // commands/get.ts
 * export default Command.layer(
 *   Kv,
 *   "get",
 *   Effect.gen(function* () {
 *     const store = yield* Store // built once, when the command is loaded
 *     return ({ key }, connection) => ... // run for every request
 *   })
 * )
 * ```
 *
 * and one table that says where they are. It is typed by the protocol: a message without a command does not compile.
 *
 * ```ts
 * const commands = { get: () => import("./commands/get.ts"), put: () => import("./commands/put.ts") }
 * ```
 */
import { Context, Effect, Exit, Layer, Ref, type Scope } from "effect"
import * as LoadCache from "./LoadCache.ts"
import type * as Protocol from "./Protocol.ts"

/**
 * Answers one request: with a plain value where there is nothing to wait for, which costs nothing, else with an effect,
 * or `later`.
 *
 * **Details**
 *
 * `connection` is the context of the connection: the protocol's session, `Server.Peer`, and what the server runs with.
 * An effect runs in it too. Everything else a handler got when it was built. It has no typed errors: a protocol's
 * errors are replies. A defect, thrown or in the effect, is logged and answered with the protocol's `onDefect`.
 */
export type Handler<in Request, out Reply, in out R> = (
  request: Request,
  connection: Context.Context<R>
) => Answering<Reply, R>

/** The three ways to answer. */
export type Answering<Reply, R> =
  | Protocol.Answer<Reply>
  | Effect.Effect<Protocol.Answer<Reply>, never, R>
  | Later<Reply>

/** An answer that has come, or what is still to be waited for: an effect that gives it. */
export type Outcome<Reply> = Protocol.Answer<Reply> | Effect.Effect<Protocol.Answer<Reply>>

/** Takes an answer that comes later, or the cause for which it never will. */
export type Done<in Reply> = (outcome: Exit.Exit<Outcome<Reply>>) => void

/** An answer that comes later, while the next requests of the connection are begun; `later` makes one. */
export class Later<out Reply> {
  readonly begin: (done: Done<Reply>) => void

  constructor(begin: (done: Done<Reply>) => void) {
    this.begin = begin
  }
}

/**
 * Answers when `done` is called, which must happen once. Until then the connection's next requests are begun, so that
 * what they have in common is done together (a store's commit, say); the replies go out in the order of the requests
 * all the same. Whoever answers like this keeps the order of what it does itself. A request that is answered by an
 * effect waits for all that were begun before it; so does the first request for a command, which is loaded. The answer
 * must not close the connection.
 *
 * `done` may be given an effect in the place of an answer, for a reply that is too long to be kept until it is its turn
 * (`Server.LongReply`). It runs when all before it is written. By then, requests after it may have been begun.
 */
export const later = <Reply>(begin: (done: Done<Reply>) => void): Later<Reply> => new Later(begin)

/** The requests with this tag. */
export type RequestOf<P extends Protocol.Any, Tag extends Protocol.Request<P>["_tag"]> = Extract<
  Protocol.Request<P>,
  { readonly _tag: Tag }
>

/** Identifies the handler of one message of one protocol, which runs in a connection that provides `R`. */
export interface Handles<out Name extends string, out Tag extends string, in R> {
  readonly "~wireline/Command/Handles": {
    readonly name: Name
    readonly tag: Tag
    readonly run: (context: R) => void
  }
}

/**
 * The Layer of a command: the handler itself, or the effect that builds it, which may acquire what the handler needs
 * for as long as it stays in the cache.
 */
export const layer = <
  P extends Protocol.Any,
  const Tag extends Protocol.Request<P>["_tag"],
  R = never,
  E = never,
  RIn = never
>(
  protocol: P,
  tag: Tag,
  make:
    | Handler<RequestOf<P, Tag>, Protocol.Reply<P>, R>
    | Effect.Effect<Handler<RequestOf<P, Tag>, Protocol.Reply<P>, R>, E, RIn>
): Layer.Layer<Handles<P["name"], Tag, R>, E, Exclude<RIn, Scope.Scope>> =>
  Layer.effect(service<P["name"], Tag, R>(protocol, tag), Effect.isEffect(make) ? make : Effect.succeed(make))

const service = <Name extends string, Tag extends string, R>(
  protocol: { readonly name: Name },
  tag: Tag
): Context.Service<Handles<Name, Tag, R>, AnyHandler> =>
  Context.Service<Handles<Name, Tag, R>, AnyHandler>(`wireline/Command/${protocol.name}/${tag}`)

// oxlint-disable-next-line typescript/no-explicit-any -- handlers of different messages, told apart by their tag
type AnyHandler = Handler<any, any, any>

/**
 * Where the commands of a protocol are: for each message, how to load the module whose default export is its Layer.
 * `R` is what a connection provides.
 */
export type Loaders<P extends Protocol.Any, R> = {
  readonly [Tag in Protocol.Request<P>["_tag"]]: () => Promise<{
    // oxlint-disable-next-line typescript/no-explicit-any -- any errors and requirements; `Requirements` collects these
    readonly default: Layer.Layer<Handles<P["name"], Tag, R>, any, any>
  }>
}

/** What the commands of a table need to be built. */
export type Requirements<L extends Record<string, () => Promise<{ readonly default: Layer.Any }>>> =
  Layer.Services<Awaited<ReturnType<L[keyof L]>>["default"]>

/**
 * The commands of a protocol, each loaded at its first use and kept until the next flush.
 */
export interface CommandCache<in Request, out Reply, in out R> {
  /**
   * Answers a request with the command of its tag. Dies when the command's module or Layer fails to load; the next
   * request for it tries again.
   */
  readonly answer: Handler<Request, Reply, R>
  /**
   * Forgets all commands, so that the next request for each loads it afresh. What they had acquired is released as
   * soon as the requests in progress are answered; a flush does not wait for them, so that a command may ask for it.
   */
  readonly flush: Effect.Effect<void>
}

/**
 * Makes the cache of a protocol's commands. It starts empty, and closes with the scope that it is made in.
 */
export const makeCache = <P extends Protocol.Any, R, L extends Loaders<P, R>>(
  protocol: P,
  loaders: L & Loaders<P, R>
): Effect.Effect<
  CommandCache<Protocol.Request<P>, Protocol.Reply<P>, R>,
  never,
  Scope.Scope | Exclude<Requirements<L>, Scope.Scope>
> =>
  Effect.gen(function* () {
    const cache = yield* LoadCache.make<string, AnyHandler, never, Requirements<L>>(
      Effect.fnUntraced(function* (tag: Protocol.Request<P>["_tag"], { memoMap, scope }: Generation) {
        const layer: Layer.Layer<never, unknown, Requirements<L>> = (yield* Effect.promise(loaders[tag]))
          .default
        const services = yield* Effect.orDie(Layer.buildWithMemoMap(layer, memoMap, scope))
        return Context.getUnsafe(services, service(protocol, tag))
      })
    )

    // Only what is being waited for can be in progress when a flush comes.
    const protect = (
      generation: Generation,
      answering: Answering<Protocol.Reply<P>, R>
    ): Answering<Protocol.Reply<P>, R> => {
      if (answering instanceof Later) {
        return later((done) => {
          LoadCache.enter(generation)
          once(answering, (answer) => {
            const leaving = LoadCache.leave(generation)
            if (leaving !== Effect.void) Effect.runFork(leaving)
            done(answer)
          })
        })
      }
      return isEffect(answering) ? LoadCache.using(generation, answering) : answering
    }

    const answer: Handler<Protocol.Request<P>, Protocol.Reply<P>, R> = (request, connection) => {
      const generation = Ref.getUnsafe(cache.current)
      const handler: typeof answer | undefined = generation.values.get(request._tag)
      if (handler !== undefined) {
        const answering = handler(request, connection)
        return isPlain(answering) ? answering : protect(generation, answering)
      }
      return Effect.flatMap(cache.load(request._tag), () => toEffect(answer(request, connection)))
    }

    return { answer, flush: cache.flush }
  })

/** The handlers that are loaded, by tag. */
type Generation = LoadCache.Generation<string, AnyHandler>

/** Begins what is answered later; however it behaves, `done` is called once at most. */
export const once = <Reply>(answering: Later<Reply>, done: Done<Reply>): void => {
  let answered = false
  const first: Done<Reply> = (outcome) => {
    if (answered) return
    answered = true
    done(outcome)
  }
  try {
    answering.begin(first)
  } catch (defect) {
    first(Exit.die(defect))
  }
}

/**
 * Whether this is a reply and nothing else, as most answers are: a plain object. It is all that has to be asked about
 * it, where telling the other ways to answer apart takes several looks.
 */
export const isPlain = <Reply, R>(answering: Answering<Reply, R>): answering is Reply =>
  Object.getPrototypeOf(answering) === Object.prototype

/** An answer of any kind as an effect, for what has to wait for all before it. */
export const toEffect = <Reply, R>(
  answering: Answering<Reply, R>
): Effect.Effect<Protocol.Answer<Reply>, never, R> => {
  if (answering instanceof Later) {
    return Effect.flatMap(
      Effect.callback<Outcome<Reply>>((resume) => once(answering, resume)),
      (outcome) => (isEffect(outcome) ? outcome : Effect.succeed(outcome))
    )
  }
  return isEffect(answering) ? answering : Effect.succeed(answering)
}

/** Whether it is something to wait for. */
export const isEffect = <Reply, R>(
  answering: Protocol.Answer<Reply> | Effect.Effect<Protocol.Answer<Reply>, never, R>
): answering is Effect.Effect<Protocol.Answer<Reply>, never, R> => Effect.isEffect(answering)
