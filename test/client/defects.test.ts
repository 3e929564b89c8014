/** Defects in what a program gives to a client: they end the connection, and nothing waits for ever. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, Stream } from "effect"
import { Socket } from "effect/socket"
import * as Client from "../../src/Client.ts"
import * as Testing from "../../src/Testing.ts"
import { begin, get, play, settled, Talk } from "./Talk.ts"

describe("A body that is interrupted", () => {
  it.effect("fails the connection, and what waits for answers", () =>
    Effect.gen(function* () {
      const { client } = yield* play(Talk)
      const body = Stream.concat(Stream.make("x"), Stream.fromEffect(Effect.interrupt))
      const sent = yield* begin(Effect.flip(client.send({ _tag: "put", key: "a" }, { body })))
      const next = yield* begin(Effect.flip(client.send(get("b"))))
      yield* settled
      assert.instanceOf(yield* Fiber.join(sent), Client.Disconnected)
      assert.instanceOf(yield* Fiber.join(next), Client.Disconnected)
    })
  )
})

describe("A client that reconnects", () => {
  for (const [what, onConnect] of [
    ["dies", Effect.die(new Error("onConnect died"))],
    ["is interrupted", Effect.interrupt]
  ] as const) {
    it.effect(`gives up when its onConnect ${what}`, () =>
      Effect.gen(function* () {
        const network = yield* Testing.network()
        const client = yield* Effect.provideService(
          Client.reconnecting(Talk, {
            schedule: Schedule.spaced("1 second"),
            onConnect: () => onConnect
          }),
          Socket.Socket,
          network.socket
        )
        yield* network.accept
        const reason = yield* Effect.flip(client.send(get("a")))
        assert.instanceOf(reason, Client.Disconnected)
        assert.strictEqual(yield* client.closed, reason)
      })
    )
  }
})
