import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { Socket } from "effect/socket"
import * as Client from "../../src/Client.ts"
import { begin, get, item, play, results, scripted, settled, Talk, TalkUnterminated, value } from "./Talk.ts"

describe("A reply that ends with the connection", () => {
  it.effect("is complete when the server closes it", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const [dump, behind] = [
        yield* begin(client.send({ _tag: "dump" })),
        yield* begin(Effect.flip(client.send(get("a"))))
      ]
      yield* server.send("item 1\nitem 2\nitem 3")
      yield* server.end
      assert.deepStrictEqual(yield* Fiber.join(dump), [item("1"), item("2")])
      assert.instanceOf(yield* Fiber.join(behind), Client.Disconnected)
    })
  )

  it.effect("has its last line where that needs no end", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkUnterminated)
      const dump = yield* begin(client.send({ _tag: "dump" }))
      yield* server.send("item 1\nitem 2")
      yield* server.end
      assert.deepStrictEqual(yield* Fiber.join(dump), [item("1"), item("2")])
    })
  )

  it.effect("may be empty, and may be streamed", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const dump = yield* begin(Stream.runCollect(client.stream({ _tag: "dump" })))
      yield* server.end
      assert.deepStrictEqual(yield* Fiber.join(dump), [])
    })
  )

  it.effect("fails when the connection breaks off, whatever of it has come", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(TalkUnterminated)
      const frames: Array<unknown> = []
      const dump = yield* begin(
        Effect.flip(
          Stream.runForEach(client.stream({ _tag: "dump" }), (frame) => Effect.sync(() => frames.push(frame)))
        )
      )
      yield* server.send("item 1\nitem 2")
      yield* settled
      yield* server.reset
      const error = yield* Fiber.join(dump)
      assert.instanceOf(error, Client.Disconnected)
      assert.strictEqual(error.reason, "the connection was reset")
      assert.deepStrictEqual(frames, [item("1")])
    })
  )

  it.effect("fails when the connection is lost without a reason", () =>
    Effect.gen(function* () {
      const lost = new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1006 }) })
      const client = yield* scripted(TalkUnterminated, ["item 1\nitem 2"], { end: Effect.fail(lost) })
      assert.instanceOf(yield* Effect.flip(client.send({ _tag: "dump" })), Client.Disconnected)
    })
  )
})

describe("A reply", () => {
  it.effect("may be longer than the longest request", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const answer = yield* begin(client.send(get("a")))
      const key = "x".repeat(100_000)
      yield* server.send(`value ${key}\n`)
      assert.deepStrictEqual(yield* Fiber.join(answer), [value(key)])
    })
  )

  it.effect("may be no longer than the client allows", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk, { maxFrame: 1000 })
      const answer = yield* begin(Effect.flip(client.send(get("a"))))
      yield* server.send(`value ${"x".repeat(1000)}\n`)
      const error = yield* Fiber.join(answer)
      assert.instanceOf(error, Client.UnreadableReply)
      assert.strictEqual(
        error.message,
        "the server sent what is no reply: a frame of more than 1000 bytes (TooLong)"
      )
    })
  )

  it.effect("has as many frames as its request asks for", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const answers = [
        yield* begin(client.send({ _tag: "list", key: "a", count: 2 })),
        yield* begin(client.send({ _tag: "list", key: "b", count: 1 })),
        yield* begin(client.send(get("c")))
      ]
      yield* server.send("item a1\nitem a2\nitem b1\nvalue c\n")
      assert.deepStrictEqual(yield* results(answers), [[item("a1"), item("a2")], [item("b1")], [value("c")]])
    })
  )
})

describe("Answers that carry an id", () => {
  const check = (id: string, key: string) => ({ _tag: "check", id, key }) as const
  const checked = (id: string, key: string) => ({ _tag: "checked", id, key }) as const

  it.effect("find their requests in any order, beside answers that come in order", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const answers = [
        yield* begin(client.send(check("1", "a"))),
        yield* begin(client.send(get("x"))),
        yield* begin(client.send(check("2", "b"))),
        yield* begin(client.send(get("y")))
      ]
      yield* server.send("checked 2 b\nvalue x\nvalue y\nchecked 1 a\n")
      assert.deepStrictEqual(yield* results(answers), [
        [checked("1", "a")],
        [value("x")],
        [checked("2", "b")],
        [value("y")]
      ])
    })
  )

  it.effect("may have the id of an answered request, and not that of one that is not", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const first = yield* begin(client.send(check("1", "a")))
      const refusal = yield* Effect.flip(client.send(check("1", "b")))
      assert.instanceOf(refusal, Client.BadRequest)
      assert.include(refusal.message, "another request with the id 1 is not answered yet")
      yield* server.expect("check 1 a\n")
      yield* server.send("checked 1 a\n")
      assert.deepStrictEqual(yield* Fiber.join(first), [checked("1", "a")])
      const next = yield* begin(client.send(check("1", "c")))
      yield* server.expect("check 1 c\n")
      yield* server.send("checked 1 c\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [checked("1", "c")])
    })
  )

  for (const [name, answers] of [
    ["an id that no request has", "checked 2 a\n"],
    ["an id a second time", "checked 1 a\nchecked 1 a\n"]
  ] as const) {
    it.effect(`fail the connection when they carry ${name}`, () =>
      Effect.gen(function* () {
        const { client, server } = yield* play(Talk)
        yield* begin(Effect.exit(client.send(check("1", "a"))))
        const waiting = yield* begin(Effect.flip(client.send(get("b"))))
        yield* server.send(answers)
        assert.instanceOf(yield* Fiber.join(waiting), Client.UnexpectedReply)
      })
    )
  }
})
