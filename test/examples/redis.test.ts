import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { layer, messageOf, Redis } from "../../examples/redis.ts"
import { Client, Endpoint, type Protocol } from "../../src/index.ts"
import { mapLeaves } from "../support/Leaves.ts"
import { serveOn, tcp } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"

type Request = Protocol.Request<typeof Redis>

const serve = Effect.map(serveOn(tcp, layer), ({ endpoint }) => endpoint)

const connect = (endpoint: typeof tcp) => Effect.provide(Client.make(Redis), Endpoint.layerClient(endpoint))

/** A reply as redis-cli would print it, on one line. */
const print = (replies: ReadonlyArray<Protocol.Reply<typeof Redis>>): string =>
  replies
    .map((reply): string => {
      switch (reply._tag) {
        case "simple":
        case "error":
          return reply.text
        case "bulk":
          return JSON.stringify(reply.text)
        case "integer":
          return String(reply.value)
        case "null":
          return "nil"
        case "array":
          return `[${print(reply.items)}]`
      }
    })
    .join(" ")

/** What a typed client gets for these requests, sent all at once. */
const converse = Effect.fnUntraced(function* (requests: ReadonlyArray<Request>) {
  const client = yield* connect(yield* serve)
  return yield* Effect.forEach(requests, (request) => Effect.map(client.send(request), print), {
    concurrency: "unbounded"
  })
})

const set = (key: string, value: string, ...options: ReadonlyArray<string>): Request => ({
  _tag: "set",
  key,
  value,
  options
})
const get = (key: string): Request => ({ _tag: "get", key })
const incr = (key: string): Request => ({ _tag: "incr", key })

/** What a server says to these bytes, until it closes the connection. */
const speak = Effect.fnUntraced(function* (bytes: string) {
  const peer = yield* RawPeer.connect(yield* serve)
  yield* peer.send(Buffer.from(bytes, "latin1"))
  return (yield* peer.rest).replaceAll("\r\n", "|")
})

