/** A client that connects again when its connection is lost. */
import {
  Cause,
  type Context,
  Deferred,
  Effect,
  Exit,
  Layer,
  Pull,
  Schedule,
  type Scope,
  Stream
} from "effect"
import type * as Socket from "effect/socket/Socket"
import type * as Protocol from "../Protocol.ts"
import { type ClientConnection, connect } from "./connection.ts"
import type { ConnectedOf, Of, Options } from "./definition.ts"
import { Disconnected, type RequestError } from "./errors.ts"
import { Pushes } from "./Pushes.ts"

/** When to connect again, and what to do first. */
export interface ReconnectOptions<P extends Protocol.Any> extends Options {
  /**
   * When to try again after a connection was lost or could not be made. It begins anew when a server has said something that
   * could be understood; so one that closes every connection at once does not make it start over.
   */
  readonly schedule: Schedule.Schedule<unknown, RequestError>
  /**
   * Runs on every new connection before any request, such as STARTTLS, a login or the subscriptions. Where it fails, the
   * connection is closed, and the schedule decides.
   */
  readonly onConnect?: (client: ConnectedOf<P, RequestError>) => Effect.Effect<void, RequestError>
}

/**
 * A client that connects again on a schedule.
 *
 * **Details**
 *
 * A request waits for a connection. One that was sent when the connection was lost fails: whether the server has carried it
 * out is not known, and sending it again might do it twice. `pushes` goes on over connections; messages that were sent
 * in between are lost. `closed` ends, and requests fail, when the schedule gives up or `onConnect` dies.
 */
export const reconnecting = <P extends Protocol.Any>(
  protocol: P,
  { onConnect, schedule, ...options }: ReconnectOptions<P>
): Effect.Effect<Of<P, RequestError>, never, Socket.Socket | Scope.Scope> =>
  Effect.gen(function* () {
    type Connected = Deferred.Deferred<ConnectedOf<P, RequestError>, RequestError>
    const pushes = new Pushes<Protocol.Push<P>, RequestError>(options.maxPushes)
    const closed = Deferred.makeUnsafe<RequestError>()
    let current: Connected = Deferred.makeUnsafe()

    const giveUp = (reason: RequestError): void => {
      Deferred.doneUnsafe(closed, Exit.succeed(reason))
      Deferred.doneUnsafe(current, Exit.fail(reason))
      pushes.fail(reason)
    }

    /** One connection, from its beginning to its end: why it ended, and whether it was good for anything. */
    const connection = Effect.gen(function* () {
      let made: ClientConnection<P> | undefined
      const ended = Effect.gen(function* () {
        made = yield* connect(protocol, options, {
          onPush: (message) => pushes.offer(message),
          onEnd: () => {
            // From now on requests wait for the next connection.
            if (Deferred.isDoneUnsafe(current)) current = Deferred.makeUnsafe()
          }
        })
        const client = made.client(pushes.stream)
        if (onConnect !== undefined) yield* onConnect(client)
        if (made.reason === undefined) Deferred.doneUnsafe(current, Exit.succeed(client))
        return yield* client.closed
      })
      const reason = yield* Effect.catch(Effect.scoped(ended), Effect.succeed)
      return { reason, hasReceived: made?.hasReceived === true }
    })

    const begin = Schedule.toStepWithSleep(schedule)
    const run = Effect.gen(function* () {
      for (let next = yield* begin; ;) {
        const { hasReceived, reason } = yield* connection
        if (hasReceived) next = yield* begin
        const goesOn = yield* Pull.catchDone(Effect.as(next(reason), true), () => Effect.succeed(false))
        if (!goesOn) return giveUp(reason)
      }
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => giveUp(new Disconnected({ cause: new Error("the client was closed") })))
    )
    // A defect in what the program gives must not leave requests waiting.
    yield* Effect.forkScoped(
      Effect.catchCause(run, (cause) =>
        Effect.sync(() => giveUp(new Disconnected({ cause: Cause.squash(cause) })))
      )
    )

    const connected = Effect.suspend(() => Deferred.await(current))
    return {
      send: (request, options) => Effect.flatMap(connected, (client) => client.send(request, options)),
      stream: (request, options) =>
        Stream.unwrap(Effect.map(connected, (client) => client.stream(request, options))),
      greeting: Effect.flatMap(connected, ({ greeting }) => greeting),
      pushes: pushes.stream,
      closed: Deferred.await(closed)
    }
  })

/**
 * The client of a protocol as a Layer, which connects again on a schedule.
 *
 * ```ts
 * class Kv extends Context.Service<Kv, Client.Of<typeof KvProtocol, Client.RequestError>>()("Kv") {
 *   static readonly layer = Client.layer(Kv, KvProtocol, { schedule: Schedule.spaced("1 second") })
 * }
 * ```
 */
export const layer = <I, P extends Protocol.Any>(
  service: Context.Key<I, Of<P, RequestError>>,
  protocol: P,
  options: ReconnectOptions<P>
): Layer.Layer<I, never, Socket.Socket> => Layer.effect(service, reconnecting(protocol, options))
