import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Fiber, Layer, Metric, Redacted, Schema } from "effect"
import { TestClock } from "effect/testing"
import { once } from "node:events"
import { networkInterfaces } from "node:os"
import { text } from "node:stream/consumers"
import * as Tls from "node:tls"
import * as Certificates from "../src/Certificates.ts"
import * as Client from "../src/Client.ts"
import * as Endpoint from "../src/Endpoint.ts"
import { Kv } from "./fifth-protocol/Protocol.ts"
import { obstacle, read } from "./support/Certificates.ts"
import { count, layer, open, serveOn, type Stage, until } from "./support/Probe.ts"
import type * as RawPeer from "./support/RawPeer.ts"
import {
  assertServes,
  authority,
  client,
  connect,
  own,
  plainly,
  refusal,
  restOf,
  secureSocket,
  serveKv,
  serveProbe,
  socketTo,
  staged,
  stranger,
  type TlsEndpoint,
  trusting,
  useAuthorities
} from "./support/ServedTls.ts"
import * as Started from "./support/Started.ts"

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1")
)
/** How a record of the handshake begins that is longer than what comes of it. */
const record = "\u0016\u0003\u0001\u0010\u0000\u0001\u0000"

describe.skipIf(obstacle !== undefined)("TLS", () => {
  useAuthorities()

  describe("A server and its client", () => {
    for (const host of ["127.0.0.1", "localhost", ...(hasIPv6 ? ["::1"] : [])]) {
      it.effect(`have a conversation on ${host}`, () =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveKv({ host })
          assert.match(Endpoint.format(endpoint), /^tls:\/\/(127\.0\.0\.1|localhost|\[::1\]):[1-9]\d*$/)
          const kv = yield* Effect.provide(
            Client.make(Kv),
            Endpoint.layerClient(endpoint, { tls: trusting() })
          )
          assert.deepStrictEqual(yield* kv.send({ _tag: "put", key: "a", value: "1\n2" }), [{ _tag: "ok" }])
          assert.deepStrictEqual(yield* kv.send({ _tag: "keys" }), [
            { _tag: "key", key: "a" },
            { _tag: "end", count: 1 }
          ])
          const answers = yield* Effect.forEach(
            Array.from({ length: 1000 }, () => "a"),
            (key) => kv.send({ _tag: "get", key }),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(
            answers,
            answers.map(() => [{ _tag: "value", value: "1\n2" }])
          )
        })
      )
    }

    it.effect("take certificates and keys as text, too", () =>
      staged(() =>
        Effect.gen(function* () {
          const certificates = yield* Certificates.load({
            cert: { text: read(own.cert) },
            key: { text: Redacted.make(read(own.key)) },
            ca: { text: read(authority.cert) }
          })
          const ending: Endpoint.Ending & { readonly tls: Endpoint.TlsOptions } = { tls: { certificates } }
          const { endpoint } = yield* serveOn<TlsEndpoint, Stage>(
            { _tag: "Tls", host: "127.0.0.1", port: 0 },
            layer(),
            ending
          )
          yield* assertServes(endpoint, {
            ca: { text: read(authority.cert) },
            identity: { cert: { text: read(client.cert) }, key: { text: Redacted.make(read(client.key)) } }
          })
        })
      )
    )

    it.effect("know each other by the address that a lock-out counts by", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const socket = yield* secureSocket(endpoint)
          const { localPort } = socket
          socket.end("who\n")
          assert.strictEqual(yield* restOf(socket), `said tcp://127.0.0.1:${localPort}\n`)
        })
      )
    )
  })

  describe("openssl s_client", () => {
    for (const version of ["-tls1_2", "-tls1_3"]) {
      it.live(`has a conversation with ${version}`, () =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveKv()
          const peer = yield* Started.start([
            ...(["openssl", "s_client", "-quiet", "-verify_return_error", version] as const),
            ...["-connect", `127.0.0.1:${endpoint.port}`, "-CAfile", authority.cert]
          ])
          peer.stdin.write("put a 1\nget a\nkeys\nquit\n")
          const { code, stdout } = yield* peer.exit
          assert.strictEqual(stdout, "ok\nvalue 1\nkey a\nend 1\nok\n")
          assert.strictEqual(code, 0)
        })
      )
    }

    it.live("is refused with TLS 1.1", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const peer = yield* Started.start([
            ...(["openssl", "s_client", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"] as const),
            ...["-connect", `127.0.0.1:${endpoint.port}`]
          ])
          const { code, stderr } = yield* peer.exit
          assert.match(stderr, /alert protocol version/)
          assert.strictEqual(code, 1)
          yield* logs.until(/level=DEBUG.*unsupported protocol/)
          yield* assertServes(endpoint)
        })
      )
    )
  })

  describe("A handshake", () => {
    it.effect("has ten seconds, however it is drawn out", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const silent = yield* plainly(endpoint)
          const slow = yield* plainly(endpoint)
          yield* assertServes(endpoint)
          yield* TestClock.adjust("5 seconds")
          // The beginning of a greeting.
          yield* slow.send(new Uint8Array([22, 3, 1, 2, 0, 1]))
          yield* assertServes(endpoint)
          yield* TestClock.adjust("4999 millis")
          yield* slow.send(new Uint8Array([0]))
          yield* assertServes(endpoint)
          assert.isFalse(silent.socket.readableEnded || slow.socket.readableEnded)
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* silent.rest, "")
          assert.strictEqual(yield* slow.rest, "")
          yield* logs.until(/level=DEBUG.*it took longer than 10s/, 2)
          yield* assertServes(endpoint)
        })
      )
    )

    it.effect("takes no place of a connection, and gives its own to who comes when all are taken", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe({ maxConnections: 1, maxHandshakes: 3 })
          const [oldest, ...others] = yield* Effect.forEach([1, 2, 3], () => plainly(endpoint))
          yield* assertServes(endpoint)
          assert.strictEqual(yield* oldest!.rest, "")
          yield* logs.until(/level=DEBUG.*3 others were under way/)
          // The place of the one who was served is free again.
          const fourth = yield* plainly(endpoint)
          yield* assertServes(endpoint)
          assert.strictEqual(yield* others[0]!.rest, "")
          assert.isFalse(others[1]!.socket.readableEnded || fourth.socket.readableEnded)
        })
      )
    )

    it.effect.prop(
      "that begins with whatever it may closes that connection, and no other",
      {
        greeting: Arbitrary.schema(Schema.String),
        beginning: Arbitrary.schema(Schema.Literals(["", record]))
      },
      ({ beginning, greeting }) =>
        staged((logs) =>
          Effect.gen(function* () {
            const { endpoint } = yield* serveProbe()
            const open = yield* connect(endpoint)
            const peer = yield* plainly(endpoint)
            yield* peer.send(Buffer.from(beginning + greeting, "latin1"))
            yield* peer.end
            assert.notInclude(yield* peer.rest, "said")
            yield* logs.until(/TLS handshake with .* failed: /)
            assert.deepStrictEqual(yield* open.send({ _tag: "count" }), [{ _tag: "said", text: "1" }])
          }).pipe(Effect.scoped)
        ),
      { arbitrary: { runs: 30 } }
    )

    it.effect("that fails because of plain text closes that connection, and says so in a line", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const open = yield* connect(endpoint)
          for (const greeting of ["say a\n", "GET / HTTP/1.1\r\n\r\n", "\0".repeat(1000)]) {
            const peer = yield* plainly(endpoint)
            yield* peer.send(greeting)
            assert.notInclude(yield* peer.rest, "said")
          }
          yield* logs.until(/level=DEBUG.*the TLS handshake with 127\.0\.0\.1 on tls:.* failed: /, 3)
          assert.lengthOf(logs.all, 3)
          assert.notMatch(logs.all.join(""), /\n|cause=|the peer left/)
          assert.deepStrictEqual(yield* open.send({ _tag: "count" }), [{ _tag: "said", text: "1" }])
        })
      )
    )

    it.effect("that the peer breaks off is told of as that", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          for (const leave of [
            (peer: RawPeer.RawPeer) => peer.end,
            ({ socket }: RawPeer.RawPeer) => Effect.sync(() => void socket.resetAndDestroy())
          ]) {
            const peer = yield* plainly(endpoint)
            yield* leave(peer)
            assert.strictEqual(yield* peer.rest, "")
          }
          yield* assertServes(endpoint)
          yield* logs.until(/level=DEBUG.*127\.0\.0\.1 .*the peer left"$/, 2)
          assert.lengthOf(logs.all, 2)
        })
      )
    )

    it.effect("is counted when it fails", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          yield* refusal(endpoint, trusting(stranger))
          yield* logs.until(/failed: /)
          yield* assertServes(endpoint)
          const metrics = yield* Metric.snapshot
          const failed = metrics.find(({ id }) => id === "wireline_tls_handshakes_failed_total")
          assert.deepInclude(failed?.state, { count: 1 })
        }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
      )
    )
  })

  describe("A connection", () => {
    it.effect("that is half-closed gets the replies to what was sent, then it closes", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
            const socket = yield* secureSocket(endpoint, { maxVersion })
            socket.end(`big 300000\nwait ${maxVersion}\nsay last\nsay dropped`)
            yield* until(`wait ${maxVersion}`)
            yield* open(maxVersion)
            assert.strictEqual(
              yield* restOf(socket),
              `said ${"x".repeat(300_000)}\nsaid ${maxVersion}\nsaid last\n`
            )
          }
        })
      )
    )

    it.effect("that is half-closed with the last message of the handshake gets its replies, too", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
            const ca = read(authority.cert)
            const socket = Tls.connect({ ca, maxVersion, host: endpoint.host, socket: socketTo(endpoint) })
            socket.end("big 300000\nsay last\n")
            assert.strictEqual(yield* restOf(socket), `said ${"x".repeat(300_000)}\nsaid last\n`)
          }
        })
      )
    )

    it.effect("that ends without the farewell of TLS gets its replies, too", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const underneath = socketTo(endpoint)
          const socket = yield* secureSocket(endpoint, {}, underneath)
          socket.write("wait gate\nsay last\n")
          yield* until("wait gate")
          underneath.end()
          yield* open("gate")
          assert.strictEqual(yield* restOf(socket), "said gate\nsaid last\n")
        })
      )
    )

    it.effect("that an answer closes gets that answer while the peer is still sending", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const socket = yield* secureSocket(endpoint)
          socket.write(`bye now\n${"say more\n".repeat(100_000)}`)
          assert.strictEqual(yield* restOf(socket), "said now\n")
        })
      )
    )

    it.effect("whose peer does not read its replies is not read either, until it reads", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const socket = yield* secureSocket(endpoint)
          socket.end("big 200000\n".repeat(300))
          yield* until("big", 5)
          const other = yield* connect(endpoint)
          for (let i = 0; i < 300; i++) yield* other.send({ _tag: "count" })
          // What the kernel holds for both sides, and not 60 MB.
          assert.isBelow(yield* count("big"), 200)
          assert.lengthOf(yield* restOf(socket), 300 * 200_006)
          assert.strictEqual(yield* count("big"), 300)
        })
      )
    )

    it.effect("that is reset is released, and touches no other", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe()
          const other = yield* connect(endpoint)
          const [underBusy, underIdle] = [socketTo(endpoint), socketTo(endpoint)]
          const busy = yield* secureSocket(endpoint, {}, underBusy)
          busy.write("say a\nwait gate\nbig 1000000\n")
          yield* until("wait gate")
          underBusy.resetAndDestroy()
          const idle = yield* secureSocket(endpoint, {}, underIdle)
          idle.write("say a\n")
          yield* Effect.promise(() => once(idle, "data"))
          underIdle.resetAndDestroy()
          yield* until("session 3 released")
          assert.strictEqual(yield* count("session 2 released"), 0)
          yield* open("gate")
          yield* until("session 2 released")
          assert.deepStrictEqual(yield* other.send({ _tag: "count" }), [{ _tag: "said", text: "1" }])
          assert.strictEqual(logs.count(/level=(WARN|ERROR)/), 0)
        })
      )
    )

    it.effect("that is idle too long is closed", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe({ idleTimeout: "1 minute" })
          const socket = yield* secureSocket(endpoint)
          yield* until("session 1 built")
          yield* TestClock.adjust("1 minute")
          yield* until("session 1 released")
          yield* Effect.promise(() => text(socket).catch(() => ""))
        })
      )
    )

    it.effect("beyond the most that there may be is closed", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serveProbe({ maxConnections: 1 })
          const first = yield* connect(endpoint)
          assert.lengthOf(yield* first.send({ _tag: "count" }), 1)
          yield* refusal(endpoint)
          yield* logs.until(/refused a connection: 1 are open/)
          assert.lengthOf(yield* first.send({ _tag: "count" }), 1)
        })
      )
    )
  })

  describe("A server that stops", () => {
    it.effect("answers what has been asked, and leaves handshakes unfinished", () =>
      staged((logs) =>
        Effect.gen(function* () {
          const { endpoint, stop } = yield* serveProbe()
          const idle = yield* secureSocket(endpoint)
          const busy = yield* secureSocket(endpoint)
          const silent = yield* plainly(endpoint)
          busy.write("say a\nwait gate\nsay b\nmany 3\nsay c\nincomplete")
          yield* until("wait gate")
          yield* until("session 2 built")
          const stopping = yield* Effect.forkChild(stop, { startImmediately: true })
          assert.strictEqual(yield* restOf(idle), "")
          assert.strictEqual(yield* silent.rest, "")
          assert.match(yield* refusal(endpoint), /ECONNREFUSED/)
          yield* open("gate")
          assert.strictEqual(
            yield* restOf(busy),
            "said a\nsaid gate\nsaid b\nsaid 0\nsaid 1\nsaid 2\nsaid c\n"
          )
          yield* Fiber.join(stopping)
          assert.strictEqual(yield* count(/released$/), 2)
          assert.strictEqual(logs.count(/level=(WARN|ERROR)/), 0)
        })
      )
    )

    it.effect("answers what has come at that moment", () =>
      staged(() =>
        Effect.gen(function* () {
          const { endpoint, stop } = yield* serveProbe()
          const sockets = yield* Effect.forEach([1, 2, 3], () => secureSocket(endpoint))
          yield* until("session 3 built")
          for (const socket of sockets) {
            yield* Effect.promise(() => new Promise((resolve) => socket.write("say a\nsay b\n", resolve)))
          }
          yield* stop
          for (const socket of sockets) assert.strictEqual(yield* restOf(socket), "said a\nsaid b\n")
        })
      )
    )
  })

  it.effect("needs certificates", () =>
    Effect.gen(function* () {
      const endpoint = { _tag: "Tls", host: "127.0.0.1", port: 0 } as const
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Endpoint.layerServer(endpoint))))
      assert.instanceOf(error, Endpoint.ListenError)
      assert.match(error.message, /^cannot listen on tls:\/\/127\.0\.0\.1:0: it has no certificate; /)
    })
  )
})
