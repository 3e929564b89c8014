/** Replies in portions: they arrive whole, what of them nobody takes is bounded, and they keep nobody else waiting. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { withLogs } from "./support/Happenings.ts"
import { count, open, serve, Stage, unix, until } from "./support/Probe.ts"
import * as RawPeer from "./support/RawPeer.ts"

const staged = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, Stage.layer, { local: true })

/** What the server has begun before it answers this, is done as far as it can be. */
const settle = (other: RawPeer.RawPeer) =>
  Effect.forEach(
    Array.from({ length: 5 }),
    () =>
      Effect.gen(function* () {
        yield* other.send("say x\n")
        assert.deepStrictEqual(yield* other.lines(1), ["said x"])
      }),
    { discard: true }
  )

// More than the buffers of a socket take.
const portion = 1_048_576

/** Peers that ask for a long reply and do not read it. */
const deaf = (endpoint: Parameters<typeof RawPeer.connect>[0], peers: number) =>
  Effect.forEach(Array.from({ length: peers }), () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect(endpoint)
      peer.socket.pause()
      yield* peer.send(`portions 8 ${portion} well\n`)
      return peer
    })
  )

/** So many portions are made of the replies that nobody takes, and no more. */
const madeIs = (portions: number, other: RawPeer.RawPeer) =>
  Effect.gen(function* () {
    yield* until("portion", portions)
    yield* settle(other)
    assert.strictEqual(yield* count("portion"), portions)
  })

describe("A reply in portions", () => {
  it.effect("is one frame in its place among the others", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send(`say a\nportions 8 ${portion} well\nlater b\nportions 1 3 well\nsay c\n`)
        yield* until("later b")
        yield* open("b")
        const [a, long, b, short, c] = yield* peer.lines(5)
        assert.deepStrictEqual([a, b, short, c], ["said a", "said b", "said xxx", "said c"])
        assert.isTrue(long === `said ${"x".repeat(8 * portion)}`)
      })
    )
  )

  it.effect("is seen whole by an observer", () =>
    staged(
      Effect.gen(function* () {
        const seen: Array<string> = []
        const { endpoint } = yield* serve(yield* unix, {
          observer: () => (direction, frame) =>
            Effect.sync(() => void seen.push(`${direction} ${frame.length}`))
        })
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send("portions 3 100000 well\nsay c\n")
        yield* peer.lines(2)
        assert.deepStrictEqual(seen, ["received 22", "sent 300005", "received 5", "sent 6"])
      })
    )
  )

  it.effect("that breaks off in the middle ends its connection, and no other", () =>
    staged(
      withLogs((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serve(yield* unix)
          const other = yield* RawPeer.connect(endpoint)
          const peer = yield* RawPeer.connect(endpoint)
          yield* peer.send("portions 2 10 dead\nsay c\n")
          assert.strictEqual(yield* peer.rest, `said ${"x".repeat(20)}`)
          assert.strictEqual(logs.count(/a command died/), 1)
          yield* settle(other)
          // What has not begun is answered as ever.
          yield* other.send("portions 0 10 dead\n")
          assert.deepStrictEqual(yield* other.lines(1), ["failed internal"])
        })
      )
    )
  )
})

describe("Replies in portions that nobody takes", () => {
  it.effect("are made as far as there is room, whoever asks, and further when a peer leaves", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { maxUnread: 4.5 * portion })
        const other = yield* RawPeer.connect(endpoint)
        const peers = yield* deaf(endpoint, 60)
        yield* madeIs(4, other)
        // Those who wait may leave as well.
        for (const { socket } of peers.slice(0, 30)) socket.destroy()
        yield* until(/^session \d+ released$/, 4)
        yield* until("portion", 8)
        for (const { socket } of peers) socket.destroy()
        yield* until(/^session \d+ released$/, 60)
        yield* other.send(`portions 8 ${portion} well\n`)
        const [long] = yield* other.lines(1)
        assert.strictEqual(long!.length, 5 + 8 * portion)
      })
    )
  )

  it.effect("do not keep a reply waiting that is longer than all the room, once there is nothing else", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { maxUnread: 1000 })
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send(`portions 3 ${portion} well\n`)
        const [long] = yield* peer.lines(1)
        assert.strictEqual(long!.length, 5 + 3 * portion)
      })
    )
  )

  it.effect("close their connections when others have waited so long, and not before", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, {
          maxUnread: 4.5 * portion,
          unreadTimeout: "10 seconds"
        })
        const other = yield* RawPeer.connect(endpoint)
        yield* deaf(endpoint, 4)
        yield* madeIs(4, other)
        // Nobody needs their room.
        yield* TestClock.adjust("1 hour")
        yield* settle(other)
        assert.strictEqual(yield* count(/^session \d+ released$/), 0)
        yield* deaf(endpoint, 4)
        yield* until(/^session \d+ released$/, 4)
        yield* madeIs(8, other)
        const late = yield* RawPeer.connect(endpoint)
        yield* late.send(`portions 8 ${portion} well\n`)
        yield* settle(other)
        yield* TestClock.adjust("9999 millis")
        yield* settle(other)
        assert.strictEqual(yield* count("portion"), 8)
        yield* TestClock.adjust("1 millis")
        const [long] = yield* late.lines(1)
        assert.strictEqual(long!.length, 5 + 8 * portion)
        assert.strictEqual(yield* count(/^session \d+ released$/), 8)
      })
    )
  )

  it.effect("do not keep a reply waiting that has begun and is read", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { maxUnread: 2.5 * portion })
        const other = yield* RawPeer.connect(endpoint)
        const [reader] = yield* deaf(endpoint, 1)
        yield* deaf(endpoint, 5)
        yield* madeIs(2, other)
        reader!.socket.resume()
        assert.strictEqual((yield* reader!.lines(1))[0]!.length, 5 + 8 * portion)
        // Its room is another's now.
        yield* madeIs(10, other)
      })
    )
  )

  it.effect("keep waiting whoever reads slowly, as long as he reads", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { maxUnread: portion, unreadTimeout: "10 seconds" })
        const [slow] = yield* deaf(endpoint, 1)
        yield* until("portion")
        const waiting = yield* RawPeer.connect(endpoint)
        yield* waiting.send(`portions 3 ${portion} well\n`)
        for (let portions = 2; portions <= 6; portions++) {
          yield* TestClock.adjust("9 seconds")
          slow!.socket.resume()
          yield* until("portion", portions)
          slow!.socket.pause()
        }
        slow!.socket.resume()
        assert.strictEqual((yield* waiting.lines(1))[0]!.length, 5 + 3 * portion)
        assert.strictEqual((yield* slow!.lines(1))[0]!.length, 5 + 8 * portion)
      })
    )
  )
})
