/**
 * An endpoint is where a protocol is served, or spoken to, as an operator writes it down:
 *
 * | written | a server | a client |
 * | --- | --- | --- |
 * | `tcp://HOST:PORT` | listens; port 0 picks a free one; IPv6 in brackets | connects |
 * | `unix:PATH` | listens, mode 0660; replaces a stale socket file | connects |
 * | `fd:NAME` | takes over the socket of that name from systemd | |
 * | `stdio:` | serves the one peer that is on standard input and output, as inetd starts it | |
 *
 * `layerServer` gives the `SocketServer` that `Server` runs on, `layerClient` the `Socket` that `Client` speaks
 * through.
 *
 * **Draining**
 *
 * When what runs on the `SocketServer` is interrupted, it stops accepting (a client that connects from then on is
 * refused, or left in the queue of systemd's socket for the next server), and the input of every connection ends
 * after what has been received. Each then finishes by itself, as if its peer had half-closed: it answers, flushes and
 * closes. What is not done after `drainTimeout` is closed at once.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { Effect, Layer, Schema, SchemaGetter, SchemaIssue } from "effect"
import * as NetAddress from "effect/net/NetAddress"
import { Socket, SocketServer } from "effect/socket"
import * as Listener from "./Listener.ts"

export { type Ending, ListenError } from "./Listener.ts"

/** An endpoint: on TCP (the host a name or an address, IPv6 without brackets), on a Unix socket, and so on. */
export const Endpoint = Schema.Union([
  Schema.TaggedStruct("Tcp", { host: Schema.NonEmptyString, port: Schema.Port }),
  Schema.TaggedStruct("Unix", { path: Schema.NonEmptyString }),
  Schema.TaggedStruct("Fd", { name: Schema.NonEmptyString }),
  Schema.TaggedStruct("Stdio", {})
])
export type Endpoint = typeof Endpoint.Type

/** An endpoint as it is written. What is none fails with one line that lists what there is. */
export const FromString: Schema.Codec<Endpoint, string> = Schema.String.pipe(
  Schema.decodeTo(Endpoint, {
    decode: SchemaGetter.transformEffect((text: string) => {
      const endpoint = parse(text)
      return endpoint === undefined ? Effect.fail(notAnEndpoint) : Effect.succeed(endpoint)
    }),
    encode: SchemaGetter.transform((endpoint: Endpoint) => format(endpoint))
  })
)

const notAnEndpoint = new SchemaIssue.InvalidValue({
  message: "Expected an endpoint: tcp://HOST:PORT, unix:PATH, fd:NAME or stdio:"
})

const parse = (text: string): Endpoint | undefined => {
  const tcp = /^tcp:\/\/(?:\[([0-9a-fA-F:.]+(?:%.+)?)\]|([^:/[\]]+)):(\d{1,5})$/.exec(text)
  if (tcp !== null) {
    const port = Number(tcp[3])
    return port > 65_535 ? undefined : { _tag: "Tcp", host: (tcp[1] ?? tcp[2])!, port }
  }
  if (text.length > 5 && text.startsWith("unix:")) return { _tag: "Unix", path: text.slice(5) }
  if (text.length > 3 && text.startsWith("fd:")) return { _tag: "Fd", name: text.slice(3) }
  return text === "stdio:" ? { _tag: "Stdio" } : undefined
}

/** An endpoint as it is written, and as it is printed. */
export const format = (endpoint: Endpoint): string => {
  switch (endpoint._tag) {
    case "Tcp":
      return Listener.formatTcp(endpoint.host, endpoint.port)
    case "Unix":
      return `unix:${endpoint.path}`
    case "Fd":
      return `fd:${endpoint.name}`
    case "Stdio":
      return "stdio:"
  }
}

/** The endpoint that a server is bound to: with the port that was picked, where 0 asked for any. */
export const bound = (endpoint: Endpoint, server: SocketServer.SocketServer["Service"]): Endpoint =>
  endpoint._tag === "Tcp" && NetAddress.isInetAddress(server.address)
    ? { ...endpoint, port: server.address.port }
    : endpoint

/**
 * Listens on an endpoint. The Layer is built when it is bound, and fails with a `ListenError` when it cannot be.
 *
 * **Details**
 *
 * `drainTimeout` is how long the connections may take to finish, 10 seconds by default. `onEnd` runs when a server on
 * `stdio:` has served its one peer, for then there is nothing left to serve.
 */
export const layerServer = (
  endpoint: Endpoint,
  options: Listener.Ending & { readonly onEnd?: Effect.Effect<void> } = {}
): Layer.Layer<SocketServer.SocketServer, Listener.ListenError> =>
  Layer.effect(
    SocketServer.SocketServer,
    Effect.suspend(() => {
      switch (endpoint._tag) {
        case "Tcp":
          return Listener.listen(format(endpoint), { host: endpoint.host, port: endpoint.port }, options)
        case "Unix":
          return Listener.listenUnix(endpoint.path, options)
        case "Fd":
          return Listener.listenFd(endpoint.name, options, process.env)
        case "Stdio":
          return Listener.stdio(options)
      }
    })
  )

/**
 * Connects to an endpoint, which must be on TCP or a Unix socket. The connection is made when the `Socket` is first
 * read; that it cannot be made is an error of reading.
 */
export const layerClient = (
  endpoint: Extract<Endpoint, { _tag: "Tcp" | "Unix" }>
): Layer.Layer<Socket.Socket> =>
  Layer.effect(
    Socket.Socket,
    NodeSocket.makeNet(
      endpoint._tag === "Tcp"
        ? { host: endpoint.host, port: endpoint.port, noDelay: true }
        : { path: endpoint.path }
    )
  )
