/**
 * Servers on `tls://` in the process of the test, and who speaks to them: with the typed client, and with sockets of
 * Node.js where a test has to see more.
 */
import { afterAll, assert, beforeAll } from "@effect/vitest"
import { Effect, Layer, References, type Scope } from "effect"
import { once } from "node:events"
import * as Net from "node:net"
import { text } from "node:stream/consumers"
import * as Tls from "node:tls"
import * as Certificates from "../../src/Certificates.ts"
import * as Client from "../../src/Client.ts"
import * as Endpoint from "../../src/Endpoint.ts"
import * as KvServer from "../fifth-protocol/Server.ts"
import { Store } from "../fifth-protocol/Store.ts"
import { Authority, type Issued, obstacle, read } from "./Certificates.ts"
import { type Happenings, withLogs } from "./Happenings.ts"
import { layer, type Options, Probe, serveOn, Stage } from "./Probe.ts"
import * as RawPeer from "./RawPeer.ts"

export type TlsEndpoint = Extract<Endpoint.Endpoint, { readonly _tag: "Tls" }>

/** The authority that servers have their certificates from, and clients trust; and one that nobody does. */
export let authority: Authority
export let stranger: Authority
/** What servers and clients show. */
export let own: Issued
export let client: Issued

/** Makes all of them for the tests of a file, and removes them after; says why it cannot. */
export const useAuthorities = (): void => {
  if (obstacle !== undefined) console.log(`skipping tests of TLS: ${obstacle}`)
  beforeAll(() => {
    authority = new Authority()
    stranger = new Authority("Stranger")
    own = authority.issue()
    client = authority.issue("DNS:client")
  })
  afterAll(() => {
    authority.remove()
    stranger.remove()
  })
}

export const identity = ({ cert, key }: Issued): Certificates.Identity => ({
  cert: { file: cert },
  key: { file: key }
})

export const trusting = (ca = authority) => ({ ca: { file: ca.cert } })

export interface Serving extends Options {
  readonly host?: string
  readonly shows?: Issued
  /** The authority of the clients' certificates. */
  readonly asks?: Authority
  readonly maxHandshakes?: number
}

/** Serves a protocol over TLS. */
const serve = <R>(options: Serving, protocol: Parameters<typeof serveOn<TlsEndpoint, R>>[1]) =>
  Effect.gen(function* () {
    const certificates = yield* Certificates.load({
      ...identity(options.shows ?? own),
      ...(options.asks === undefined ? {} : trusting(options.asks))
    })
    const ending = { ...options, tls: { ...options, certificates } }
    const server = yield* serveOn<TlsEndpoint, R>(
      { _tag: "Tls", host: options.host ?? "127.0.0.1", port: 0 },
      protocol,
      ending
    )
    return { ...server, certificates }
  }).pipe(Effect.orDie)

export const serveProbe = (options: Serving = {}) => serve(options, layer(options))

export const serveKv = (options: Serving = {}) => serve(options, Layer.provide(KvServer.layer(), Store.layer))

/** Runs a test with its logs, all of them, and a stage for the probe. */
export const staged = <A, E, R>(test: (logs: Happenings) => Effect.Effect<A, E, R>) =>
  withLogs((logs) =>
    test(logs).pipe(
      Effect.provide(Stage.layer, { local: true }),
      Effect.provideService(References.MinimumLogLevel, "Debug")
    )
  )

export const connect = (endpoint: TlsEndpoint, tls: Endpoint.TlsClientOptions = trusting()) =>
  Effect.provide(Client.make(Probe), Endpoint.layerClient(endpoint, { tls }))

/** Asks a server that must be there. */
export const assertServes = (endpoint: TlsEndpoint, tls?: Endpoint.TlsClientOptions) =>
  Effect.gen(function* () {
    const peer = yield* connect(endpoint, tls)
    assert.deepStrictEqual(yield* peer.send({ _tag: "say", text: "a" }), [{ _tag: "said", text: "a" }])
  }).pipe(Effect.scoped)

/** Why a client cannot speak to a server. */
export const refusal = (endpoint: TlsEndpoint, tls?: Endpoint.TlsClientOptions) =>
  Effect.gen(function* () {
    const peer = yield* connect(endpoint, tls)
    return yield* peer.send({ _tag: "say", text: "a" })
  }).pipe(
    Effect.scoped,
    Effect.flip,
    Effect.map((error) => {
      assert.instanceOf(error, Client.Disconnected)
      const [, why] = /^the connection could not be made, or ended before the answer came: (.+)$/.exec(
        error.message
      )!
      return why!
    })
  )

/** A socket of Node.js for TLS. */
export const socketTo = ({ host, port }: TlsEndpoint) => Net.connect({ host, port, allowHalfOpen: true })

/** TLS on such a socket, when its handshake is over. */
export const secureSocket = (
  endpoint: TlsEndpoint,
  options: Tls.ConnectionOptions = {},
  underneath = socketTo(endpoint)
): Effect.Effect<Tls.TLSSocket, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const { host } = endpoint
      const socket = Tls.connect({ ca: read(authority.cert), host, ...options, socket: underneath })
      await once(socket, "secureConnect")
      return socket.on("error", () => {})
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** All that comes, until the server ends the connection. */
export const restOf = (socket: Tls.TLSSocket) => Effect.promise(() => text(socket))

/** A peer on plain TCP. */
export const plainly = ({ host, port }: TlsEndpoint) => RawPeer.connect({ _tag: "Tcp", host, port })
