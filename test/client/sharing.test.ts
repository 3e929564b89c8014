import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer } from "effect"
import { Socket } from "effect/socket"
import * as Client from "../../src/Client.ts"
import * as Endpoint from "../../src/Endpoint.ts"
import * as Testing from "../../src/Testing.ts"
import { Kv } from "../fifth-protocol/Protocol.ts"
import * as KvServer from "../fifth-protocol/Server.ts"
import { Store } from "../fifth-protocol/Store.ts"
import { serveOn, tcp, unix } from "../support/Probe.ts"
import { Talk } from "./Talk.ts"

const kv = Layer.provide(KvServer.layer(), Store.layer)

/** Two clients through the one `Socket` in the context, which ask at the same time. */
const two = Effect.gen(function* () {
  const [one, other] = [yield* Client.make(Kv), yield* Client.make(Kv)]
  yield* one.send({ _tag: "use", namespace: "one" })
  yield* Effect.all(
    [one.send({ _tag: "put", key: "a", value: "1" }), other.send({ _tag: "put", key: "a", value: "2" })],
    {
      concurrency: "unbounded"
    }
  )
  const answers = yield* Effect.all(
    [one.send({ _tag: "get", key: "a" }), other.send({ _tag: "get", key: "a" })],
    {
      concurrency: "unbounded"
    }
  )
  assert.deepStrictEqual(answers, [[{ _tag: "value", value: "1" }], [{ _tag: "value", value: "2" }]])
})

describe("Clients that share a Socket", () => {
  for (const [name, where] of [
    ["TCP", Effect.succeed(tcp)],
    ["a Unix socket", unix]
  ] as const) {
    it.effect(`have connections of their own on ${name}`, () =>
      Effect.gen(function* () {
        const { endpoint } = yield* serveOn<Extract<Endpoint.Endpoint, { _tag: "Tcp" | "Unix" }>, never>(
          yield* where,
          kv
        )
        yield* Effect.provide(two, Endpoint.layerClient(endpoint))
      })
    )
  }

  it.effect("have connections of their own in memory", () =>
    Effect.gen(function* () {
      const network = yield* Testing.serve(kv)
      yield* Effect.provideService(two, Socket.Socket, network.socket)
    })
  )

  it.effect("is a defect where the Socket is not of this library, unless one follows the other", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network()
      const socket = Socket.make({ reader: network.socket.reader, writer: network.socket.writer })
      const make = Effect.provideService(Client.make(Talk), Socket.Socket, socket)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* make
          const exit = yield* Effect.exit(make)
          assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        })
      )
      yield* make
    })
  )
})
