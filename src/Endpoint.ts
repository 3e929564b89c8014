/**
 * An endpoint is where a protocol is served, or spoken to, as an operator writes it down:
 *
 * | written | a server | a client |
 * | --- | --- | --- |
 * | `tcp://HOST:PORT` | listens; port 0 picks a free one; IPv6 in brackets | connects |
 * | `tls://HOST:PORT` | the same, encrypted: TLS 1.2 and up | the same; verifies the server |
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
 *
 * **TLS**
 *
 * A server on `tls://` needs `Certificates`, which can be read again while it runs. A connection is served, and counted
 * among those of `Server.Limits`, when its handshake has finished, for which it has 10 seconds. Its `Peer` is the same as
 * on TCP. A handshake that is not finished when the server drains is closed.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { Effect, Layer, Schema, SchemaGetter, SchemaIssue } from "effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import { dialer } from "./client/dial.ts"
import * as Listener from "./Listener.ts"
import type { ListenError } from "./ListenError.ts"
import * as Tls from "./Tls.ts"

export type { Ending } from "./Listener.ts"
export { ListenError } from "./ListenError.ts"
export type { ClientOptions as TlsClientOptions, ServerOptions as TlsOptions } from "./Tls.ts"

/** An endpoint: on TCP (the host a name or an address, IPv6 without brackets), on a Unix socket, and so on. */
export const Endpoint = Schema.Union([
  Schema.TaggedStruct("Tcp", { host: Schema.NonEmptyString, port: Schema.Port }),
  Schema.TaggedStruct("Tls", { host: Schema.NonEmptyString, port: Schema.Port }),
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

/** An endpoint on TCP, from and to text. */
export const TcpFromString = FromString.pipe(Schema.decodeTo(Endpoint.members[0]))

const notAnEndpoint = new SchemaIssue.InvalidValue({
  message: "Expected an endpoint: tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, fd:NAME or stdio:"
})

const parse = (text: string): Endpoint | undefined => {
  const tcp = /^(tcp|tls):\/\/(?:\[([0-9a-fA-F:.]+(?:%.+)?)\]|([^:/[\]]+)):(\d{1,5})$/.exec(text)
  if (tcp !== null) {
    const port = Number(tcp[4])
    const _tag = tcp[1] === "tcp" ? "Tcp" : "Tls"
    return port > 65_535 ? undefined : { _tag, host: (tcp[2] ?? tcp[3])!, port }
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
    case "Tls":
      return Listener.formatTcp(endpoint.host, endpoint.port, "tls")
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
  (endpoint._tag === "Tcp" || endpoint._tag === "Tls") && NetAddress.isInetAddress(server.address)
    ? { ...endpoint, port: server.address.port }
    : endpoint

/**
 * Listens on an endpoint. The Layer is built when it is bound, and fails with a `ListenError` when it cannot be.
 *
 * **Details**
 *
 * `drainTimeout` is how long the connections may take to finish, 10 seconds by default. `onEnd` runs when a server on
 * `stdio:` has served its one peer, for then there is nothing left to serve. `tls` is what `tls://` needs; on `tcp://`, with
 * it, a connection can be encrypted later (STARTTLS: `connection.startTls`).
 */
export const layerServer = (
  endpoint: Endpoint,
  options: Listener.Ending & {
    readonly onEnd?: Effect.Effect<void>
    readonly tls?: Tls.ServerOptions | undefined
  } = {}
): Layer.Layer<SocketServer.SocketServer, ListenError> =>
  Layer.effect(
    SocketServer.SocketServer,
    Effect.suspend(() => {
      switch (endpoint._tag) {
        case "Tcp":
          return Listener.listen(
            format(endpoint),
            { host: endpoint.host, port: endpoint.port },
            options,
            undefined,
            options.tls
          )
        case "Tls":
          return Listener.listenTls(endpoint, options, options.tls)
        case "Unix":
          return Listener.listenUnix(endpoint.path, options)
        case "Fd":
          return Listener.listenFd(endpoint.name, options, process.env)
        case "Stdio":
          return Listener.stdio(options)
      }
    })
  )

/** An endpoint that a client can connect to, which is none that a server takes over. */
export type Reachable = Extract<Endpoint, { readonly _tag: "Tcp" | "Tls" | "Unix" }>

export const isReachable = (endpoint: Endpoint): endpoint is Reachable =>
  endpoint._tag === "Tcp" || endpoint._tag === "Tls" || endpoint._tag === "Unix"

/**
 * Connects to an endpoint, which must be on TCP, with or without TLS, or a Unix socket. The connection is made when the
 * `Socket` is first read; that it cannot be made is an error of reading.
 *
 * **Details**
 *
 * On `tls://` it is an error, too, when no authority of `tls.ca` (without it, of those that Node.js comes with) vouches
 * for the server's certificate, and when that is not for the host of the endpoint. Files are read for every connection. Every
 * client that is made on the `Socket` has a connection of its own.
 */
export const layerClient = (
  endpoint: Reachable,
  options: { readonly tls?: Tls.ClientOptions } = {}
): Layer.Layer<Socket.Socket> => {
  const make = clientSocket(endpoint, options.tls ?? {})
  return Layer.effect(
    Socket.Socket,
    Effect.map(make, (socket) => dialer(socket, make))
  )
}

const clientSocket = (endpoint: Reachable, tls: Tls.ClientOptions): Effect.Effect<Socket.Socket> => {
  switch (endpoint._tag) {
    case "Tcp":
      return NodeSocket.makeNet({ host: endpoint.host, port: endpoint.port, noDelay: true })
    case "Tls":
      return Tls.makeSocket(endpoint, tls)
    case "Unix":
      return NodeSocket.makeNet({ path: endpoint.path })
  }
}
