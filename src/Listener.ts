/**
 * The sockets under an `Endpoint`: listening ones as a `SocketServer` that can drain, for Node.js.
 *
 * `Endpoint` says which there are and what draining means; programs use it, not this module. The sockets themselves
 * are those of `@effect/platform-node`. What is added here is the `Transport` of each connection, and the end of life:
 * stopping to accept, and ending the input of the connections that are open.
 */
import { type Cause, Context, Duration, Effect, Fiber, Function, Scope } from "effect"
import * as NetAddress from "effect/net/NetAddress"
import type * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import * as Fs from "node:fs"
import * as Net from "node:net"
import { dirname } from "node:path"
import type * as Stream from "node:stream"
import { fromCause, ListenError } from "./ListenError.ts"
import { Peer } from "./Peer.ts"
import * as Tls from "./Tls.ts"
import { StandardStreams } from "./StandardStreams.ts"
import { StreamSocket, type StreamTls, StreamTransport } from "./StreamTransport.ts"

/** How a server ends. */
export interface Ending {
  /** How long connections may take to finish when the server drains; 10 seconds by default. */
  readonly drainTimeout?: Duration.Input
}

type SocketServerService = SocketServer.SocketServer["Service"]

/**
 * Listens on a TCP port, a Unix socket or a file descriptor; with `tls`, a connection is served when its handshake has
 * finished, and with `startTls` it can be encrypted later.
 */
export const listen = (
  endpoint: string,
  target: Net.ListenOptions | { readonly fd: number },
  ending: Ending,
  tls?: Tls.ServerOptions,
  startTls?: Tls.ServerOptions
): Effect.Effect<SocketServerService, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const early: Array<Net.Socket> = []
    let accept = (socket: Net.Socket): void => void early.push(socket)
    const handshakes =
      tls === undefined ? undefined : yield* Tls.handshakes(endpoint, tls, (socket) => accept(socket))
    const server = yield* Effect.acquireRelease(
      Effect.callback<Net.Server, ListenError>((resume) => {
        const server = Net.createServer({
          allowHalfOpen: handshakes === undefined,
          pauseOnConnect: true,
          noDelay: true
        })
        server.on("connection", handshakes?.begin ?? ((socket) => accept(socket)))
        server.once("error", (cause) => resume(Effect.fail(fromCause(endpoint, cause))))
        // The socket file is made in this call: for as long as it takes, files are made with mode 0660.
        const mask = "path" in target ? process.umask(0o117) : undefined
        server.listen(target, () => resume(Effect.succeed(server)))
        if (mask !== undefined) process.umask(mask)
      }),
      (server) =>
        Effect.sync(() => {
          for (const socket of early) socket.destroy()
          if (server.listening) server.close()
        })
    )
    // From here on an error is one of accepting, such as too many open files: the next connection may succeed.
    server.on("error", Function.constVoid)

    const run: SocketServerService["run"] = Effect.fnUntraced(function* (handler) {
      const connections = yield* makeConnections(handler, ending, {
        isEncrypted: tls !== undefined,
        encrypt: startTls === undefined ? undefined : Tls.encryption(startTls)
      })
      accept = (socket) => connections.serve(socket, peerOf(socket))
      for (const socket of early.splice(0)) accept(socket)
      return yield* Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sync(() => server.close()),
          connections.drain(handshakes?.abandon)
        )
      )
    })
    return SocketServer.SocketServer.of({ address: addressOf(server), run })
  })

/** Listens on a TCP port, and speaks TLS there with these certificates, without which it cannot. */
export const listenTls = (
  { host, port }: { readonly host: string; readonly port: number },
  ending: Ending,
  tls: Tls.ServerOptions | undefined
): Effect.Effect<SocketServerService, ListenError, Scope.Scope> => {
  const endpoint = formatTcp(host, port, "tls")
  return tls === undefined
    ? Effect.fail(
        new ListenError({ endpoint, problem: "it has no certificate", advice: "pass certificates for TLS" })
      )
    : listen(endpoint, { host, port }, ending, tls)
}

/** Serves the one peer on standard input and output; `onEnd` runs when it has been served. */
export const stdio = (
  ending: Ending & { readonly onEnd?: Effect.Effect<void> }
): Effect.Effect<SocketServerService> =>
  Effect.sync(() =>
    SocketServer.SocketServer.of({
      address: unnamed,
      run: Effect.fnUntraced(function* (handler) {
        const connections = yield* makeConnections(handler, ending)
        const fiber = connections.serve(new StandardStreams(), "stdio")
        return yield* Fiber.await(fiber).pipe(
          Effect.andThen(ending.onEnd ?? Effect.void),
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => connections.drain())
        )
      })
    })
  )

const logCause = (cause: Cause.Cause<unknown>) =>
  Effect.logError("a connection ended because of an error in the server", cause)

