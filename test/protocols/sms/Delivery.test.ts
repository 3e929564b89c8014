/** Handing a text over to a server, and what becomes of it when that is away. */
import { createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, type Scope } from "effect"
import * as Delivery from "../../../src/protocols/sms/Delivery.ts"
import type { Text } from "../../../src/protocols/sms/Protocol.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { serveSms } from "../../support/ServedSms.ts"
import { passing } from "../../support/Time.ts"

const text: Text = { _tag: "text", sms_number: "+33612345678", sms_text: "whoami" }

/** A server that does with each connection what it is told, on a socket that is not there before. */
const listen = (path: string, onConnection: (socket: Socket, count: number) => void) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      let count = 0
      const server = createServer((socket) => {
        socket.on("error", () => {})
        onConnection(socket, ++count)
      }).listen(path, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

const answer = '{"received_length":49,"output":"#Err: command denied","chain":[]}\n'

const unixIn = Effect.map(
  temporaryDirectory,
  (directory) => ({ _tag: "Unix", path: join(directory, "s") }) as const
)

const failureOf = <A>(effect: Effect.Effect<A, Delivery.NotDelivered, Scope.Scope>) =>
  Effect.map(Effect.exit(effect), (exit) => (Exit.isFailure(exit) ? String(exit.cause) : "delivered"))

describe("A text", () => {
  it.effect("is delivered when the server has answered, and what it answers goes out by itself", () =>
    Effect.gen(function* () {
      const { endpoint, sent } = yield* serveSms()
      yield* Delivery.deliver(endpoint, text, "10 seconds")
      assert.deepStrictEqual(sent, [{ number: "+33612345678", text: "+33612345678" }])
    })
  )

  it.effect("is delivered to a server that starts meanwhile, and once", () =>
    Effect.gen(function* () {
      const endpoint = yield* unixIn
      const delivering = yield* Effect.forkChild(Delivery.deliver(endpoint, text, "10 seconds"))
      let received = ""
      const start = listen(endpoint.path, (socket) => {
        socket.on("data", (bytes) => {
          received += String(bytes)
          socket.write(answer)
        })
      })
      yield* passing("100 millis", Effect.sleep("2 seconds"))
      yield* start
      yield* passing("100 millis", Fiber.join(delivering))
      assert.deepStrictEqual(JSON.parse(received), { sms_number: "+33612345678", sms_text: "whoami" })
    })
  )

  it.effect("is handed over again where the connection ends before the answer", () =>
    Effect.gen(function* () {
      const endpoint = yield* unixIn
      let connections = 0
      yield* listen(endpoint.path, (socket, count) => {
        connections = count
        socket.on("data", () => (count < 3 ? socket.destroy() : socket.write(answer)))
      })
      const took = yield* passing("100 millis", Delivery.deliver(endpoint, text, "10 seconds"))
      assert.strictEqual(connections, 3)
      assert.isTrue(Duration.toSeconds(took) >= 1)
    })
  )

  it.effect("is not delivered where nobody takes it in time, and why is told", () =>
    Effect.gen(function* () {
      const endpoint = yield* unixIn
      const delivering = yield* Effect.forkChild(failureOf(Delivery.deliver(endpoint, text, "10 seconds")))
      const took = yield* passing("500 millis", Fiber.await(delivering))
      assert.include(yield* Fiber.join(delivering), `unix:${endpoint.path}`)
      assert.include(yield* Fiber.join(delivering), "ENOENT")
      assert.isTrue(Duration.toSeconds(took) >= 10)
    })
  )

  it.effect("is not delivered to a server that does not answer at all", () =>
    Effect.gen(function* () {
      const endpoint = yield* unixIn
      yield* listen(endpoint.path, (socket) => void socket.resume())
      const delivering = yield* Effect.forkChild(failureOf(Delivery.deliver(endpoint, text, "10 seconds")))
      yield* passing("500 millis", Fiber.await(delivering))
      assert.include(yield* Fiber.join(delivering), "it does not answer")
    })
  )

  it.effect("is not handed over again to a server that takes no such message, or speaks something else", () =>
    Effect.gen(function* () {
      for (const [says, why] of [
        [
          '{"received_length":49,"error":"longer than 10 bytes","chain":[]}\n',
          "refused: longer than 10 bytes"
        ],
        ["error protocol\n", "what is no reply"]
      ] as const) {
        const endpoint = yield* unixIn
        let connections = 0
        yield* listen(endpoint.path, (socket, count) => {
          connections = count
          socket.on("data", () => socket.write(says))
        })
        assert.include(yield* failureOf(Delivery.deliver(endpoint, text, "10 seconds")), why)
        assert.strictEqual(connections, 1)
      }
    })
  )
})
