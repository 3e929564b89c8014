import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import * as Client from "../../src/Client.ts"
import { begin, get, item, play, settled, Talk, value } from "./Talk.ts"

const list = (count: number) => ({ _tag: "list", key: "l", count }) as const

/** This number of items as lines. */
const lines = (count: number) => Array.from({ length: count }, (_, i) => `item ${i}\n`).join("")
const items = (count: number) => Array.from({ length: count }, (_, i) => item(String(i)))

describe("A streamed reply", () => {
  it.effect("is given frame by frame as they come", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const first = yield* Deferred.make<unknown>()
      const streaming = yield* begin(
        Stream.runCollect(Stream.tap(client.stream(list(3)), (frame) => Deferred.succeed(first, frame)))
      )
      yield* server.expect("list l 3\n")
      yield* server.send("item 0\n")
      assert.deepStrictEqual(yield* Deferred.await(first), item("0"))
      yield* server.send("item 1\nitem 2\n")
      assert.deepStrictEqual(yield* Fiber.join(streaming), items(3))
    })
  )

  it.effect("is sent when it is run, and again when it is run again", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const stream = client.stream(get("a"))
      const next = yield* begin(client.send(get("b")))
      yield* server.expect("get b\n")
      const runs = [yield* begin(Stream.runCollect(stream)), yield* begin(Stream.runCollect(stream))]
      yield* server.expect("get a\nget a\n")
      yield* server.send("value b\nvalue 1\nvalue 2\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [value("b")])
      assert.deepStrictEqual(yield* Fiber.join(runs[0]!), [value("1")])
      assert.deepStrictEqual(yield* Fiber.join(runs[1]!), [value("2")])
    })
  )

  it.effect("makes the server wait for a consumer that is behind, and goes on with it", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk, { capacity: 1000, maxChunk: 1000 })
      const count = 20_000
      const gate = yield* Deferred.make<void>()
      let taken = 0
      const streaming = yield* begin(
        client.stream(list(count)).pipe(
          Stream.tap(() => (taken++ < 10 ? Effect.void : Deferred.await(gate))),
          Stream.runCollect
        )
      )
      const sending = yield* begin(server.send(lines(count)))
      yield* settled
      assert.strictEqual(taken, 11)
      assert.isUndefined(sending.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(sending)
      assert.deepStrictEqual(yield* Fiber.join(streaming), items(count))
    })
  )

  it.effect("is dropped when its consumer leaves, however far behind it was", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk, { capacity: 1000, maxChunk: 1000 })
      const count = 5000
      const few = yield* begin(Stream.runCollect(Stream.take(client.stream(list(count)), 3)))
      const left = yield* begin(Stream.runForEach(client.stream(list(count)), () => Effect.never))
      const next = yield* begin(client.send(get("next")))
      const sending = yield* begin(server.send(`${lines(count)}${lines(count)}value next\n`))
      assert.deepStrictEqual(yield* Fiber.join(few), items(3))
      yield* settled
      assert.isUndefined(sending.pollUnsafe())
      yield* Fiber.interrupt(left)
      yield* Fiber.join(sending)
      assert.deepStrictEqual(yield* Fiber.join(next), [value("next")])
    })
  )

  it.effect("stops no other answer once it is complete, however far behind its consumer is", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      yield* begin(Stream.runForEach(client.stream(list(1000)), () => Effect.never))
      const next = yield* begin(client.send(get("next")))
      yield* server.send(lines(1000))
      yield* settled
      yield* server.send("value next\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [value("next")])
    })
  )

  it.effect("gives what has come of it before the connection ended, and then fails", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const frames: Array<unknown> = []
      const streaming = yield* begin(
        Effect.flip(
          Stream.runForEach(client.stream(list(3)), (frame) => Effect.sync(() => frames.push(frame)))
        )
      )
      yield* server.send("item 0\nitem 1\n")
      yield* server.end
      assert.instanceOf(yield* Fiber.join(streaming), Client.Disconnected)
      assert.deepStrictEqual(frames, items(2))
    })
  )

  it.effect("fails without a request that can be sent", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const refusal = yield* Effect.flip(Stream.runDrain(client.stream(get("\0"))))
      assert.instanceOf(refusal, Client.BadRequest)
      const next = yield* begin(client.send(get("next")))
      yield* server.expect("get next\n")
      yield* server.send("value next\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [value("next")])
    })
  )
})

describe("A streamed body", () => {
  const put = { _tag: "put", key: "a" } as const

  it.effect("is sent as it is produced, with later requests behind it", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const gate = yield* Deferred.make<void>()
      const body = Stream.concat(
        Stream.make(" on", "e"),
        Stream.fromEffect(Effect.as(Deferred.await(gate), "\\ two"))
      )
      const answers = [yield* begin(client.send(put, { body })), yield* begin(client.send(get("b")))]
      yield* server.expect("put a one")
      yield* Deferred.succeed(gate, undefined)
      yield* server.expect("\\ two\nget b\n")
      yield* server.send("value a\nvalue b\n")
      assert.deepStrictEqual(yield* Fiber.join(answers[0]!), [value("a")])
      assert.deepStrictEqual(yield* Fiber.join(answers[1]!), [value("b")])
    })
  )

  it.effect("goes on when its request is given up", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const gate = yield* Deferred.make<void>()
      const body = Stream.concat(
        Stream.make(" one"),
        Stream.fromEffect(Effect.as(Deferred.await(gate), "two"))
      )
      const given = yield* begin(client.send(put, { body }))
      const next = yield* begin(client.send(get("b")))
      yield* server.expect("put a one")
      yield* Fiber.interrupt(given)
      yield* Deferred.succeed(gate, undefined)
      yield* server.expect("two\nget b\n")
      yield* server.send("value a\nvalue b\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [value("b")])
    })
  )

  it.effect("waits for a server that does not read", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk, { capacity: 1000 })
      let produced = 0
      const body = Stream.range(1, 100).pipe(
        Stream.rechunk(1),
        Stream.map(() => {
          produced++
          return "x".repeat(1000)
        })
      )
      const answer = yield* begin(client.send(put, { body }))
      yield* settled
      assert.isBelow(produced, 30)
      yield* server.expect(`put a${"x".repeat(100_000)}\n`)
      yield* server.send("value a\n")
      assert.deepStrictEqual(yield* Fiber.join(answer), [value("a")])
    })
  )

  it.effect("fails the connection when it dies, because half a frame cannot be taken back", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const body = Stream.concat(Stream.make(" one"), Stream.die(new Error("no more")))
      const answers = [
        yield* begin(Effect.flip(client.send(put, { body }))),
        yield* begin(Effect.flip(client.send(get("b"))))
      ]
      for (const answer of answers) {
        const error = yield* Fiber.join(answer)
        assert.instanceOf(error, Client.Disconnected)
        assert.strictEqual(error.reason, "no more")
      }
      assert.strictEqual(yield* server.rest, "put a one")
    })
  )
})
