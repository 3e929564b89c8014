import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { once } from "node:events"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { Certificates, Client, Endpoint, Protocol } from "../../src/index.ts"
import { obstacle, read } from "../support/Certificates.ts"
import { layer, Modal, said } from "../support/Modal.ts"
import { serveOn, tcp } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"
import * as Scripted from "../support/Scripted.ts"
import {
  authority,
  client as clientsOwn,
  identity,
  own,
  stranger,
  trusting,
  useAuthorities
} from "../support/ServedTls.ts"
import { lastWordsOf } from "../support/Talk.ts"
import { turn } from "../support/Time.ts"

/** Serves on TCP with certificates. */
const serve = (options: { readonly asksClients?: boolean } = {}) =>
  Effect.gen(function* () {
    const certificates = yield* Certificates.load({
      ...identity(own),
      ...(options.asksClients === true ? trusting() : {})
    })
    const ending: Parameters<typeof Endpoint.layerServer>[1] = { tls: { certificates } }
    return (yield* serveOn<Endpoint.Endpoint & { readonly _tag: "Tcp" }, never>(tcp, layer(), ending))
      .endpoint
  })

const connect = (endpoint: Endpoint.Reachable) =>
  Effect.provide(Client.make(Modal), Endpoint.layerClient(endpoint))

/** Encrypts a raw connection, once the server has agreed to it. */
const encrypt = ({ socket }: RawPeer.RawPeer, options: Tls.ConnectionOptions = {}) =>
  Effect.promise(async () => {
    socket.removeAllListeners("data").setEncoding("binary")
    const secure = Tls.connect({ socket, host: "127.0.0.1", ca: read(authority.cert), ...options })
    await once(secure, "secureConnect")
    return secure.on("error", () => {}).setEncoding("latin1")
  })

/** The next lines on an encrypted connection. */
const linesOf = (secure: Tls.TLSSocket, count: number) =>
  Effect.promise(async () => {
    let text = ""
    while (text.split("\n").length <= count) text += String((await once(secure, "data"))[0])
    return text
  })