describe("the example redis.ts", () => {
  it.effect.prop("reads back every request and every reply", [Redis.request, Redis.reply], (messages) =>
    Effect.sync(() => {
      // A character is a byte, a simple string or an error is one line, and -0 is written as 0.
      const [request, reply] = mapLeaves(
        messages,
        (number) => number + 0,
        (text) => text.replaceAll(/[^\0-\xff]|[\r\n]/g, "?")
      )
      assert.deepStrictEqual(Redis.decodeRequest(Redis.encodeRequest(request)), request)
      assert.deepStrictEqual(Redis.decodeReply(Redis.encodeReply(reply)), reply)
    })
  )

  it.effect("keeps strings, with their conditions", () =>
    Effect.gen(function* () {
      const replies = yield* converse([
        get("a"),
        set("a", "1"),
        set("a", "2", "nx"),
        get("a"),
        set("a", "3", "EX", "0"),
        set("a", "3", "EX", "soon"),
        set("a", "3", "EX"),
        set("a", "3", "sometimes"),
        { _tag: "del", keys: ["a", "b"] },
        set("a", "4", "NX", "EX", "1"),
        { _tag: "echo", message: "hi" }
      ])
      assert.deepStrictEqual(replies, [
        "nil",
        "OK",
        "nil",
        '"1"',
        "ERR invalid expire time in 'set' command",
        "ERR value is not an integer or out of range",
        "ERR syntax error",
        "ERR syntax error",
        "1",
        "OK",
        '"hi"'
      ])
    })
  )

  it.effect("forgets a key when its time is over, and keeps one that was set again", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve)
      const send = (request: Request) => Effect.map(client.send(request), print)
      yield* send(set("a", "1", "EX", "10"))
      yield* send(incr("a"))
      yield* send(set("b", "1", "EX", "10"))
      yield* send(set("b", "2"))
      yield* TestClock.adjust(Duration.millis(9999))
      assert.strictEqual(yield* send(get("a")), '"2"')
      yield* TestClock.adjust(Duration.millis(1))
      assert.strictEqual(yield* send(get("a")), "nil")
      assert.strictEqual(yield* send(get("b")), '"2"')
    })
  )

  it.effect("counts in 64 bits", () =>
    Effect.gen(function* () {
      const replies = yield* converse([
        incr("n"),
        incr("n"),
        set("n", "9223372036854775806"),
        incr("n"),
        incr("n"),
        set("n", "9223372036854775808"),
        incr("n"),
        set("n", "007"),
        incr("n"),
        set("n", "-1"),
        incr("n")
      ])
      const notAnInteger = "ERR value is not an integer or out of range"
      assert.deepStrictEqual(
        replies.filter((reply) => reply !== "OK"),
        [
          "1",
          "2",
          "9223372036854775807",
          "ERR increment or decrement would overflow",
          notAnInteger,
          notAnInteger,
          "0"
        ]
      )
    })
  )

  it.effect.prop(
    "gives the part of a list that the indexes of LRANGE name",
    [
      Schema.Int.check(Schema.isBetween({ minimum: -7, maximum: 7 })),
      Schema.Int.check(Schema.isBetween({ minimum: -7, maximum: 7 }))
    ],
    ([start, stop]) =>
      Effect.gen(function* () {
        const [, reply] = yield* converse([
          { _tag: "lpush", key: "l", values: ["e", "d", "c", "b", "a"] },
          { _tag: "lrange", key: "l", start, stop }
        ])
        const letters = ["a", "b", "c", "d", "e"]
        const part = letters.filter(
          (_, at) => at >= (start < 0 ? start + 5 : start) && at <= (stop < 0 ? stop + 5 : stop)
        )
        assert.strictEqual(reply, `[${part.map((letter) => `"${letter}"`).join(" ")}]`)
      }),
    { arbitrary: { runs: 20 } }
  )

  it.effect("refuses commands on a value of another kind", () =>
    Effect.gen(function* () {
      const replies = yield* converse([
        { _tag: "lpush", key: "l", values: ["a"] },
        set("s", "a"),
        get("l"),
        incr("l"),
        { _tag: "lpush", key: "s", values: ["a"] },
        { _tag: "lrange", key: "s", start: 0, stop: -1 }
      ])
      const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
      assert.deepStrictEqual(replies.slice(2), [wrongType, wrongType, wrongType, wrongType])
    })
  )

  it.effect("tells an unknown command from a wrong number of arguments and from a wrong argument", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* speak("foo\r\nFoo 'b c' d\r\nget\r\nGET a b\r\ndel\r\nlrange l a b\r\nquit\r\n"),
        "-ERR unknown command 'foo', with args beginning with: |" +
          "-ERR unknown command 'Foo', with args beginning with: 'b c' 'd' |" +
          "-ERR wrong number of arguments for 'get' command|" +
          "-ERR wrong number of arguments for 'get' command|" +
          "-ERR wrong number of arguments for 'del' command|" +
          "-ERR value is not an integer or out of range|+OK|"
      )
    })
  )

  it.effect("answers in one line, whatever an unknown command quotes", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* speak("*2\r\n$5\r\na\r\n+b\r\n$3\r\n\r\n-\r\nquit\r\n"),
        "-ERR unknown command 'a  +b', with args beginning with: '  -' |+OK|"
      )
    })
  )

  it.effect("closes the connection when it does not know where the next command begins", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* speak("PING\r\n*x\r\nPING\r\n"),
        "+PONG|-ERR Protocol error: invalid multibulk length|"
      )
      assert.strictEqual(yield* speak("*1\r\n+PING\r\n"), "-ERR Protocol error: expected '$', got '+'|")
      assert.strictEqual(
        yield* speak('get "a\r\nPING\r\n'),
        "-ERR Protocol error: unbalanced quotes in request|"
      )
    })
  )

  it.effect.prop(
    "keeps any bytes",
    [Schema.Uint8Array],
    ([bytes]) =>
      Effect.gen(function* () {
        const value = Buffer.from(bytes).toString("latin1")
        const [, reply, list] = yield* converse([
          set("a", value),
          get("a"),
          { _tag: "lpush", key: value, values: [value] }
        ])
        assert.deepStrictEqual([reply, list], [JSON.stringify(value), "1"])
      }),
    { arbitrary: { runs: 20 } }
  )

  it.effect("refuses to send text that has no bytes", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve)
      assert.strictEqual((yield* Effect.flip(client.send(get("\u0100"))))._tag, "BadRequest")
    })
  )

  it.effect("answers 1000 commands that are sent at once, each with its own reply", () =>
    Effect.gen(function* () {
      const commands = Array.from({ length: 500 }, (_, at) => [set(`k${at}`, `v${at}`), get(`k${at}`)]).flat()
      assert.deepStrictEqual(
        yield* converse(commands),
        Array.from({ length: 500 }, (_, at) => ["OK", `"v${at}"`]).flat()
      )
    })
  )

  it.effect("delivers what is published to those who are subscribed, and nothing to others", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve
      const [one, two, publisher] = yield* Effect.all([
        connect(endpoint),
        connect(endpoint),
        connect(endpoint)
      ])
      const publish = (channel: string, message: string) =>
        Effect.map(publisher.send({ _tag: "publish", channel, message }), print)
      assert.strictEqual(yield* publish("a", "too early"), "0")
      assert.strictEqual(
        print(yield* one.send({ _tag: "subscribe", channels: ["a", "b", "a"] })),
        '["subscribe" "a" 1] ["subscribe" "b" 2] ["subscribe" "a" 2]'
      )
      assert.strictEqual(
        print(yield* two.send({ _tag: "subscribe", channels: ["a"] })),
        '["subscribe" "a" 1]'
      )
      assert.deepStrictEqual(
        [yield* publish("a", "1"), yield* publish("b", "\xff\r\n\0"), yield* publish("c", "nobody")],
        ["2", "1", "0"]
      )
      assert.strictEqual(
        print(yield* two.send({ _tag: "unsubscribe", channels: [] })),
        '["unsubscribe" "a" 0]'
      )
      assert.strictEqual(yield* publish("a", "2"), "1")
      const received = (client: typeof one, count: number) =>
        Effect.map(Stream.runCollect(Stream.take(client.pushes, count)), (messages) =>
          messages.map(messageOf)
        )
      assert.deepStrictEqual(yield* received(one, 3), [
        { channel: "a", message: "1" },
        { channel: "b", message: "\xff\r\n\0" },
        { channel: "a", message: "2" }
      ])
      assert.deepStrictEqual(yield* received(two, 1), [{ channel: "a", message: "1" }])
    })
  )

  it.effect("never takes a message for a reply, nor a list that looks like a message for a message", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve
      const [client, publisher] = yield* Effect.all([connect(endpoint), connect(endpoint)])
      yield* client.send({ _tag: "lpush", key: "l", values: ["b", "a", "message"] })
      const range: Request = { _tag: "lrange", key: "l", start: 0, stop: -1 }
      const publishing = Effect.forEach(
        Array.from({ length: 200 }, (_, at) => String(at)),
        (message) => publisher.send({ _tag: "publish", channel: "a", message })
      )
      yield* client.send({ _tag: "subscribe", channels: ["a"] })
      const [replies] = yield* Effect.all(
        [
          Effect.forEach(
            Array.from({ length: 100 }, (_, at) => at),
            (at) =>
              Effect.all([client.send({ _tag: "ping", message: String(at) }), client.send(range)], {
                concurrency: "unbounded"
              }),
            { concurrency: 5 }
          ),
          publishing
        ],
        { concurrency: "unbounded" }
      )
      for (const [at, [pong, refusal]] of replies.entries()) {
        assert.strictEqual(print(pong), `["pong" "${at}"]`)
        assert.match(print(refusal), /^ERR Can't execute 'lrange': only /)
      }
      assert.strictEqual(
        print(
          (yield* Effect.all([client.send({ _tag: "unsubscribe", channels: ["a"] }), client.send(range)], {
            concurrency: "unbounded"
          })).flat()
        ),
        '["unsubscribe" "a" 0] ["message" "a" "b"]'
      )
      const messages = yield* Stream.runCollect(Stream.take(client.pushes, 200))
      assert.deepStrictEqual(
        messages.map((message) => messageOf(message)?.message),
        Array.from({ length: 200 }, (_, at) => String(at))
      )
    })
  )

  it.effect("disconnects a subscriber that does not read", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve
      const peer = yield* RawPeer.connect(endpoint)
      yield* peer.send("SUBSCRIBE a\r\n")
      yield* peer.lines(6)
      peer.socket.pause()
      const publisher = yield* connect(endpoint)
      const publish: Request = { _tag: "publish", channel: "a", message: "x".repeat(1_000_000) }
      const flood: Effect.Effect<number, Client.RequestError> = Effect.flatMap(
        publisher.send(publish),
        (replies) => (print(replies) === "0" ? Effect.succeed(0) : Effect.map(flood, (count) => count + 1))
      )
      assert.isAbove(yield* flood, 1)
      peer.socket.resume()
      assert.include(yield* peer.rest, "message")
    })
  )
})
