import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Stream } from "effect"
import { once } from "node:events"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Certificates from "../../src/Certificates.ts"
import { Client, Command, Endpoint, Framing, Message, Protocol, Server, Syntax } from "../../src/index.ts"
import { obstacle, read } from "../support/Certificates.ts"
import { serveOn, tcp } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { authority, identity, own, stranger, useAuthorities } from "../support/ServedTls.ts"
import { begin, scripted, settled, TalkWithNews } from "./Talk.ts"

const Encrypt = Message.make("encrypt", {})
const Say = Message.make("say", { text: Syntax.Word })
const Ready = Message.make("ready", {})
const Said = Message.make("said", { text: Syntax.Word, how: Syntax.Word })

const Secret = Protocol.make({
  name: "secret",
  framing: Framing.lines({ maxLength: 100 }),
  request: Syntax.words([Encrypt, Say]),
  reply: Syntax.words([Ready, Said])
})

const server = Server.layer(Secret, {
  commands: {
    encrypt: Command.layer(Secret, "encrypt", (_, connection) => {
      connection.startTls()
      return { _tag: "ready" }
    }),
    say: Command.layer(Secret, "say", ({ text }, { isEncrypted }) => ({
      _tag: "said",
      text,
      how: isEncrypted ? "encrypted" : "plain"
    }))
  }
})

const serve = Effect.gen(function* () {
  const ending = {
    drainTimeout: "5 seconds" as const,
    tls: { certificates: yield* Certificates.load(identity(own)) }
  }
  return yield* serveOn(tcp, server, ending)
}).pipe(Effect.orDie)

/** A server that is not of this library: what it sends before the handshake, and then over TLS. */
const impostor = (before: string, encrypted: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const sockets = new Set<Net.Socket>()
        const server = Net.createServer((socket) => {
          sockets.add(socket.on("error", () => {}))
          socket.once("data", () => {
            socket.write(before)
            const tls = new Tls.TLSSocket(socket, {
              isServer: true,
              key: read(own.key),
              cert: read(own.cert)
            })
            tls.on("error", () => {}).on("data", () => tls.write(encrypted))
          })
        }).listen(0, "127.0.0.1")
        await once(server, "listening")
        return { server, sockets }
      }),
      ({ server, sockets }) =>
        Effect.sync(() => {
          server.close()
          for (const socket of sockets) socket.destroy()
        })
    ),
    ({ server }) =>
      ({ _tag: "Tcp", host: "127.0.0.1", port: (server.address() as Net.AddressInfo).port }) as const
  )

const connect = (endpoint: Endpoint.Reachable) =>
  Effect.provide(Client.make(Secret), Endpoint.layerClient(endpoint))

const say = (text: string) => ({ _tag: "say", text }) as const
const trusting = (ca = authority) => ({ ca: read(ca.cert), servername: "localhost" })

describe.skipIf(obstacle !== undefined)("STARTTLS", () => {
  useAuthorities()

  it.effect("encrypts what follows, in both directions", () =>
    Effect.gen(function* () {
      const client = yield* connect((yield* serve).endpoint)
      assert.deepStrictEqual(yield* client.send(say("a")), [{ _tag: "said", text: "a", how: "plain" }])
      assert.deepStrictEqual(yield* client.send({ _tag: "encrypt" }), [{ _tag: "ready" }])
      yield* client.startTls(trusting())
      const answers = yield* Effect.forEach(["a", "b", "c"], (text) => client.send(say(text)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        answers,
        ["a", "b", "c"].map((text) => [{ _tag: "said", text, how: "encrypted" }])
      )
    })
  )

  it.effect("discards on the server what came before the handshake", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serve
      const peer = yield* RawPeer.connect(endpoint)
      yield* peer.send("encrypt\nsay injected\nsay inj")
      assert.deepStrictEqual(yield* peer.lines(1), ["ready"])
      const answer = yield* Effect.promise(async () => {
        peer.socket.removeAllListeners("data")
        const tls = Tls.connect({ socket: peer.socket, ca: read(authority.cert), servername: "localhost" })
        await once(tls, "secureConnect")
        tls.setEncoding("utf8").write("say real\n")
        return String((await once(tls, "data"))[0])
      })
      assert.strictEqual(answer, "said real encrypted\n")
    })
  )

  it.effect("discards in the client half a frame that came before the handshake", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* impostor("ready\nsaid injected ", "said real encrypted\n"))
      yield* client.send({ _tag: "encrypt" })
      yield* client.startTls(trusting())
      assert.deepStrictEqual(yield* client.send(say("x")), [{ _tag: "said", text: "real", how: "encrypted" }])
    })
  )

  it.effect(
    "fails the connection of a client that receives more than it asked for before the handshake",
    () =>
      Effect.gen(function* () {
        const client = yield* connect(
          yield* impostor("ready\nsaid injected plain\n", "said real encrypted\n")
        )
        yield* client.send({ _tag: "encrypt" })
        const error = yield* Effect.flip(Effect.andThen(client.startTls(trusting()), client.send(say("x"))))
        assert.instanceOf(error, Client.UnexpectedReply)
      })
  )

  it.effect("fails the connection of a client that reads something while it encrypts", () =>
    Effect.gen(function* () {
      const client = yield* scripted(TalkWithNews, ["news injected\n"], {
        upgrade: Effect.andThen(settled, settled)
      })
      assert.instanceOf(yield* Effect.flip(client.startTls()), Client.UnreadableReply)
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.catch(client.pushes, () => Stream.empty)), [])
    })
  )

  it.effect("ends the connection to a server that no trusted authority vouches for", () =>
    Effect.gen(function* () {
      const client = yield* connect((yield* serve).endpoint)
      yield* client.send({ _tag: "encrypt" })
      const error = yield* Effect.flip(client.startTls(trusting(stranger)))
      assert.instanceOf(error, Client.Disconnected)
      assert.match(error.reason, /certificate/)
      assert.strictEqual(yield* Effect.flip(client.send(say("secret"))), error)
    })
  )

  it.effect("is a defect while answers are missing", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* impostor("", ""))
      yield* begin(Effect.exit(client.send(say("a"))))
      yield* settled
      const exit = yield* Effect.exit(client.startTls(trusting()))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )
})
