/** Removed items are kept for the session that has removed them, the last ones only. */
import { assert, describe, it } from "@effect/vitest"
import { RemovedItems } from "../../../src/protocols/exon/RemovedItems.ts"

const item = (id: number) => ({
  id,
  name: `item ${id}`,
  date: 0,
  comments: "x".repeat(10_000),
  author: "anon"
})

describe("Removed items", () => {
  it("are there for the session that has removed them, and for no other", () => {
    const removed = new RemovedItems(100_000)
    const session = {}
    removed.add(item(1), session)
    assert.deepStrictEqual(removed.get(1, session), item(1))
    assert.isUndefined(removed.get(1, {}))
    assert.isUndefined(removed.get(2, session))
  })

  it("take no more than their limit, the oldest going first", () => {
    const removed = new RemovedItems(100_000)
    const session = {}
    for (let id = 1; id <= 50; id++) removed.add(item(id), session)
    const kept = Array.from({ length: 50 }, (_, at) => at + 1).filter((id) => removed.get(id, session))
    assert.deepStrictEqual(kept, [42, 43, 44, 45, 46, 47, 48, 49, 50])
  })

  it("that are larger than the limit are not kept", () => {
    const removed = new RemovedItems(5000)
    const session = {}
    removed.add(item(1), session)
    assert.isUndefined(removed.get(1, session))
  })
})
