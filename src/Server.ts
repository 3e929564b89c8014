/**
 * A server runs a protocol on a `SocketServer` (which `Endpoint` makes). This file tells the life of a connection in
 * order: it is counted and perhaps refused, its session is built, it is conversed with, it ends.
 *
 * **What it promises**
 *
 * - The requests of one connection are answered in order; connections are independent fibers, each with a session of
 *   its own that is released when the connection ends.
 * - Back-pressure: a batch is what one read brought (some 128 KiB at most). It is answered before the next one is
 *   read, and whenever 64 Ki characters of replies are waiting, they are written before the next request is taken; so
 *   a peer that does not read its replies is not read either. An answer is made whole, however long it is, unless its
 *   command writes it in portions: see `LongReply`.
 * - A frame that is no request, and a command that dies, are answered as the protocol says; neither ends the process
 *   nor touches another connection.
 * - When the input ends (the peer half-closes, or the server is draining), what was received is answered, the replies
 *   are flushed, and the connection closes. An incomplete frame is dropped.
 * - When an answer closes the connection, the peer gets the reply even while it is still sending: the server ends its
 *   side, reads and forgets for a second or 16 MiB at most, and closes.
 *
 * **Limits**
 *
 * Connections beyond `maxConnections` are closed at once, counted (`Tally`), and
 * logged at most once a second. A connection that completes no frame and takes no reply for `idleTimeout` is closed;
 * the time in which its commands run does not count. One that does not take a long reply is closed after
 * `unreadTimeout`, but only while others wait because `maxUnread` is reached.
 */
import { Cause, Clock, Context, Duration, Effect, Layer, type Scope } from "effect"
import * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import * as Command from "./Command.ts"
import { Conversation, type Observer } from "./Conversation.ts"
import { type Activity, closeWaiting, Room } from "./LongReply.ts"
import { Peer } from "./Peer.ts"
import type * as Protocol from "./Protocol.ts"
import { RequestCount } from "./RequestId.ts"
import * as Tally from "./Tally.ts"
import * as Transport from "./Transport.ts"

export type { Observer } from "./Conversation.ts"
export { LongReply } from "./LongReply.ts"
export { Peer }
export { RequestId } from "./RequestId.ts"

/** What the peers of a server may use up. */
export interface Limits {
  /** The longest frame in bytes; what the protocol's framing says unless given. */
  readonly maxFrame?: number
  /** The largest number of connections at a time; 1000 by default. */
  readonly maxConnections?: number
  /** How long a connection may be idle; for ever by default. */
  readonly idleTimeout?: Duration.Input
  /**
   * How many characters of long replies may be made and not taken by their peers, all connections together; 64 Mi by
   * default. A character takes one or two bytes.
   */
  readonly maxUnread?: number
  /** How long a peer may take nothing of a long reply while others wait for room for theirs; 30 seconds by default. */
  readonly unreadTimeout?: Duration.Input
}

/** What a protocol is served with. */
export interface Options<S, ES, RS, L> extends Limits {
  /** Builds the session of a connection, in the scope of the connection; it may ask for the `Peer`. */
  readonly session: Layer.Layer<S, ES, RS>
  /** Where the commands are; see `Command`. */
  readonly commands: L
  /** Asked at every frame who wants to see it, for a log of the conversation. */
  readonly observer?: () => Observer | undefined
}

/** How long the peer of a connection that the server closes may take to read the last reply, and go on sending. */
const lingerTime = Duration.seconds(1)

/** How many bytes it may send meanwhile. */
const lingerSize = 16_777_216

/**
 * Serves a protocol for as long as the Layer lives, on the `SocketServer` in its context. Releasing the Layer drains
 * the connections first, where the `SocketServer` comes from `Endpoint`.
 */
export const layer = <P extends Protocol.Any, S, ES, RS, L extends Command.Loaders<P, S>>(
  protocol: P,
  options: Options<S, ES, RS, L & Command.Loaders<P, S>>
): Layer.Layer<never, never, Services<RS, L>> =>
  Layer.effectDiscard(Effect.forkScoped(serve<P, S, ES, RS, L>(protocol, options)))

/** What serving needs: a `SocketServer`, and what sessions and commands are built from. */
export type Services<RS, L extends Record<string, () => Promise<{ readonly default: Layer.Any }>>> =
  | SocketServer.SocketServer
  | Exclude<RS | Command.Requirements<L>, Scope.Scope>

