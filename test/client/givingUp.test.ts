import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema, Stream } from "effect"
import { Socket } from "effect/socket"
import { TestClock } from "effect/testing"
import * as Client from "../../src/Client.ts"
import { begin, get, item, noreply, play, results, scripted, settled, Talk, value } from "./Talk.ts"

const timeout = "1 second"

describe("A timeout of a request", () => {
  it.effect("fails that request, and leaves later answers matched", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const late = yield* begin(Effect.flip(client.send(get("late"), { timeout })))
      const patient = yield* begin(client.send(get("patient"), { timeout: "3 seconds" }))
      yield* TestClock.adjust(timeout)
      const error = yield* Fiber.join(late)
      assert.instanceOf(error, Client.RequestTimeout)
      assert.strictEqual(error.message, "the answer to get did not come in time")
      const next = yield* begin(client.send(get("next")))
      yield* server.expect("get late\nget patient\nget next\n")
      yield* server.send("value late\nvalue patient\nvalue next\n")
      assert.deepStrictEqual(yield* results([patient, next]), [[value("patient")], [value("next")]])
    })
  )

  it.effect("in the middle of a reply leaves later answers matched", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const late = yield* begin(Effect.flip(client.send({ _tag: "list", key: "l", count: 3 }, { timeout })))
      yield* server.send("item 1\n")
      yield* settled
      yield* TestClock.adjust(timeout)
      assert.instanceOf(yield* Fiber.join(late), Client.RequestTimeout)
      const next = yield* begin(client.send({ _tag: "list", key: "m", count: 1 }))
      yield* server.send("item 2\nitem 3\nitem m\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [item("m")])
    })
  )

  it.effect("keeps the id of a request taken until its answer has come", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const check = { _tag: "check", id: "1", key: "a" } as const
      const late = yield* begin(Effect.flip(client.send(check, { timeout })))
      yield* TestClock.adjust(timeout)
      assert.instanceOf(yield* Fiber.join(late), Client.RequestTimeout)
      assert.instanceOf(yield* Effect.flip(client.send(check)), Client.BadRequest)
      yield* server.send("checked 1 late\n")
      yield* settled
      const next = yield* begin(client.send(check))
      yield* server.send("checked 1 next\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [{ _tag: "checked", id: "1", key: "next" }])
    })
  )

  it.effect("counts the time that a request waits to be written", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk, { capacity: 10 })
      const late = [
        yield* begin(Effect.flip(client.send(noreply("x".repeat(20_000)), { timeout }))),
        yield* begin(Effect.flip(client.send(noreply("y"), { timeout })))
      ]
      yield* settled
      yield* TestClock.adjust(timeout)
      assert.instanceOf(yield* Fiber.join(late[1]!), Client.RequestTimeout)
      yield* server.expect(`delete ${"x".repeat(20_000)} noreply\ndelete y noreply\n`)
    })
  )

  it.effect("of a streamed reply is that of each of its frames", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const frames: Array<unknown> = []
      const streaming = yield* begin(
        client.stream({ _tag: "list", key: "l", count: 3 }, { timeout: "2 seconds" }).pipe(
          Stream.runForEach((frame) => Effect.sync(() => frames.push(frame))),
          Effect.flip
        )
      )
      for (const key of ["1", "2"]) {
        yield* TestClock.adjust(timeout)
        yield* server.send(`item ${key}\n`)
        yield* settled
      }
      yield* TestClock.adjust("2 seconds")
      assert.instanceOf(yield* Fiber.join(streaming), Client.RequestTimeout)
      assert.deepStrictEqual(frames, [item("1"), item("2")])
      const next = yield* begin(client.send(get("next")))
      yield* server.send("item 3\nvalue next\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [value("next")])
    })
  )
})

describe("The interruption of a request", () => {
  it.effect.prop(
    "never skips its bytes, and never shifts the answers of others, while the socket is blocked",
    [Schema.Array(Schema.Literals(["kept", "interrupted", "noreply"]))],
    ([kinds]) =>
      Effect.gen(function* () {
        const { client, server } = yield* play(Talk, { capacity: 10 })
        const blocking = "x".repeat(20_000)
        const first = yield* begin(client.send(get(blocking)))
        yield* settled
        const kept: Array<readonly [string, Fiber.Fiber<unknown, unknown>]> = []
        for (const [at, kind] of kinds.entries()) {
          const key = String(at)
          const sending = yield* begin(client.send(kind === "noreply" ? noreply(key) : get(key)))
          if (kind === "kept") kept.push([key, sending])
          else yield* Fiber.interrupt(sending)
        }
        const isGet = kinds.map((kind) => kind !== "noreply")
        yield* server.expect(
          [
            `get ${blocking}\n`,
            ...kinds.map((_, at) => (isGet[at] ? `get ${at}\n` : `delete ${at} noreply\n`))
          ].join("")
        )
        yield* server.send(
          `value first\n${kinds.map((_, at) => (isGet[at] ? `value ${at}\n` : "")).join("")}`
        )
        assert.deepStrictEqual(yield* Fiber.join(first), [value("first")])
        for (const [key, sending] of kept) assert.deepStrictEqual(yield* Fiber.join(sending), [value(key)])
      }),
    { arbitrary: { runs: 50 } }
  )

  it.effect("before it has begun sends nothing", () =>
    Effect.gen(function* () {
      const { client, server } = yield* play(Talk)
      const never = yield* Effect.forkChild(client.send(get("never")))
      yield* Fiber.interrupt(never)
      const next = yield* begin(client.send(get("next")))
      yield* server.expect("get next\n")
      yield* server.send("value next\n")
      assert.deepStrictEqual(yield* Fiber.join(next), [value("next")])
    })
  )
})

describe("A write that fails", () => {
  const broken = new Socket.SocketError({
    reason: new Socket.SocketWriteError({ cause: new Error("write EPIPE") })
  })

  it.effect(
    "leaves the replies that are on their way to their requests, and ends the connection after a second",
    () =>
      Effect.gen(function* () {
        const client = yield* scripted(Talk, ["value a\n"], { write: Effect.fail(broken) })
        const answer = yield* begin(client.send(get("a")))
        const late = yield* begin(Effect.flip(client.send(get("b"))))
        assert.deepStrictEqual(yield* Fiber.join(answer), [value("a")])
        yield* settled
        assert.isUndefined(late.pollUnsafe())
        yield* TestClock.adjust("1 second")
        const error = yield* Fiber.join(late)
        assert.instanceOf(error, Client.Disconnected)
        assert.strictEqual(error.reason, "write EPIPE")
      })
  )
})
