import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { Socket, SocketServer } from "effect/socket"
import { TestClock } from "effect/testing"
import * as Client from "../src/Client.ts"
import * as Testing from "../src/Testing.ts"
import { Kv } from "./fifth-protocol/Protocol.ts"
import * as KvServer from "./fifth-protocol/Server.ts"
import { Store } from "./fifth-protocol/Store.ts"
import { count, layer, open, type Options, Probe, Stage, until } from "./support/Probe.ts"
import { turn } from "./support/Time.ts"

const kv = Layer.provide(KvServer.layer(), Store.layer)

/** Serves the probe in memory. */
const serve = (options: Options = {}, network?: Testing.NetworkOptions) =>
  Testing.serve(layer(options), network)

/** Time enough for whatever can go on to go on. */
const settled = Effect.replicateEffect(turn, 20, { discard: true })

const staged = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, Stage.layer, { local: true })

describe("A server in memory", () => {
  it.effect("answers a client", () =>
    Effect.gen(function* () {
      const client = yield* Testing.client(Kv, kv)
      assert.deepStrictEqual(yield* client.send({ _tag: "put", key: "a", value: "1\n2" }), [{ _tag: "ok" }])
      assert.deepStrictEqual(yield* client.send({ _tag: "get", key: "a" }), [
        { _tag: "value", value: "1\n2" }
      ])
    })
  )

  it.effect("has a session for each of its connections", () =>
    Effect.gen(function* () {
      const network = yield* Testing.serve(kv)
      const [one, two] = [yield* network.client(Kv), yield* network.client(Kv)]
      yield* one.send({ _tag: "use", namespace: "n" })
      yield* one.send({ _tag: "put", key: "a", value: "1" })
      assert.deepStrictEqual(yield* two.send({ _tag: "get", key: "a" }), [
        { _tag: "Failure", reason: "not-found" }
      ])
      yield* two.send({ _tag: "use", namespace: "n" })
      assert.deepStrictEqual(yield* two.send({ _tag: "get", key: "a" }), [{ _tag: "value", value: "1" }])
    })
  )

  for (const maxChunk of [1, 3, 65_536]) {
    it.effect(`answers a peer byte for byte, in chunks of at most ${maxChunk}`, () =>
      Effect.gen(function* () {
        const network = yield* Testing.serve(kv, { maxChunk })
        const peer = yield* network.connect
        yield* peer.send("put b two\\ words\r\nget b\nkeys\n")
        yield* peer.expect("ok\nvalue two\\ words\n")
        assert.deepStrictEqual(yield* peer.lines(2), ["key b", "end 1"])
        yield* peer.send(Uint8Array.of(0xff, 0x0a))
        assert.strictEqual(yield* peer.line, "error syntax")
      })
    )
  }

  it.effect("answers what it has received when its peer half-closes, and then closes", () =>
    staged(
      Effect.gen(function* () {
        const peer = yield* (yield* serve()).connect
        yield* peer.send("say a\nsay b\nsay inc")
        yield* peer.end
        assert.strictEqual(yield* peer.rest, "said a\nsaid b\n")
      })
    )
  )

  it.effect("releases the session of a peer whose connection breaks off", () =>
    staged(
      Effect.gen(function* () {
        const peer = yield* (yield* serve()).connect
        yield* peer.send("say a\n")
        yield* peer.expect("said a\n")
        yield* peer.reset
        yield* until("session 1 released")
        const error = yield* Effect.flip(peer.expect("said"))
        assert.strictEqual(error.message, 'the connection ended after ""')
      })
    )
  )

  it.effect("does not go on for a peer that does not read, and does when it reads", () =>
    staged(
      Effect.gen(function* () {
        const peer = yield* (yield* serve({}, { capacity: 1000 })).connect
        yield* peer.send("big 60000\n".repeat(10))
        yield* until("big")
        yield* settled
        const answered = yield* count("big")
        assert.isBelow(answered, 4)
        yield* peer.end
        assert.strictEqual((yield* peer.rest).length, 10 * "said \n".length + 600_000)
        assert.strictEqual(yield* count("big"), 10)
      })
    )
  )

  it.effect("makes a peer wait whose requests it does not read yet", () =>
    staged(
      Effect.gen(function* () {
        const peer = yield* (yield* serve({}, { capacity: 1000 })).connect
        yield* peer.send("wait gate\n")
        yield* until("wait gate")
        const sending = yield* Effect.forkChild(peer.send(`say ${"x".repeat(900)}\n`.repeat(30)), {
          startImmediately: true
        })
        yield* settled
        assert.isUndefined(sending.pollUnsafe())
        yield* open("gate")
        yield* Fiber.join(sending)
        yield* peer.expect("said gate\nsaid x")
      })
    )
  )

  it.effect("closes an idle connection when the test's clock says so", () =>
    staged(
      Effect.gen(function* () {
        const peer = yield* (yield* serve({ idleTimeout: "1 minute" })).connect
        yield* peer.send("say a\n")
        yield* peer.expect("said a\n")
        const rest = yield* Effect.forkChild(peer.rest, { startImmediately: true })
        yield* TestClock.adjust("59 seconds")
        yield* settled
        assert.isUndefined(rest.pollUnsafe())
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(rest), "")
      })
    )
  )

  for (const [time, isWhole] of [
    ["4 seconds", true],
    ["5 seconds", false]
  ] as const) {
    it.effect(
      `has ${isWhole ? "flushed" : "dropped"} what a peer has not taken for ${time} when it closes`,
      () =>
        staged(
          Effect.gen(function* () {
            const peer = yield* (yield* serve({}, { capacity: 1000 })).connect
            yield* peer.send("big 5000\n")
            yield* peer.end
            yield* until("session 1 released")
            yield* settled
            yield* TestClock.adjust(time)
            assert.strictEqual((yield* peer.rest).length === "said \n".length + 5000, isWhole)
          })
        )
    )
  }

  it.effect("drains when it is released: it finishes what it has received, and refuses whatever comes", () =>
    staged(
      Effect.gen(function* () {
        const network = yield* Testing.network()
        const server = yield* network.serve(layer())
        const peer = yield* network.connect
        yield* peer.send("later gate\nsay a\n")
        yield* until("later gate")
        const stopping = yield* Effect.forkChild(server.stop, { startImmediately: true })
        yield* settled
        const refusal = yield* Effect.flip(Effect.scoped(network.connect))
        assert.isTrue(Socket.isSocketError(refusal))
        yield* peer.send("say late\n")
        assert.isUndefined(stopping.pollUnsafe())
        yield* open("gate")
        assert.strictEqual(yield* peer.rest, "said gate\nsaid a\n")
        yield* Fiber.join(stopping)

        yield* network.serve(layer())
        const next = yield* network.connect
        yield* next.send("say again\n")
        yield* next.expect("said again\n")
      })
    )
  )

  it.effect("breaks off what does not finish in time when it is released", () =>
    staged(
      Effect.gen(function* () {
        const network = yield* Testing.network({ drainTimeout: "3 seconds" })
        const server = yield* network.serve(layer())
        const peer = yield* network.connect
        yield* peer.send("wait never\n")
        yield* until("wait never")
        const stopping = yield* Effect.forkChild(server.stop, { startImmediately: true })
        yield* settled
        assert.isUndefined(stopping.pollUnsafe())
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(stopping)
        yield* until("session 1 released")
        assert.strictEqual(yield* peer.rest, "")
      })
    )
  )

  it.effect("serves sockets that are wrapped, through their reader and their writer", () =>
    staged(
      Effect.gen(function* () {
        const network = yield* Testing.network({ maxChunk: 2 })
        const wrapped = Layer.succeed(SocketServer.SocketServer, {
          address: network.server.address,
          run: (handler) =>
            network.server.run(({ reader, writer }) => handler(Socket.make({ reader, writer })))
        })
        yield* Layer.build(Layer.provide(layer(), wrapped))
        const peer = yield* network.connect
        yield* peer.send("say a\nwho\nbye b\nsay c\n")
        assert.strictEqual(yield* peer.rest, "said a\nsaid memory:1\nsaid b\n")
      })
    )
  )
})

