/**
 * Tests of protocols, their servers and their clients, without sockets: connections in memory, and the laws of a protocol
 * as properties.
 *
 * ```ts
 * it.effect("stores a value", () =>
 *   Effect.gen(function* () {
 *     const client = yield* Testing.client(Kv, Server.layer(Kv, { commands }))
 *     yield* client.send({ _tag: "put", key: "a", value: "1" })
 *     assert.deepStrictEqual(yield* client.send({ _tag: "get", key: "a" }), [{ _tag: "value", value: "1" }])
 *   })
 * )
 *
 * for (const [name, law] of Object.entries(Testing.laws(Kv))) it.prop(name, law.arbitraries, law.property)
 * ```
 *
 * **What it promises**
 *
 * - A server runs the same loop as on a socket. Half-closes, resets, back-pressure by a peer that does not read, and the
 *   draining of a server that is released are those of a socket.
 * - Time is that of the `Clock`: with `TestClock`, timeouts of a server and a client pass when the test says so.
 *
 * Pure: imports only `effect`.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import type * as Client from "./Client.ts"
import type * as Protocol from "./Protocol.ts"
import { Network, type NetworkOptions } from "./testing/Network.ts"

export { Example, type Law, type LawOptions, laws, Violation } from "./testing/laws.ts"
export { type Network, type NetworkOptions } from "./testing/Network.ts"
export { type Peer, PeerError } from "./testing/Peer.ts"

/**
 * A network in memory on which nothing is served yet, for servers and clients of its own: `network.serve` serves a Layer,
 * `network.client` and `network.connect` connect, and `network.accept` makes the test itself the server.
 */
export const network = (options: NetworkOptions = {}): Effect.Effect<Network> =>
  Effect.sync(() => new Network(options))

/** A network in memory for a program that has both sides: what serves and what connects in it get to each other. */
export const layer = (options?: NetworkOptions): Layer.Layer<SocketServer.SocketServer | Socket.Socket> =>
  Layer.effectContext(
    Effect.map(network(options), ({ server, socket }) =>
      Context.make(SocketServer.SocketServer, server).pipe(Context.add(Socket.Socket, socket))
    )
  )

/** Serves the Layer of a server on a network of its own for as long as the scope lives. */
export const serve = <A, E, R>(
  server: Layer.Layer<A, E, R>,
  options?: NetworkOptions
): Effect.Effect<Network, E, Exclude<R, SocketServer.SocketServer> | Scope.Scope> =>
  Effect.tap(network(options), (network) => network.serve(server))

/** Serves the Layer of a server, and connects a client to it, both for as long as the scope lives. */
export const client = <P extends Protocol.Any, A, E, R>(
  protocol: P,
  server: Layer.Layer<A, E, R>,
  options?: NetworkOptions & Client.Options
): Effect.Effect<
  Client.ConnectedOf<P>,
  E | Client.Disconnected,
  Exclude<R, SocketServer.SocketServer> | Scope.Scope
> => Effect.flatMap(serve(server, options), (network) => network.client(protocol, options))