describe.skipIf(obstacle !== undefined)("connection.startTls", () => {
  useAuthorities()

  it.effect("encrypts a connection that has begun without, for both sides of the library", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve())
      assert.deepStrictEqual(yield* client.send({ _tag: "encrypted" }), [said("false-true")])
      assert.deepStrictEqual(yield* client.send({ _tag: "tls" }), [said("go-ahead")])
      yield* client.startTls({ ca: read(authority.cert), servername: "localhost" })
      assert.deepStrictEqual(yield* client.send({ _tag: "encrypted" }), [said("true-false")])
      const text = "x".repeat(90)
      assert.deepStrictEqual(
        yield* Effect.forEach(Array(1000).fill(text), (text) => client.send({ _tag: "say", text }), {
          concurrency: "unbounded"
        }),
        Array(1000).fill([said(text)])
      )
    })
  )

  it.effect("answers what came before it first", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect(yield* serve())
      yield* peer.send("say a\ntls\n")
      assert.deepStrictEqual(yield* peer.lines(2), ["said a", "said go-ahead"])
      const secure = yield* encrypt(peer)
      secure.write("encrypted\n")
      assert.strictEqual(yield* linesOf(secure, 1), "said true-false\n")
    })
  )

  // CVE-2011-0411: they would be answered as if they had been encrypted.
  for (const [what, injected] of [
    ["requests", "say injected\nsay injected\n"],
    ["a part of a request", "say inj"],
    ["a request that is invalid", "x".repeat(200) + "\n"],
    ["a part of one that is too long", "x".repeat(200)]
  ] as const) {
    it.effect(`discards ${what} that came in the same packet, before the handshake`, () =>
      Effect.gen(function* () {
        const peer = yield* RawPeer.connect(yield* serve())
        yield* peer.send(`tls\n${injected}`)
        assert.deepStrictEqual(yield* peer.lines(1), ["said go-ahead"])
        const secure = yield* encrypt(peer)
        secure.write("encrypted\nsay b\n")
        assert.strictEqual(yield* linesOf(secure, 2), "said true-false\nsaid b\n")
      })
    )
  }

  it.effect("discards what has begun in a mode, and goes on in that mode", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect(yield* serve())
      yield* peer.send("tls\nenter block plainly\nsay x\r\n.\r\n")
      assert.deepStrictEqual(yield* peer.lines(1), ["said go-ahead"])
      const secure = yield* encrypt(peer)
      secure.write("say y\n")
      assert.strictEqual(yield* linesOf(secure, 1), "said y\n")
    })
  )

  it.effect("is refused a second time, and the connection goes on", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve())
      yield* client.send({ _tag: "tls" })
      yield* client.startTls({ ca: read(authority.cert), servername: "localhost" })
      assert.deepStrictEqual(yield* client.send({ _tag: "tls" }), [{ _tag: "failed", reason: "internal" }])
      assert.deepStrictEqual(yield* client.send({ _tag: "encrypted" }), [said("true-false")])
    })
  )

  it.effect("is not possible without certificates", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serveOn(tcp, layer())
      const client = yield* connect(endpoint)
      assert.deepStrictEqual(yield* client.send({ _tag: "encrypted" }), [said("false-false")])
      assert.deepStrictEqual(yield* client.send({ _tag: "tls" }), [{ _tag: "failed", reason: "internal" }])
      assert.deepStrictEqual(yield* client.send({ _tag: "say", text: "a" }), [said("a")])
    })
  )

  it.effect("is not possible on a connection that is encrypted from the beginning", () =>
    Effect.gen(function* () {
      const certificates = yield* Certificates.load(identity(own))
      const ending: Parameters<typeof Endpoint.layerServer>[1] = { tls: { certificates } }
      const tls = { _tag: "Tls", host: "127.0.0.1", port: 0 } as const
      const { endpoint } = yield* serveOn<Endpoint.Endpoint & { readonly _tag: "Tls" }, never>(
        tls,
        layer(),
        ending
      )
      const client = yield* Effect.provide(
        Client.make(Modal),
        Endpoint.layerClient(endpoint, { tls: trusting() })
      )
      assert.deepStrictEqual(yield* client.send({ _tag: "encrypted" }), [said("true-false")])
      assert.deepStrictEqual(yield* client.send({ _tag: "tls" }), [{ _tag: "failed", reason: "internal" }])
    })
  )

  it.effect("ends the connection, and no other, when there is no handshake", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve()
      const [other, peer] = [yield* connect(endpoint), yield* RawPeer.connect(endpoint)]
      yield* peer.send("tls\n")
      yield* peer.lines(1)
      yield* peer.send("say a\nsay b\nsay c\n")
      // It gets the alert of TLS, at most, and no answer.
      assert.notInclude(yield* peer.rest, "said")
      assert.deepStrictEqual(yield* other.send({ _tag: "say", text: "a" }), [said("a")])
    })
  )

  it.effect("ends the connection, and no other, when the peer does not trust the certificate", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve()
      const [other, client] = [yield* connect(endpoint), yield* connect(endpoint)]
      yield* client.send({ _tag: "tls" })
      const error = yield* Effect.flip(client.startTls({ ca: read(stranger.cert), servername: "localhost" }))
      assert.instanceOf(error, Client.Disconnected)
      assert.match(error.message, /unable to verify|self-signed|issuer/)
      assert.strictEqual(yield* Effect.flip(client.send({ _tag: "encrypted" })), yield* client.closed)
      assert.deepStrictEqual(yield* other.send({ _tag: "say", text: "a" }), [said("a")])
    })
  )

  it.effect("ends the connection when the peer leaves instead", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect(yield* serve())
      yield* peer.send("tls\n")
      yield* peer.lines(1)
      yield* peer.end
      assert.strictEqual(yield* peer.rest, "")
    })
  )

  it.effect("ends the connection when the handshake takes longer than 10 seconds", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect(yield* serve())
      yield* peer.send("tls\n")
      yield* peer.lines(1)
      for (let i = 0; i < 10; i++) yield* turn
      yield* TestClock.adjust("9999 millis")
      assert.isFalse(peer.socket.readableEnded)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* peer.rest, "")
    })
  )

  it.effect("lets in clients with a certificate only, where the endpoint asks for one", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve({ asksClients: true })
      const [guest, member] = [yield* connect(endpoint), yield* connect(endpoint)]
      const trusted = { ca: read(authority.cert), servername: "localhost" }
      yield* guest.send({ _tag: "tls" })
      // For the client of TLS 1.3 the handshake is over before the server has seen its certificate.
      yield* Effect.ignore(guest.startTls(trusted))
      assert.instanceOf(yield* Effect.flip(guest.send({ _tag: "encrypted" })), Client.Disconnected)
      yield* member.send({ _tag: "tls" })
      yield* member.startTls({
        ...trusted,
        cert: read(clientsOwn.cert),
        key: Redacted.make(read(clientsOwn.key))
      })
      assert.deepStrictEqual(yield* member.send({ _tag: "encrypted" }), [said("true-false")])
    })
  )

  it.effect("serves many connections that encrypt at once", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve()
      yield* Effect.forEach(
        Array.from({ length: 30 }, (_, i) => `peer-${i}`),
        (text) =>
          Effect.gen(function* () {
            const client = yield* connect(endpoint)
            yield* client.send({ _tag: "tls" })
            yield* client.startTls({ ca: read(authority.cert), servername: "localhost" })
            assert.deepStrictEqual(yield* client.send({ _tag: "say", text }), [said(text)])
          }).pipe(Effect.scoped),
        { concurrency: "unbounded" }
      )
    })
  )

  it.effect("makes the client forget what came in the clear", () =>
    Effect.gen(function* () {
      const impostor = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const server = Net.createServer((socket) => {
            socket.once("data", () => {
              // The part of a reply that another may have added to the packet on its way.
              socket.write("said go-ahead\nsaid injected-")
              const secure = new Tls.TLSSocket(socket, {
                isServer: true,
                cert: read(own.cert),
                key: read(own.key)
              })
              secure.on("data", () => secure.write("said true-false\n"))
            })
          })
          await once(server.listen(0, "127.0.0.1"), "listening")
          return server
        }),
        (server) => Effect.sync(() => server.close())
      )
      const { port } = impostor.address() as Net.AddressInfo
      const client = yield* connect({ ...tcp, port })
      yield* client.send({ _tag: "tls" })
      yield* client.startTls({ ca: read(authority.cert), servername: "localhost" })
      assert.deepStrictEqual(yield* client.send({ _tag: "encrypted" }), [said("true-false")])
    })
  )

  it.effect("gives way to an answer that closes the connection", () =>
    Effect.gen(function* () {
      const certificates = yield* Certificates.load(identity(own))
      const ending: Parameters<typeof Endpoint.layerServer>[1] = { tls: { certificates } }
      const server = Scripted.layer({
        tls: ({ startTls }) => {
          startTls()
          return Protocol.closing(Scripted.said("bye"))
        }
      })
      const { endpoint } = yield* serveOn<typeof tcp, never>(tcp, server, ending)
      assert.strictEqual(yield* lastWordsOf({ endpoint }, "do tls\n"), "said bye\n")
    })
  )
})