/** The connections that a `SocketServer` runs. */
const makeConnections = Effect.fnUntraced(function* <A, E, R>(
  handler: (socket: Socket.Socket) => Effect.Effect<A, E, R>,
  ending: Ending,
  tls: StreamTls = {}
) {
  const { mapUnsafe } = Context.omit(Scope.Scope)(yield* Effect.context<R>())
  // At the default depth of 8, what requests add would copy all services.
  const context = Context.makeUnsafe<R>(mapUnsafe, { maxDepth: 32 })
  const open = new Map<StreamTransport, Fiber.Fiber<unknown>>()
  let draining = false

  const serve = (stream: Stream.Duplex, address: string): Fiber.Fiber<unknown> => {
    // Without a listener, a peer that resets before it is read would end the process.
    stream.on("error", Function.constVoid)
    const connection = new StreamTransport(stream, tls)
    const handling = Effect.catchCause(handler(new StreamSocket(stream, connection)), logCause)
    const fiber = Effect.runForkWith(Context.add(context, Peer, { address }))(
      // What a wrapped socket has written may not be flushed yet.
      Effect.ensuring(handling, connection.close)
    )
    open.set(connection, fiber)
    fiber.addObserver(() => {
      open.delete(connection)
      Effect.runSync(connection.destroy)
    })
    if (draining) setImmediate(() => connection.endInput())
    return fiber
  }

  /** Ends the input of all connections and waits for them; no more of them come after `abandon`. */
  const drain = Effect.fnUntraced(function* (abandon = () => {}) {
    draining = true
    // Two turns of the event loop, so that what the kernel holds at this moment is read before the input ends.
    yield* nextTurn
    yield* nextTurn
    abandon()
    for (const connection of open.keys()) connection.endInput()
    const finished = yield* Fiber.awaitAll([...open.values()]).pipe(
      Effect.timeoutOption(ending.drainTimeout ?? Duration.seconds(10))
    )
    if (finished._tag === "None") {
      yield* Effect.logWarning(`closed ${open.size} connections that had not finished in time`)
      for (const [connection, fiber] of open) {
        yield* connection.destroy
        fiber.interruptUnsafe()
      }
    }
  })

  return { serve, drain }
})

const nextTurn = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

const unnamed = NetAddress.unixPathAddress("")

const addressOf = (server: Net.Server): NetAddress.SocketAddress => {
  const address = server.address()
  if (address === null) return unnamed
  return typeof address === "string"
    ? NetAddress.unixPathAddress(address)
    : NetAddress.inetAddressFromIpStringUnsafe(address.address, address.port)
}

const peerOf = ({ remoteAddress, remotePort }: Net.Socket): string =>
  remoteAddress === undefined || remotePort === undefined ? "unix" : formatTcp(remoteAddress, remotePort)

/** `tcp://HOST:PORT`, or with another scheme; an IPv6 address in brackets. */
export const formatTcp = (host: string, port: number, scheme: "tcp" | "tls" = "tcp"): string =>
  `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`

/**
 * Listens on a Unix socket of mode 0660. A socket file that nobody listens on is replaced; one that is in use, and
 * anything that is not a socket, is left alone and refused.
 */
export const listenUnix = Effect.fnUntraced(function* (path: string, ending: Ending) {
  const endpoint = `unix:${path}`
  const refuse = (problem: string, advice: string) => new ListenError({ endpoint, problem, advice })
  if (Buffer.byteLength(path) > longestUnixPath) {
    return yield* refuse(`the path has more than ${longestUnixPath} bytes`, "choose a shorter one")
  }
  // `listen` reports a directory that is not there as one that may not be used.
  yield* tryFile(endpoint, () => Fs.statSync(dirname(path)))
  const stats = yield* tryFile(endpoint, () => Fs.lstatSync(path, { throwIfNoEntry: false }))
  if (stats !== undefined) {
    if (!stats.isSocket()) {
      return yield* refuse("there is a file that is not a socket", "remove it or choose another path")
    }
    const state = yield* probe(path)
    if (state !== "ECONNREFUSED" && state !== "ENOENT") {
      return yield* refuse(
        state === "live"
          ? "another program is listening there"
          : `its socket file cannot be tried (${state})`,
        "stop that program or choose another path"
      )
    }
    yield* tryFile(endpoint, () => Fs.rmSync(path, { force: true }))
  }
  return yield* listen(endpoint, { path }, ending)
})

/** What Linux leaves of the 108 bytes of `sun_path` for a path and its NUL. */
const longestUnixPath = 107

const tryFile = <A>(endpoint: string, run: () => A): Effect.Effect<A, ListenError> =>
  Effect.try({ try: run, catch: (cause) => fromCause(endpoint, cause as NodeJS.ErrnoException) })

/** Whether somebody accepts connections on a socket file, else the code of the error. */
const probe = (path: string): Effect.Effect<string> =>
  Effect.callback<string>((resume) => {
    const socket = Net.createConnection(path)
    const end = (state: string) => {
      socket.destroy()
      resume(Effect.succeed(state))
    }
    socket.once("connect", () => end("live"))
    socket.once("error", (cause: NodeJS.ErrnoException) => end(cause.code ?? cause.message))
  })

/**
 * Listens on the socket that systemd hands over under this name (sd_listen_fds(3)): the first descriptor is 3, the
 * names are in `LISTEN_FDNAMES`, and `LISTEN_PID` says for which process they are meant.
 */
export const listenFd = Effect.fnUntraced(function* (
  name: string,
  ending: Ending,
  environment: Readonly<Record<string, string | undefined>>
) {
  const endpoint = `fd:${name}`
  const count = Number(environment["LISTEN_FDS"] ?? 0)
  if (!(count > 0) || environment["LISTEN_PID"] !== String(process.pid)) {
    return yield* new ListenError({
      endpoint,
      problem: "no socket was handed over to this process (LISTEN_FDS, LISTEN_PID)",
      advice: "start it from a systemd socket unit, without a program in between"
    })
  }
  const names = (environment["LISTEN_FDNAMES"] ?? "").split(":").slice(0, count)
  const index = names.indexOf(name)
  if (index < 0) {
    return yield* new ListenError({
      endpoint,
      problem: `the sockets handed over are named ${names.join(", ") || "nothing"}`,
      advice: `set FileDescriptorName=${name} in the socket unit`
    })
  }
  return yield* listen(endpoint, { fd: firstFd + index }, ending)
})

const firstFd = 3
