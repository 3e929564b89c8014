/** Answers that a client finds by their ids need not wait for one another. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { Command, Endpoint, Client, Framing, Message, Protocol, Server, Syntax } from "../../src/index.ts"
import { serveOn, unix } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"

const Check = Message.make("check", { id: Syntax.Word })
const Ping = Message.make("ping", {})
const Yes = Message.make("yes", { id: Syntax.Word })
const Pong = Message.make("pong", {})
const Failed = Message.make("failed", {})

const Checks = Protocol.make({
  name: "checks",
  framing: Framing.lines({ maxLength: 100 }),
  request: Syntax.words([Check, Ping]),
  reply: Syntax.words([Yes, Pong, Failed]),
  correlation: {
    request: (request) => (request._tag === "check" ? request.id : undefined),
    reply: (reply) => (reply._tag === "yes" ? reply.id : undefined)
  },
  onDefect: { _tag: "failed" }
})

/** Serves checks that are answered when the gate of their id opens. */
const served = Effect.gen(function* () {
  const gates = new Map<string, Deferred.Deferred<void>>()
  const gate = (id: string) => {
    const gate = gates.get(id) ?? Deferred.makeUnsafe<void>()
    gates.set(id, gate)
    return gate
  }
  const check = Command.layer(
    Checks,
    "check",
    ({ id }) => Effect.as(Deferred.await(gate(id)), { _tag: "yes", id } as const),
    { concurrent: true }
  )
  const ping = Command.layer(Checks, "ping", () => ({ _tag: "pong" }))
  const { endpoint } = yield* serveOn(yield* unix, Server.layer(Checks, { commands: { check, ping } }))
  return { endpoint, open: (id: string) => Deferred.succeed(gate(id), undefined) }
})

describe("A reply with an id", () => {
  it.effect("goes out when it is finished, and those without one in the order of their requests", () =>
    Effect.gen(function* () {
      const { endpoint, open } = yield* served
      const peer = yield* RawPeer.connect(endpoint)
      // Loading a command is something to wait for.
      yield* open("loaded")
      yield* peer.send("check loaded\nping\n")
      assert.deepStrictEqual(yield* peer.lines(2), ["yes loaded", "pong"])
      yield* peer.send("check a\ncheck b\nping\ncheck c\n")
      yield* open("c")
      assert.deepStrictEqual(yield* peer.lines(1), ["yes c"])
      yield* open("b")
      assert.deepStrictEqual(yield* peer.lines(1), ["yes b"])
      yield* peer.end
      yield* open("a")
      assert.deepStrictEqual(yield* peer.lines(2), ["yes a", "pong"])
      assert.strictEqual(yield* peer.rest, "")
    })
  )

  it.effect("reaches its own request of a client, whatever comes first", () =>
    Effect.gen(function* () {
      const { endpoint, open } = yield* served
      const client = yield* Effect.provide(Client.make(Checks), Endpoint.layerClient(endpoint))
      const ids = Array.from({ length: 50 }, (_, i) => String(i))
      const answers = yield* Effect.forkChild(
        Effect.forEach(ids, (id) => client.send({ _tag: "check", id }), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      for (const id of ids.toReversed()) yield* open(id)
      assert.deepStrictEqual(
        yield* Fiber.join(answers),
        ids.map((id) => [{ _tag: "yes", id } as const])
      )
    })
  )
})
