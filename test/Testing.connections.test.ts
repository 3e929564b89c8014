import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { Socket } from "effect/socket"
import * as Testing from "../src/Testing.ts"
import { count, layer, open, type Options, Probe, Stage, until } from "./support/Probe.ts"
import { begin, settled } from "./client/Talk.ts"

const staged = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, Stage.layer, { local: true })

const serve = (options: Options = {}) => Testing.serve(layer(options))

/** Two peers that are connected to one another. */
const peers = (options?: Testing.NetworkOptions) =>
  Effect.gen(function* () {
    const network = yield* Testing.network(options)
    return { one: yield* network.connect, other: yield* network.accept }
  })

describe("A connection in memory", () => {
  it.effect("carries bytes as they were when they were sent", () =>
    Effect.gen(function* () {
      const { one, other } = yield* peers()
      const bytes = Uint8Array.of(1, 2, 3)
      yield* one.send(bytes)
      bytes.fill(0)
      yield* other.expect(Uint8Array.of(1, 2, 3))
    })
  )

  it.effect("loses what is under way when it breaks off", () =>
    staged(
      Effect.gen(function* () {
        const peer = yield* (yield* serve()).connect
        yield* peer.send("big 10\n")
        yield* peer.reset
        yield* until("session 1 released")
        assert.strictEqual(yield* count("big"), 0)
      })
    )
  )

  it.effect("delivers what was sent before it was closed, and takes nothing more", () =>
    Effect.gen(function* () {
      const { one, other } = yield* peers()
      yield* one.send("a")
      yield* one.close
      assert.isTrue(Socket.isSocketError(yield* Effect.flip(one.send("b"))))
      assert.isTrue(Socket.isSocketError(yield* Effect.flip(other.send("c"))))
      assert.strictEqual(yield* other.rest, "a")
    })
  )

  it.effect("is open in the other direction when one side has half-closed", () =>
    Effect.gen(function* () {
      const { one, other } = yield* peers()
      yield* one.end
      assert.isTrue(Socket.isSocketError(yield* Effect.flip(one.send("b"))))
      assert.strictEqual(yield* other.rest, "")
      yield* other.send("c")
      yield* one.expect("c")
    })
  )

  it.effect("fails a write that waits when the other side closes", () =>
    Effect.gen(function* () {
      const { one, other } = yield* peers({ capacity: 10 })
      const sending = yield* begin(Effect.flip(one.send("x".repeat(100_000))))
      yield* settled
      assert.isUndefined(sending.pollUnsafe())
      yield* other.close
      assert.isTrue(Socket.isSocketError(yield* Fiber.join(sending)))
    })
  )

  for (const [name, reads, reason] of [
    ["has closed the connection", true, "the server closed the connection"],
    ["has reset the connection if it has not read everything", false, "the connection was reset"]
  ] as const) {
    it.effect(`shows a client that the server ${name}`, () =>
      Effect.gen(function* () {
        const network = yield* Testing.network()
        const client = yield* network.client(Probe)
        const server = yield* network.accept
        yield* begin(Effect.exit(client.send({ _tag: "count" })))
        yield* settled
        if (reads) yield* server.expect("count\n")
        yield* server.close
        const error = yield* client.closed
        assert.strictEqual(error._tag === "Disconnected" && error.reason, reason)
      })
    )
  }

  it.effect("is closed with the scope of its client", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network()
      yield* Effect.scoped(network.client(Probe))
      const server = yield* network.accept
      assert.strictEqual(yield* server.rest, "")
      yield* settled
      assert.isTrue(Socket.isSocketError(yield* Effect.flip(server.send("said a\n"))))
    })
  )

  it.effect(
    "fails a pull that waits when the scope of its reader closes, although much is to be written",
    () =>
      Effect.gen(function* () {
        const { socket } = yield* Testing.network({ capacity: 10 })
        const scope = yield* Scope.make()
        const { pull } = yield* Scope.provide(socket.reader, scope)
        yield* Effect.flatMap(Scope.provide(socket.writer, scope), ({ write }) => write("x".repeat(10_000)))
        const pulling = yield* begin(Effect.flip(pull))
        yield* Scope.close(scope, Exit.void)
        assert.isTrue(Socket.isSocketError(yield* Fiber.join(pulling)))
        assert.isTrue(Socket.isSocketError(yield* Effect.flip(pull)))
      })
  )

  it.effect("is broken off where it was not accepted when connections are refused", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network()
      const peer = yield* network.connect
      yield* network.refuse
      assert.strictEqual(yield* peer.rest, "")
    })
  )

  it.effect("is closed when the server has no room for it", () =>
    staged(
      Effect.gen(function* () {
        const network = yield* serve({ maxConnections: 1 })
        const [one, two] = [yield* network.connect, yield* network.connect]
        assert.strictEqual(yield* two.rest, "")
        yield* one.send("say a\n")
        yield* one.expect("said a\n")
      })
    )
  )

  it.effect("ends in good order when its server drains, whatever is still sent to it", () =>
    staged(
      Effect.gen(function* () {
        const network = yield* Testing.network()
        const server = yield* network.serve(layer())
        const client = yield* network.client(Probe)
        const sent = yield* begin(client.send({ _tag: "later", gate: "gate" }))
        yield* until("later gate")
        const stopping = yield* begin(server.stop)
        yield* settled
        const late = yield* begin(Effect.flip(client.send({ _tag: "say", text: "late" })))
        yield* open("gate")
        assert.deepStrictEqual(yield* Fiber.join(sent), [{ _tag: "said", text: "gate" }])
        const error = yield* Fiber.join(late)
        assert.strictEqual(error._tag === "Disconnected" && error.reason, "the server closed the connection")
        yield* Fiber.join(stopping)
      })
    )
  )
})
