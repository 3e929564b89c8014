/**
 * The connection that people, or their scripts, talk on: the typed client, and why it is lost.
 */
import { Effect, Schema, type Scope } from "effect"
import * as Client from "../../Client.ts"
import * as Endpoint from "../../Endpoint.ts"
import type * as Protocol from "../../Protocol.ts"
import type { Reachable } from "../Reachable.ts"
import type { Dialect } from "./Dialect.ts"

/** There is no connection, or no longer. */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>()("ConnectionLost", {
  message: Schema.String
}) {}

export interface Connection<P extends Protocol.Any> {
  /** What a request is answered; nothing where it has ended the connection, as it was meant to. */
  readonly ask: (
    request: Protocol.Request<P>
  ) => Effect.Effect<ReadonlyArray<Protocol.Reply<P>> | undefined, ConnectionLost>
  /** Fails when the connection is over. */
  readonly lost: Effect.Effect<never, ConnectionLost>
}

/** Connects, for as long as the scope lives. */
export const open = Effect.fnUntraced(function* <P extends Protocol.Any>(
  { isFarewell, protocol }: Dialect<P>,
  endpoint: Reachable,
  tls: Endpoint.TlsClientOptions
): Effect.fn.Return<Connection<P>, ConnectionLost, Scope.Scope> {
  const place = Endpoint.format(endpoint)
  const lost = (error: Client.RequestError) =>
    new ConnectionLost({
      message:
        error._tag === "Disconnected"
          ? `lost the connection to ${place}: ${error.reason}`
          : error._tag === "UnreadableReply"
            ? `the server at ${place} sent what is no reply of ${protocol.name}`
            : error.message
    })
  const client = yield* Effect.mapError(
    Effect.provide(Client.make(protocol), Endpoint.layerClient(endpoint, { tls })),
    ({ reason }) =>
      new ConnectionLost({
        message: `cannot connect to ${place}: ${reason}; start the server, or give its endpoint`
      })
  )
  return {
    ask: (request) =>
      Effect.catch(client.send(request), (error) =>
        isFarewell(request) && error._tag === "Disconnected"
          ? Effect.succeed(undefined)
          : Effect.fail(lost(error))
      ),
    lost: Effect.flatMap(client.closed, (error) => Effect.fail(lost(error)))
  }
})
