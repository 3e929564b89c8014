/** Replies go out in the order of their requests, whatever finishes first. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { type Place, ReplyQueue } from "../../src/server/ReplyQueue.ts"

/** A reply that is there at once, or later, at a moment of its own. */
const Reply = Schema.Union([
  Schema.Struct({ at: Schema.Literal("once") }),
  Schema.Struct({ at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 })) })
])

describe("The queue of replies", () => {
  it.prop(
    "gives every reply in the order of the requests, each as soon as all before it are finished",
    [Arbitrary.array(Arbitrary.schema(Reply), { maxLength: 20 })],
    ([replies]) => {
      const queue = new ReplyQueue()
      const pending: Array<{ readonly place: Place; readonly at: number; readonly number: number }> = []
      let written = ""
      for (const [number, { at }] of replies.entries()) {
        if (at === "once") queue.push(`${number};`)
        else pending.push({ place: queue.reserve(), at, number })
        written += queue.take()
      }
      const finished = new Set(replies.flatMap(({ at }, number) => (at === "once" ? [number] : [])))
      const ready = () => {
        let text = ""
        for (let number = 0; finished.has(number); number++) text += `${number};`
        return text
      }
      assert.strictEqual(written, ready())
      for (const { number, place } of pending.toSorted((one, other) => one.at - other.at)) {
        place.text = `${number};`
        finished.add(number)
        queue.release()
        written += queue.take()
        assert.strictEqual(written, ready())
      }
      assert.strictEqual(queue.size, 0)
    }
  )

  it("lets an unsolicited message overtake replies that are not finished, and none that is", () => {
    const queue = new ReplyQueue()
    queue.push("a")
    const place = queue.reserve()
    queue.push("c")
    queue.pushUnsolicited("!")
    assert.strictEqual(queue.take(), "a!")
    place.text = "b"
    queue.release()
    assert.strictEqual(queue.take(), "bc")
  })

  it("keeps an unsolicited message until the frame is complete that is being sent in pieces", () => {
    const queue = new ReplyQueue()
    queue.beginFrame()
    queue.append("be")
    queue.pushUnsolicited("!")
    queue.append("gun\n")
    queue.pushUnsolicited("?")
    assert.strictEqual(queue.take(), "begun\n")
    queue.endFrame()
    assert.strictEqual(queue.take(), "!?")
    assert.isFalse(queue.insideFrame)
  })

  it("drops what is behind a reply that closes the connection", () => {
    const queue = new ReplyQueue()
    const closing = queue.reserve()
    const dropped = queue.reserve()
    let ends = 0
    dropped.onEnd = () => ends++
    queue.push("never")
    closing.text = "bye"
    closing.closes = true
    assert.isTrue(queue.release())
    assert.strictEqual(queue.take(), "bye")
    assert.strictEqual(queue.size, 0)
    // What a handler has acquired for it is released, once.
    queue.abandon()
    assert.strictEqual(ends, 1)
  })
})
