/**
 * TLS on the sockets of an `Endpoint`, from both sides: handshakes that a server has begun and not finished, and the
 * connecting of a client.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { Clock, Duration, Effect, Metric, type Scope } from "effect"
import * as Socket from "effect/socket/Socket"
import * as Net from "node:net"
import * as Tls from "node:tls"
import type * as Stream from "node:stream"
import * as Certificates from "./Certificates.ts"
import type { Encrypt } from "./StreamTransport.ts"

/** What a server does TLS with. */
export interface ServerOptions {
  readonly certificates: Certificates.Certificates
  /** How long a handshake may take; 10 seconds by default. */
  readonly handshakeTimeout?: Duration.Input
  /** How many may be under way at a time; 1000 by default. With one more, that which has taken longest is closed. */
  readonly maxHandshakes?: number
}

/** What a client does TLS with. */
export interface ClientOptions extends Certificates.ClientOptions {
  /** The name or address that the server's certificate must be for; the host of the endpoint unless given. */
  readonly serverName?: string
  /** How long connecting and the handshake may take together; 10 seconds by default. */
  readonly connectTimeout?: Duration.Input
}

/** Where connections go that have been accepted and are not yet secure. */
export interface Handshakes {
  readonly begin: (socket: Net.Socket) => void
  /** Closes those that are not finished. */
  readonly abandon: () => void
}

const handshakesFailed = Metric.counter("wireline_tls_handshakes_failed_total", {
  description: "TLS handshakes that were not finished",
  incremental: true
})

/**
 * Makes connections secure and then hands them over.
 *
 * **Details**
 *
 * A handshake that fails closes its own connection and nothing else. It is counted, and the reason is logged in a line
 * at the level of debugging: on a public port they fail all the time. A handshake is not a connection yet for
 * `Server.Limits`: there may be `maxHandshakes` beside, and when they are used up it is the oldest that has to go. So
 * whoever opens connections and says nothing keeps nobody out who goes through his handshake at once.
 */
export const handshakes = Effect.fnUntraced(function* (
  endpoint: string,
  options: ServerOptions,
  accept: (socket: Tls.TLSSocket) => void
): Effect.fn.Return<Handshakes, never, Scope.Scope> {
  const server = yield* options.certificates.server
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context())
  const limit = Duration.toMillis(options.handshakeTimeout ?? Duration.seconds(10))
  const most = options.maxHandshakes ?? 1000

  /** By the addresses of their connections, for the events of Node.js come without these; the oldest first. */
  const begun = new Map<string, Handshake>()
  /** The one whose connection is closing at this moment, for then it has no address any more. */
  let closing: Handshake | undefined

  const begin = (socket: Net.Socket): void => {
    socket.on("error", ignore)
    const addresses = addressesOf(socket)
    // The peer has left before it was looked at.
    if (addresses === undefined) return void socket.destroy()
    const [oldest] = begun.values()
    if (begun.size >= most && oldest !== undefined) giveUp(oldest, `${most} others were under way`)
    const handshake: Handshake = {
      socket,
      addresses,
      peer: socket.remoteAddress,
      since: clock.currentTimeMillisUnsafe(),
      over: false,
      problem: undefined
    }
    begun.set(addresses, handshake)
    socket.once("close", () => onClose(handshake))
    server.emit("connection", socket)
  }

  const forget = (handshake: Handshake): void => {
    if (begun.get(handshake.addresses) === handshake) begun.delete(handshake.addresses)
  }

  const giveUp = (handshake: Handshake, problem: string): void => {
    handshake.problem = problem
    forget(handshake)
    handshake.socket.destroy()
  }

  const onClose = (handshake: Handshake): void => {
    if (handshake.over) return
    forget(handshake)
    closing = handshake
    // Before that, TLS hears of the end, too, and may know a reason.
    queueMicrotask(() => {
      closing = undefined
      report(handshake)
    })
  }

  const report = ({ peer, problem = "the peer left" }: Handshake): void => {
    const log = Effect.logDebug(`the TLS handshake with ${peer} on ${endpoint} failed: ${problem}`)
    run(Effect.andThen(Metric.update(handshakesFailed, 1), log))
  }

  const handshakeOf = (socket: Tls.TLSSocket): Handshake | undefined => {
    const addresses = addressesOf(socket)
    return addresses === undefined ? closing : begun.get(addresses)
  }

  server.on("secureConnection", (socket) => {
    socket.on("error", ignore)
    const handshake = handshakeOf(socket)
    if (handshake === undefined) return void socket.destroy()
    handshake.over = true
    forget(handshake)
    // Until now a peer that half-closed had nothing to wait for.
    socket.allowHalfOpen = true
    accept(socket.pause())
  })

  server.on("tlsClientError", (cause: NodeJS.ErrnoException, socket) => {
    const handshake = handshakeOf(socket)
    if (handshake === undefined) return
    if (socket.authorizationError) {
      handshake.problem = `no authority vouches for its certificate (${String(socket.authorizationError)})`
    } else if (cause.code !== "ECONNRESET") {
      handshake.problem ??= Certificates.reasonOf(cause)
    }
  })

  const sweep = Effect.suspend(() => {
    const now = clock.currentTimeMillisUnsafe()
    for (const handshake of begun.values()) {
      if (now - handshake.since < limit) return Effect.sleep(handshake.since + limit - now)
      giveUp(handshake, `it took longer than ${Duration.format(Duration.millis(limit))}`)
    }
    return Effect.sleep(limit)
  })
  yield* Effect.forkScoped(Effect.forever(sweep))

  const abandon = () => {
    for (const handshake of begun.values()) {
      handshake.over = true
      handshake.socket.destroy()
    }
    begun.clear()
  }
  yield* Effect.addFinalizer(() => Effect.sync(abandon))
  return { begin, abandon }
})

