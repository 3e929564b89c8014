/**
 * A server runs a protocol on a `SocketServer` (which `Endpoint` makes). This file tells the life of a connection in
 * order: it is counted and perhaps refused, its session is built, its loop runs (`server/loop.ts`), it ends.
 *
 * **What it promises**
 *
 * - The requests of one connection are answered in order; connections are independent fibers, each with a session of
 *   its own that is released when the connection ends.
 * - Back-pressure: a batch is what one read brought (some 128 KiB at most). It is answered before the next one is
 *   read, and whenever 64 Ki characters of replies are waiting, they are written before the next request is taken; so
 *   a peer that does not read its replies is not read either. A plain answer is made whole, however long it is; a long
 *   reply is a Stream.
 * - A frame that is no request, and a command that dies, are answered as the protocol says; neither ends the process
 *   nor touches another connection.
 * - When the input ends (the peer half-closes, or the server is draining), what was received is answered, the replies
 *   are flushed, and the connection closes. An incomplete frame is dropped, unless it is the peer that has ended its output
 *   and the framing takes the end for that of a line (`unterminated`).
 * - When an answer closes the connection, the peer gets the reply even while it is still sending: the server ends its
 *   side, reads and forgets for a second or 16 MiB at most, and closes.
 *
 * **Limits**
 *
 * Connections beyond `maxConnections` are closed at once, counted (`server/ServerMetrics.ts`), and logged at most once a
 * second. A connection that completes no frame and takes no reply for `idleTimeout` is closed; the time in which its
 * commands run does not count. One that does not take a long reply is closed after `unreadTimeout`, but only while others
 * wait because `maxUnread` is reached.
 */
import { type Cause, Clock, type Context, Duration, Effect, Layer } from "effect"
import type * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import * as Command from "./Command.ts"
import { Peer } from "./Peer.ts"
import type * as Protocol from "./Protocol.ts"
import { type Connection, CurrentConnection, ofProtocol } from "./server/Connection.ts"
import { type Admitted, Connections } from "./server/Connections.ts"
import { ConnectionLoop } from "./server/loop.ts"
import { MemoryBudget } from "./server/MemoryBudget.ts"
import * as ServerMetrics from "./server/ServerMetrics.ts"
import type { Observer, ServerRuntime } from "./server/ServerRuntime.ts"
import { TraceSampling } from "./server/TraceSampling.ts"
import { Turn } from "./server/Turn.ts"
import * as Transport from "./Transport.ts"

export { Peer }
export { type Connection, connectionOf, CurrentConnection } from "./server/Connection.ts"
export type { Observer } from "./server/ServerRuntime.ts"
export { RequestId } from "./server/RequestId.ts"
export { TraceSampling } from "./server/TraceSampling.ts"

/** What the peers of a server may use up. */
export interface Limits {
  /** The longest frame in bytes; what the protocol's framing says unless given. The framings of modes keep their own. */
  readonly maxFrame?: number
  /** The largest number of connections at a time; 1000 by default. */
  readonly maxConnections?: number
  /** How long a connection may be idle; without a limit by default. */
  readonly idleTimeout?: Duration.Input
  /**
   * How many characters of long replies may be made and not taken by their peers, all connections together; 64 Mi by
   * default. A character takes one or two bytes.
   */
  readonly maxUnread?: number
  /** How long a peer may take nothing of a long reply while others wait for room for theirs; 30 seconds by default. */
  readonly unreadTimeout?: Duration.Input
  /** How many characters may wait for one peer before an unsolicited message has to; 1 Mi by default. */
  readonly maxPushed?: number
}

/** What a protocol is served with. */
export interface Options<P extends Protocol.Any, S, ES, RS, L> extends Limits {
  /**
   * Builds the session of a connection, in the scope of the connection. Its Layer may use `Peer`, and
   * `connectionOf(protocol)` for the connection. A protocol without sessions has none.
   */
  readonly session?: Layer.Layer<S, ES, RS>
  /** The commands; see `Command`. */
  readonly commands: L
  /** What is said before any request, in place of the protocol's `greeting`. */
  readonly greeting?: (connection: Connection<P>) => Command.Answering<Protocol.Reply<P>, NoInfer<S>>
  /** Answers what is no request, in place of the protocol's `onInvalid`. It sees the connection, and its session if it is an Effect. */
  readonly onInvalid?: (
    problem: Protocol.InvalidRequest,
    connection: Connection<P>
  ) => Command.Answering<Protocol.Reply<P>, NoInfer<S>>
  /** Asked at every frame who wants to see it, for a log of the conversation. */
  readonly observer?: () => Observer | undefined
}

/**
 * Serves a protocol for as long as the Layer lives, on the `SocketServer` in its context. Releasing the Layer drains
 * the connections first, where the `SocketServer` comes from `Endpoint`.
 */
export const layer = <
  P extends Protocol.Any,
  L extends Command.Loaders<P, S>,
  S = never,
  ES = never,
  RS = never
>(
  protocol: P,
  options: Options<P, S, ES, RS, L>
) => Layer.effectDiscard(Effect.forkScoped(serve<P, L, S, ES, RS>(protocol, options)))

