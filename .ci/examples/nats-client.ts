/**
 * The typed client of `examples/nats.ts` against any server of NATS: subscriptions, binary payloads, requests.
 *
 *     node .ci/examples/nats-client.ts tcp://127.0.0.1:4222
 */
import { Effect, Option, Schema, Stream } from "effect"
import assert from "node:assert/strict"
import { Nats } from "../../examples/nats.ts"
import { Client, Endpoint } from "../../src/index.ts"

const endpoint = Schema.decodeSync(Endpoint.FromString)(process.argv[2] ?? "")
if (!Endpoint.isReachable(endpoint)) throw new Error("an endpoint to connect to is missing")

const connect = Effect.gen(function* () {
  const client = yield* Effect.provide(Client.make(Nats), Endpoint.layerClient(endpoint))
  const [greeting] = yield* client.greeting
  assert.equal(greeting?._tag, "INFO")
  const options = { verbose: false, pedantic: true, headers: true, no_responders: true }
  yield* client.send({ _tag: "CONNECT", options })
  return client
})

const bytes = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, at) => at)).toString("latin1")

const program = Effect.gen(function* () {
  const [client, service, publisher] = yield* Effect.all([connect, connect, connect])

  yield* client.send({ _tag: "SUB", subject: "binary.*", sid: "1" })
  yield* client.send({ _tag: "UNSUB", sid: "1", max: 200 })
  assert.deepEqual(yield* client.send({ _tag: "PING" }), [{ _tag: "PONG" }])
  const [pongs] = yield* Effect.all(
    [
      Effect.forEach(Array.from({ length: 100 }), () => client.send({ _tag: "PING" })),
      Effect.forEach(Array.from({ length: 201 }), (_, at) =>
        publisher.send({
          _tag: "PUB",
          subject: `binary.${at}`,
          payload: at % 100 === 0 ? bytes : `${at}\r\n+OK\r\n`
        })
      )
    ],
    { concurrency: "unbounded" }
  )
  assert.ok(pongs.every(([pong]) => pong?._tag === "PONG"))
  const messages = yield* Stream.runCollect(Stream.take(client.pushes, 200))
  assert.deepEqual(
    messages,
    Array.from({ length: 200 }, (_, at) => ({
      _tag: "MSG",
      subject: `binary.${at}`,
      sid: "1",
      payload: at % 100 === 0 ? bytes : `${at}\r\n+OK\r\n`
    }))
  )
  console.log("200 messages between 100 replies, binary payloads: as expected")

  yield* service.send({ _tag: "SUB", subject: "upper", queue: "workers", sid: "s" })
  yield* service.send({ _tag: "PING" })
  yield* Effect.forkChild(
    Stream.runForEach(service.pushes, (message) =>
      message._tag === "MSG" && message.replyTo !== undefined
        ? service.send({ _tag: "PUB", subject: message.replyTo, payload: message.payload.toUpperCase() })
        : Effect.void
    )
  )
  yield* client.send({ _tag: "SUB", subject: "inbox.>", sid: "2" })
  for (let at = 0; at < 100; at++) {
    yield* client.send({ _tag: "PUB", subject: "upper", replyTo: `inbox.${at}`, payload: `n${at}` })
  }
  const answers = yield* Stream.runCollect(Stream.take(client.pushes, 100))
  assert.deepEqual(
    answers,
    Array.from({ length: 100 }, (_, at) => ({
      _tag: "MSG",
      subject: `inbox.${at}`,
      sid: "2",
      payload: `N${at}`
    }))
  )
  yield* client.send({ _tag: "PUB", subject: "nobody", replyTo: "inbox.none", payload: "" })
  const [none] = yield* Stream.runCollect(Stream.take(client.pushes, 1))
  assert.equal(none?._tag === "HMSG" && none.payload.slice(0, none.headerLength), "NATS/1.0 503\r\n\r\n")
  console.log("100 requests, and one that nobody answers: as expected")

  yield* client.send({ _tag: "SUB", subject: "a..b", sid: "3" })
  const [invalid] = yield* Stream.runCollect(Stream.take(client.pushes, 1))
  assert.deepEqual(invalid, { _tag: "error", reason: "'Invalid Subject'" })
  // A server that closes without reading the rest resets the connection, and what it has said may be lost with it.
  yield* Effect.ignore(client.send({ _tag: "PUB", subject: "a", payload: "x".repeat(1_048_577) }))
  const reason = yield* client.closed
  assert.equal(reason._tag, "Disconnected")
  const tooLarge = yield* Effect.catch(Stream.runHead(client.pushes), () => Effect.succeedNone)
  if (Option.isSome(tooLarge)) {
    assert.deepEqual(tooLarge.value, { _tag: "error", reason: "'Maximum Payload Violation'" })
  }
  console.log("errors: as expected")
})

await Effect.runPromise(Effect.scoped(program))