describe("A client in memory", () => {
  it.effect("gives up a request when the test's clock says so, and keeps the answers of later ones", () =>
    staged(
      Effect.gen(function* () {
        const client = yield* Testing.client(Probe, layer())
        const late = yield* Effect.forkChild(
          Effect.flip(client.send({ _tag: "wait", gate: "late" }, { timeout: "1 minute" }))
        )
        yield* until("wait late")
        yield* TestClock.adjust("1 minute")
        assert.instanceOf(yield* Fiber.join(late), Client.RequestTimeout)
        const next = yield* Effect.forkChild(client.send({ _tag: "say", text: "a" }), {
          startImmediately: true
        })
        yield* open("late")
        assert.deepStrictEqual(yield* Fiber.join(next), [{ _tag: "said", text: "a" }])
      })
    )
  )

  it.effect("speaks to a test that plays the server", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network()
      const client = yield* network.client(Probe)
      const server = yield* network.accept
      const answer = yield* Effect.forkChild(client.send({ _tag: "count" }))
      yield* server.expect("count\n")
      yield* server.send("said 1\n")
      assert.deepStrictEqual(yield* Fiber.join(answer), [{ _tag: "said", text: "1" }])
      const error = yield* Effect.flip(
        Effect.andThen(Effect.forkChild(client.send({ _tag: "who" })), server.expect("how\n"))
      )
      assert.strictEqual(error.message, 'expected "how\\n", received "who\\n"')
    })
  )

  it.effect("is connected to the server of the same program", () =>
    Effect.gen(function* () {
      const client = yield* Client.make(Kv)
      assert.deepStrictEqual(yield* client.send({ _tag: "keys" }), [{ _tag: "end", count: 0 }])
    }).pipe(Effect.provide(Layer.provideMerge(kv, Testing.layer())))
  )

  it.effect("is refused where nothing accepts", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network()
      yield* network.refuse
      const error = yield* Effect.flip(network.client(Kv))
      assert.strictEqual(error.reason, "the connection was refused")
      const accepting = yield* Effect.forkChild(network.accept, { startImmediately: true })
      yield* network.client(Kv)
      yield* Fiber.join(accepting)
    })
  )
})