/** Serves a protocol until it is interrupted; `layer` as an effect. */
export const serve = <
  P extends Protocol.Any,
  L extends Command.Loaders<P, S>,
  S = never,
  ES = never,
  RS = never
>(
  protocol: P,
  options: Options<P, S, ES, RS, L>
) =>
  Effect.gen(function* () {
    const server = yield* SocketServer.SocketServer
    const runtime = yield* runtimeOf<P, L, S, ES, RS>(protocol, options)
    const connections = new Connections(runtime, options.maxConnections ?? 1000)
    if (options.idleTimeout !== undefined) {
      yield* Effect.forkScoped(connections.closeIdle(Duration.fromInputUnsafe(options.idleTimeout)))
    }
    // Without a Layer of sessions, `S` is `never`, which TypeScript cannot know here.
    const session = options.session ?? (Layer.empty as Layer.Layer<S>)
    return yield* server.run((socket) =>
      connections.admit((admitted) => traced(runtime, converse(runtime, session, socket, admitted)))
    )
  }).pipe(Effect.scoped, Effect.annotateLogs("protocol", protocol.name))

/** What the connections of a server share. */
const runtimeOf = Effect.fnUntraced(function* <
  P extends Protocol.Any,
  L extends Command.Loaders<P, S>,
  S,
  ES,
  RS
>(protocol: P, options: Options<P, S, ES, RS, L>) {
  const clock = yield* Clock.Clock
  const budget = new MemoryBudget(options.maxUnread ?? 67_108_864, clock)
  const unreadTimeout = Duration.fromInputUnsafe(options.unreadTimeout ?? "30 seconds")
  yield* Effect.forkScoped(budget.closeStalled(Duration.toMillis(unreadTimeout)))
  const { framing } = protocol.grammar
  const { greeting, observer, onInvalid } = options
  const runtime: ServerRuntime<S> = {
    protocol,
    grammar: {
      ...protocol.grammar,
      framing: options.maxFrame === undefined ? framing : framing.withMaxLength(options.maxFrame)
    },
    commands: yield* Command.makeCache(protocol, options.commands),
    clock,
    watchesIdle: options.idleTimeout !== undefined,
    budget,
    turn: new Turn(),
    metrics: yield* ServerMetrics.make(protocol.name),
    isSilent: protocol.hasSilentRequests ? (request) => protocol.replyEnd(request) === "nothing" : undefined,
    sampling: yield* TraceSampling,
    maxPushed: options.maxPushed ?? 1_048_576,
    observer: observer === undefined ? () => undefined : guarded(observer, yield* Effect.context()),
    greeting:
      greeting === undefined
        ? () => protocol.greeting ?? []
        : (connection) => greeting(ofProtocol<P>(connection)),
    onInvalid: (problem, connection, at) =>
      onInvalid === undefined
        ? protocol.onInvalid(problem, at)
        : onInvalid(problem, ofProtocol<P>(connection))
  }
  return runtime
})

/** An observer that dies, or is not found, is logged and does not touch the conversation. */
const guarded = (
  find: () => Observer | undefined,
  context: Context.Context<never>
): (() => Observer | undefined) => {
  const run = Effect.runForkWith(context)
  const logged = Effect.catchCause((cause: Cause.Cause<never>) => Effect.logError("an observer died", cause))
  return () => {
    try {
      const observer = find()
      return observer && ((direction, frame) => logged(Effect.suspend(() => observer(direction, frame))))
    } catch (defect) {
      run(logged(Effect.die(defect)))
      return undefined
    }
  }
}

/** The share of connections that is traced gets a span. */
const traced = <A, E, R>(
  { protocol, sampling }: Pick<ServerRuntime<never>, "protocol" | "sampling">,
  connection: Effect.Effect<A, E, R>
) =>
  sampling > 0 && Math.random() < sampling
    ? Effect.withSpan(connection, "wireline.connection", {
        kind: "server",
        attributes: { "wireline.protocol": protocol.name }
      })
    : connection

/** Talks with one peer until the connection ends. */
const converse = <S, ES, RS>(
  server: ServerRuntime<S>,
  session: Layer.Layer<S, ES, RS>,
  socket: Socket.Socket,
  admitted: Admitted
) => Effect.flatMap(begin(server, session, socket, admitted), run)

/** Builds the session of a connection. It returns the loop to run, so that an idle connection keeps nothing of the building. */
const begin = Effect.fnUntraced(function* <S, ES, RS>(
  server: ServerRuntime<S>,
  session: Layer.Layer<S, ES, RS>,
  socket: Socket.Socket,
  admitted: Admitted
) {
  const transport = yield* Transport.of(socket)
  const peer = yield* Peer
  const { request, scope } = admitted
  // Handlers, which need `S`, run after the session is built.
  const context = (yield* Effect.context()) as Context.Context<S>
  const loop = new ConnectionLoop({ server, transport, peer, request, context })
  admitted.loop = loop
  const built = yield* Layer.buildWithMemoMap(session, Layer.makeMemoMapUnsafe(), scope).pipe(
    Effect.provideService(CurrentConnection, loop.connection)
  )
  return () => loop.run(built)
})

const run = <A>(loop: () => A): A => loop()
