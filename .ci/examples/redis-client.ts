/**
 * The typed client of `examples/redis.ts` against any server of Redis: strings, binary values, errors, subscriptions.
 *
 *     node .ci/examples/redis-client.ts tcp://127.0.0.1:6379
 */
import { Effect, Fiber, Schema, Stream } from "effect"
import assert from "node:assert/strict"
import { messageOf, Redis } from "../../examples/redis.ts"
import { Client, Endpoint, type Protocol } from "../../src/index.ts"

const endpoint = Schema.decodeSync(Endpoint.FromString)(process.argv[2] ?? "")
if (!Endpoint.isReachable(endpoint)) throw new Error("an endpoint to connect to is missing")

const connect = Effect.provide(Client.make(Redis), Endpoint.layerClient(endpoint))

const print = (reply: Protocol.Reply<typeof Redis>): string =>
  reply._tag === "array"
    ? `[${reply.items.map(print).join(" ")}]`
    : reply._tag === "null"
      ? "nil"
      : "text" in reply
        ? reply.text
        : String(reply.value)

const program = Effect.gen(function* () {
  const client = yield* connect
  const send = (request: Protocol.Request<typeof Redis>) =>
    Effect.map(client.send(request), (replies) => replies.map(print).join(" "))
  const key = `wireline:${process.pid}`
  const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, at) => at)).toString("latin1")

  const everything = yield* Effect.all(
    [
      send({ _tag: "ping" }),
      send({ _tag: "set", key, value: bytes, options: ["EX", "100"] }),
      send({ _tag: "get", key }),
      send({ _tag: "set", key, value: "other", options: ["NX"] }),
      send({ _tag: "incr", key }),
      send({ _tag: "lpush", key, values: ["a"] }),
      send({ _tag: "del", keys: [key] }),
      send({ _tag: "incr", key }),
      send({ _tag: "del", keys: [key, `${key}:none`] }),
      send({ _tag: "lpush", key, values: ["b", "a", "message"] }),
      send({ _tag: "lrange", key, start: 0, stop: -1 }),
      send({ _tag: "echo", message: bytes })
    ],
    { concurrency: "unbounded" }
  )
  assert.deepEqual(everything, [
    "PONG",
    "OK",
    bytes,
    "nil",
    "ERR value is not an integer or out of range",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "1",
    "1",
    "1",
    "3",
    "[message a b]",
    bytes
  ])
  console.log("strings, lists, binary values and errors: as expected")

  const many = yield* Effect.forEach(
    Array.from({ length: 1000 }, (_, at) => String(at)),
    (message) => Effect.map(send({ _tag: "echo", message }), (echo) => echo === message),
    { concurrency: "unbounded" }
  )
  assert.ok(many.every(Boolean))
  console.log("1000 pipelined commands: each has its own reply")

  const channel = `${key}:channel`
  const publisher = yield* connect
  assert.equal(
    yield* send({ _tag: "subscribe", channels: [channel, "other"] }),
    `[subscribe ${channel} 1] [subscribe other 2]`
  )
  const publishing = yield* Effect.forkChild(
    Effect.forEach(Array.from({ length: 200 }), (_, at) =>
      publisher.send({ _tag: "publish", channel, message: `${at} ${bytes}` })
    )
  )
  for (let at = 0; at < 100; at++) {
    const [pong, refusal] = yield* Effect.all(
      [send({ _tag: "ping", message: String(at) }), send({ _tag: "lrange", key, start: 0, stop: -1 })],
      { concurrency: "unbounded" }
    )
    assert.equal(pong, `[pong ${at}]`)
    assert.match(refusal, /^ERR Can't execute 'lrange': only /)
  }
  yield* Fiber.join(publishing)
  const messages = yield* Stream.runCollect(Stream.take(client.pushes, 200))
  assert.deepEqual(
    messages.map(messageOf),
    Array.from({ length: 200 }, (_, at) => ({ channel, message: `${at} ${bytes}` }))
  )
  const [unsubscribed, list] = yield* Effect.all(
    [send({ _tag: "unsubscribe", channels: [] }), send({ _tag: "lrange", key, start: 0, stop: -1 })],
    { concurrency: "unbounded" }
  )
  assert.match(unsubscribed, /^\[unsubscribe \S+ 1\] \[unsubscribe \S+ 0\]$/)
  assert.equal(list, "[message a b]")
  console.log("200 messages between 200 replies: none is taken for the other")
  yield* send({ _tag: "del", keys: [key] })
  assert.equal(yield* send({ _tag: "quit" }), "OK")
})

await Effect.runPromise(Effect.scoped(program))