/** Serves a protocol until it is interrupted; `layer` as an effect. */
export const serve = <P extends Protocol.Any, S, ES, RS, L extends Command.Loaders<P, S>>(
  protocol: P,
  options: Options<S, ES, RS, L & Command.Loaders<P, S>>
): Effect.Effect<never, SocketServer.SocketServerError, Services<RS, L>> =>
  Effect.gen(function* () {
    const server = yield* SocketServer.SocketServer
    const cache = yield* Command.makeCache<P, S, L>(protocol, options.commands)
    const clock = yield* Clock.Clock
    const framing = protocol.framing.withMaxLength(options.maxFrame ?? protocol.framing.maxLength)
    const tally = yield* Tally.make(protocol.name)
    const connections = new Connections(tally, options.maxConnections ?? 1000, clock)
    if (options.idleTimeout !== undefined) {
      yield* Effect.forkScoped(connections.closeIdle(Duration.fromInputUnsafe(options.idleTimeout)))
    }
    const room = new Room(options.maxUnread ?? 67_108_864, clock)
    const unreadTimeout = Duration.fromInputUnsafe(options.unreadTimeout ?? "30 seconds")
    yield* Effect.forkScoped(room.closeStalled(Duration.toMillis(unreadTimeout)))

    const converse = Effect.fnUntraced(function* (socket: Socket.Socket, connection: Connection) {
      const context = yield* Effect.context()
      const transport =
        Context.getOrUndefined(context, Transport.Transport) ?? (yield* Transport.fromSocket(socket))
      yield* Effect.addFinalizer(() => transport.close)
      connection.activity = { ...connection.activity, destroy: transport.destroy }
      const session = yield* Layer.buildWithMemoMap(
        options.session,
        Layer.makeMemoMapUnsafe(),
        yield* Effect.scope
      )
      const conversation = new Conversation<S>({
        protocol,
        framing,
        answer: cache.answer,
        context: Context.merge(context, session),
        connection: transport,
        clock,
        room,
        tally,
        request: connection.request,
        observer: options.observer
      })
      connection.activity = conversation
      const closing = yield* conversation.run
      if (closing) {
        yield* transport.end
        yield* Effect.ignore(Effect.timeoutOption(transport.receive(forget(lingerSize)), lingerTime))
      }
    })

    return yield* server.run((socket) => connections.admit((connection) => converse(socket, connection)))
  }).pipe(Effect.scoped, Effect.annotateLogs("protocol", protocol.name)) as never

/** Takes chunks for nothing, and fails when that is enough. */
const forget = (size: number) => {
  let left = size
  return (chunk: Uint8Array) => ((left -= chunk.length) > 0 ? undefined : Effect.fail("enough"))
}

/** A connection as the server sees it from outside. */
interface Connection {
  activity: Activity
  readonly request: RequestCount
}

/** The connections of one server: how many there may be, and which of them have been idle too long. */
class Connections {
  private readonly open = new Set<Connection>()
  private refusalLogged = Number.NEGATIVE_INFINITY

  private readonly tally: Tally.Tally
  private readonly max: number
  private readonly clock: Clock.Clock

  constructor(tally: Tally.Tally, max: number, clock: Clock.Clock) {
    this.tally = tally
    this.max = max
    this.clock = clock
  }

  /** Runs a connection in a scope of its own, unless there are too many. */
  admit<E, R>(
    run: (connection: Connection) => Effect.Effect<void, E, R>
  ): Effect.Effect<void, never, Exclude<R, Scope.Scope>> {
    if (this.open.size >= this.max) return this.refuse
    const request = new RequestCount(++this.tally.accepted)
    const connection: Connection = {
      activity: { waitingSince: this.clock.currentTimeMillisUnsafe(), destroy: Effect.void },
      request
    }
    this.open.add(connection)
    this.tally.open++
    return run(connection).pipe(
      Effect.scoped,
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause) || Socket.isSocketError(Cause.squash(cause))
          ? Effect.logDebug("a connection broke off", cause)
          : Effect.logError("a connection ended because of an error in the server", cause)
      ),
      Effect.ensuring(
        Effect.sync(() => {
          this.open.delete(connection)
          this.tally.open--
        })
      ),
      (served) => Effect.flatMap(Peer, ({ address: peer }) => Effect.annotateLogs(served, { peer, request }))
    )
  }

  private readonly refuse = Effect.suspend(() => {
    const refused = ++this.tally.refused
    const now = this.clock.currentTimeMillisUnsafe()
    if (now - this.refusalLogged < 1000) return Effect.void
    this.refusalLogged = now
    return Effect.logWarning(
      `refused a connection: ${this.max} are open, the most there may be; ${refused} refused since the start`
    )
  })

  /** Closes the connections that have been waiting for their peer longer than the timeout. */
  closeIdle(timeout: Duration.Duration): Effect.Effect<never> {
    return Effect.forever(
      closeWaiting(
        () => this.activities(),
        Duration.toMillis(timeout),
        this.clock,
        "closed an idle connection"
      )
    )
  }

  private *activities(): Iterable<Activity> {
    for (const { activity } of this.open) yield activity
  }
}