/**
 * Encrypts a connection that has begun without TLS (STARTTLS), as the server. A handshake that fails, or takes longer than
 * `handshakeTimeout`, ends the connection.
 */
export const encryption =
  ({ certificates, handshakeTimeout = Duration.seconds(10) }: ServerOptions): Encrypt =>
  (stream) =>
    Effect.gen(function* () {
      const server = yield* certificates.server
      return yield* Effect.callback<Stream.Duplex, Socket.SocketError>((resume) => {
        const fail = (cause: Error) => resume(Effect.fail(notEncrypted(cause)))
        // A peer that half-closes in its handshake has nothing to wait for.
        stream.allowHalfOpen = false
        server.once("secureConnection", (secure) => {
          secure.on("error", ignore)
          secure.allowHalfOpen = true
          resume(Effect.succeed(secure.pause()))
        })
        server.once("tlsClientError", fail)
        stream.once("close", () => fail(new Error("the peer left")))
        server.emit("connection", stream)
      })
    }).pipe(
      Effect.timeoutOrElse({
        duration: handshakeTimeout,
        orElse: () => Effect.fail(notEncrypted(new Error("the handshake took too long")))
      }),
      Effect.tapError(() => Metric.update(handshakesFailed, 1)),
      Effect.scoped
    )

const notEncrypted = (cause: Error): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketReadError({ cause }) })

interface Handshake {
  readonly socket: Net.Socket
  readonly addresses: string
  readonly peer: string | undefined
  /** When it began, in milliseconds of the Clock. */
  readonly since: number
  /** Whether there is nothing to be told when its connection closes. */
  over: boolean
  /** Why it failed, where it was not the peer that left. */
  problem: string | undefined
}

/** What no two connections that are open at a time have in common. */
const addressesOf = ({ localAddress, remoteAddress, remotePort }: Net.Socket): string | undefined =>
  remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress}`

const ignore = () => {}

/**
 * Connects and verifies the server: that one of the authorities vouches for its certificate, and that it is for the
 * host. What goes wrong, the reading of certificates included, is an error of reading whose cause says why.
 */
export const makeSocket = (
  address: { readonly host: string; readonly port: number },
  options: ClientOptions
): Effect.Effect<Socket.Socket> =>
  Effect.map(
    NodeSocket.fromDuplex(connect(address, options), {
      openTimeout: options.connectTimeout ?? Duration.seconds(10)
    }),
    ({ reader, writer }) =>
      Socket.make({
        writer,
        // A server may refuse the client's certificate when for the client the handshake is over.
        reader: Effect.map(reader, ({ pull, upgrade }) => ({
          pull: Effect.mapError(pull, readably),
          upgrade
        }))
      })
  )

const connect = (
  { host, port }: { readonly host: string; readonly port: number },
  options: ClientOptions
): Effect.Effect<Tls.TLSSocket, Socket.SocketError, Scope.Scope> =>
  Effect.gen(function* () {
    const material = yield* Effect.mapError(Certificates.readClient(options), notOpened)
    // A zone is of this machine and in no certificate.
    const name = options.serverName ?? host.replace(/%.*$/, "")
    return yield* Effect.acquireRelease(
      Effect.callback<Tls.TLSSocket, Socket.SocketError>((resume) => {
        const socket = Tls.connect({
          ...material,
          host,
          port,
          // Said here, so that no variable of the environment takes it back.
          rejectUnauthorized: true,
          checkServerIdentity: (_, certificate) => Tls.checkServerIdentity(name, certificate),
          // An address may be in a certificate and may not be in the handshake.
          ...(Net.isIP(name) === 0 ? { servername: name } : {})
        })
        socket.once("secureConnect", () => resume(Effect.succeed(socket.setNoDelay(true))))
        socket.on("error", (cause) => resume(Effect.fail(notOpened(cause))))
        return Effect.sync(() => void socket.destroy())
      }),
      (socket) => Effect.sync(() => socket.destroySoon()),
      { interruptible: true }
    )
  })

const notOpened = (cause: Error): Socket.SocketError =>
  new Socket.SocketError({ reason: new Socket.SocketOpenError({ kind: "Unknown", cause: plain(cause) }) })

const readably = (error: Socket.SocketError): Socket.SocketError =>
  error.reason._tag === "SocketReadError"
    ? new Socket.SocketError({ reason: new Socket.SocketReadError({ cause: plain(error.reason.cause) }) })
    : error

/** An error whose message is for people. */
const plain = (cause: unknown): unknown => {
  const reason = Certificates.reasonOf(cause)
  return cause instanceof Error && cause.message === reason ? cause : new Error(reason)
}
