import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import * as Client from "../src/Client.ts"
import * as Testing from "../src/Testing.ts"
import {
  begin,
  get,
  item,
  news,
  noreply,
  play,
  results,
  settled,
  Talk,
  TalkWithGreeting,
  TalkWithNews,
  value
} from "./client/Talk.ts"

describe("A request without a reply", () => {
  it.effect("does not shift the answers of those behind it", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const answers = [
        yield* begin(client.send(noreply("x"))),
        yield* begin(client.send(get("a"))),
        yield* begin(client.send(get("b")))
      ]
      yield* server.expect("delete x noreply\nget a\nget b\n")
      yield* server.send("value a\nvalue b\n")
      assert.deepStrictEqual(yield* results(answers), [[], [value("a")], [value("b")]])
    })
  )

  it.effect("is answered by nothing as a Stream, too", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      assert.deepStrictEqual(yield* Stream.runCollect(client.stream(noreply("x"))), [])
      yield* server.expect("delete x noreply\n")
    })
  )

  it.effect("is written even if the client closes behind it", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network({ capacity: 10 })
      const key = "x".repeat(10_000)
      yield* Effect.scoped(Effect.flatMap(network.client(Talk), (client) => client.send(noreply(key))))
      yield* settled
      const server = yield* network.accept
      assert.strictEqual(yield* server.rest, `delete ${key} noreply\n`)
    })
  )

  it.effect("waits while the server does not read", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk, { capacity: 1000 })
      const key = "x".repeat(1000)
      let sent = 0
      const sending = yield* begin(
        Effect.replicateEffect(
          Effect.tap(client.send(noreply(key)), () => Effect.sync(() => sent++)),
          100
        )
      )
      yield* settled
      assert.isBelow(sent, 30)
      for (let i = 0; i < 100; i++) yield* server.expect(`delete ${key} noreply\n`)
      yield* Fiber.join(sending)
    })
  )

  it.effect("fails where the connection ends before it is written", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk, { capacity: 10 })
      yield* client.send(noreply("x".repeat(10_000)))
      const waiting = yield* begin(Effect.flip(client.send(noreply("y".repeat(10_000)))))
      yield* settled
      yield* server.reset
      assert.instanceOf(yield* Fiber.join(waiting), Client.Disconnected)
    })
  )
})

describe("Unsolicited messages", () => {
  it.effect("never answer a request", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkWithNews)
      const keys = Array.from({ length: 200 }, (_, i) => String(i))
      const answers = yield* Effect.forEach(keys, (key) => begin(client.send(get(key))))
      yield* server.send(keys.map((key) => `news a${key}\nvalue ${key}\nnews b${key}\n`).join(""))
      assert.deepStrictEqual(
        yield* results(answers),
        keys.map((key) => [value(key)])
      )
      assert.deepStrictEqual(
        yield* Stream.runCollect(Stream.take(client.pushes, 400)),
        keys.flatMap((key) => [news(`a${key}`), news(`b${key}`)])
      )
    })
  )

  it.effect("may come between the frames of a reply", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkWithNews)
      const answer = yield* begin(client.send({ _tag: "list", key: "a", count: 3 }))
      yield* server.send("item 1\nnews x\nitem 2\nitem 3\n")
      assert.deepStrictEqual(yield* Fiber.join(answer), [item("1"), item("2"), item("3")])
    })
  )

  it.effect("are kept for the next consumer when one leaves", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkWithNews)
      yield* server.send("news 1\nnews 2\nnews 3\n")
      yield* settled
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(client.pushes, 1)), [news("1")])
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(client.pushes, 2)), [news("2"), news("3")])
    })
  )

  it.effect("are given before the end of the connection is", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkWithNews)
      yield* server.send("news 1\nnews 2\n")
      yield* server.end
      assert.instanceOf(yield* client.closed, Client.Disconnected)
      const taken: Array<unknown> = []
      const error = yield* Effect.flip(
        Stream.runForEach(client.pushes, (message) => Effect.sync(() => taken.push(message)))
      )
      assert.deepStrictEqual(taken, [news("1"), news("2")])
      assert.strictEqual(error.message.split(": ")[1], "the server closed the connection")
    })
  )

  it.effect("fail the connection when more of them wait than may", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkWithNews, { maxPushes: 2 })
      yield* server.send("news 1\nnews 2\nnews 3\n")
      const reason = yield* client.closed
      assert.instanceOf(reason, Client.TooManyPushes)
      assert.strictEqual(reason.message, "more than 2 unsolicited messages wait to be taken")
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(client.pushes, 2)), [news("1"), news("2")])
    })
  )
})

describe("A greeting", () => {
  it.effect("is what the server says first, and shifts no answer", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkWithGreeting)
      const answer = yield* begin(client.send(get("a")))
      yield* server.send("hello more\nhello\nvalue a\n")
      assert.deepStrictEqual(yield* client.greeting, [{ _tag: "hello", more: "more" }, { _tag: "hello" }])
      assert.deepStrictEqual(yield* Fiber.join(answer), [value("a")])
    })
  )

  it.effect("fails with the connection, and what was asked for, too", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkWithGreeting)
      const answer = yield* begin(Effect.flip(client.send(get("a"))))
      yield* server.end
      assert.instanceOf(yield* Effect.flip(client.greeting), Client.Disconnected)
      assert.instanceOf(yield* Fiber.join(answer), Client.Disconnected)
    })
  )

  it.effect("is empty where the protocol has none", () =>
    Effect.gen(function* () {
      const { client } = yield* play(Talk)
      assert.deepStrictEqual(yield* client.greeting, [])
    })
  )
})

describe("A frame that no request has asked for", () => {
  it.effect("fails the connection, everything that waits on it, and whatever is sent later", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const answers = [
        yield* begin(client.send(get("a"))),
        yield* begin(client.send({ _tag: "check", id: "1", key: "b" }))
      ]
      yield* server.send("value a\nvalue b\nchecked 1 b\n")
      assert.deepStrictEqual(yield* Fiber.join(answers[0]!), [value("a")])
      const failures = [
        yield* Effect.flip(Fiber.join(answers[1]!)),
        yield* client.closed,
        yield* Effect.flip(client.send(get("c"))),
        yield* Effect.flip(client.send(noreply("c"))),
        yield* Effect.flip(Stream.runDrain(client.stream(get("c"))))
      ]
      for (const error of failures) {
        assert.instanceOf(error, Client.UnexpectedReply)
        assert.strictEqual(error.message, "the server sent a reply that no request has asked for: value")
      }
    })
  )

  it.effect("fails the connection where nothing was ever asked, and closes it", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      yield* server.send("news 1\n")
      assert.instanceOf(yield* client.closed, Client.UnexpectedReply)
      assert.strictEqual(yield* server.rest, "")
    })
  )

  it.effect("fails the connection of a protocol with unsolicited messages if it is none of them", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkWithNews)
      yield* server.send("news 1\nvalue a\n")
      assert.instanceOf(yield* client.closed, Client.UnexpectedReply)
    })
  )

  it.effect("closes the connection at once, although the server does not read", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk, { capacity: 10 })
      const key = "x".repeat(10_000)
      for (let i = 0; i < 10; i++) yield* begin(Effect.exit(client.send(noreply(key))))
      yield* server.send("value x\n")
      assert.instanceOf(yield* client.closed, Client.UnexpectedReply)
      yield* settled
      assert.isBelow((yield* server.rest).length, 10_000)
    })
  )
})
