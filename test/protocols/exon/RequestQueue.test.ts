/** Requests that wait at the same moment share a transaction, and each fails alone where that is possible. */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result, Stream } from "effect"
import { SqlError } from "effect/sql"
import * as AuditTrail from "../../../src/protocols/exon/AuditTrail.ts"
import { Store } from "../../../src/protocols/exon/Store.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { withLogs } from "../../support/Happenings.ts"
import { itemOf, listed, newTap, together, withStore } from "./OpenStore.ts"
import { who } from "./StoreModel.ts"

const add = (name: string) => Store.use((store) => store.add({ name, comments: "", ...who }))

const names = (count: number) => Array.from({ length: count }, (_, at) => `item ${at}`)

/** The names in the store; the audit trail has to agree. */
const kept = Effect.gen(function* () {
  const items = yield* listed(1)
  const trail = yield* Stream.runCollect(AuditTrail.read())
  assert.deepStrictEqual(
    trail.map(({ item }) => item),
    items.map(({ id }) => id).toReversed()
  )
  return items.map(({ name }) => name).toReversed()
})

const failure = new SqlError.UnknownError({ cause: new Error("on demand") })
const locked = new SqlError.LockTimeoutError({ cause: new Error("on demand") })

/** How each of some requests ended: `done`, or the reason of its failure. */
const outcomes = <R>(effects: ReadonlyArray<Effect.Effect<unknown, { readonly reason: string }, R>>) =>
  Effect.map(together(effects.map(Effect.result)), (results) =>
    results.map((result) => (Result.isSuccess(result) ? "done" : result.failure.reason))
  )

describe("A batch of requests", () => {
  it.effect("has one transaction and few statements, whatever its length", () => {
    const tap = newTap()
    return Effect.gen(function* () {
      const before = { ...tap }
      yield* together(names(500).map(add))
      assert.strictEqual(tap.transactions - before.transactions, 1)
      assert.isBelow(tap.statements - before.statements, 40)
    }).pipe(withStore({ tap }))
  })

  it.effect("is bounded in requests and in weight", () => {
    const tap = newTap()
    return Effect.gen(function* () {
      const before = tap.transactions
      yield* together(names(100).map(add))
      assert.strictEqual(tap.transactions - before, 10)
      // Each of these is as heavy as a batch may be.
      yield* together(
        names(3).map((name) =>
          Store.use((store) => store.comment({ id: 1, comments: name.repeat(10_000), ...who }))
        )
      )
      assert.strictEqual(tap.transactions - before, 13)
    }).pipe(withStore({ tap, limits: { maxBatch: 10, maxBatchWeight: 50_000 } }))
  })

  it.effect("needs no transaction to read", () => {
    const tap = newTap()
    return Effect.gen(function* () {
      const before = { ...tap }
      yield* Store.use((store) => together(names(256).map((_, at) => store.get(at + 1))))
      assert.deepStrictEqual(
        [tap.transactions - before.transactions, tap.statements - before.statements],
        [0, 1]
      )
    }).pipe(withStore({ tap }))
  })

  it.effect("is answered once it is committed, and not before", () => {
    const tap = newTap()
    return withLogs(() =>
      Effect.gen(function* () {
        tap.refusesCommit = failure
        const store = yield* Store
        // The reads are in the same transaction, so they would show what is not kept.
        const ended = yield* outcomes([add("one"), store.get(1), add("two")])
        assert.deepStrictEqual(ended, ["Unavailable", "Unavailable", "Unavailable"])
        tap.refusesCommit = undefined
        assert.deepStrictEqual(yield* kept, [])
        assert.deepStrictEqual(yield* add("three"), { _tag: "Added", id: 1 })
      }).pipe(withStore({ tap }))
    )
  })

  it.effect("is done apart from the requests in it that fail", () => {
    const tap = newTap()
    return withLogs((logs) =>
      Effect.gen(function* () {
        tap.fails = (values) => (values.includes("poison") ? failure : undefined)
        const ended = yield* outcomes([...names(20), "poison", "more", "poison", "last"].map(add))
        const expected = [...names(20).map(() => "done"), "Unavailable", "done", "Unavailable", "done"]
        assert.deepStrictEqual(ended, expected)
        assert.deepStrictEqual(yield* kept, [...names(20), "more", "last"])
        assert.strictEqual(logs.count(/level=ERROR.*item store failed/), 1)
      }).pipe(withStore({ tap }))
    )
  })

  it.effect("has one audit entry for each change, however often it was tried", () => {
    const tap = newTap()
    return withLogs(() =>
      Effect.gen(function* () {
        yield* add("one")
        tap.fails = (values) => (values.includes("poison") ? failure : undefined)
        const comment = Store.use((store) => store.comment({ id: 1, comments: "again", ...who }))
        assert.deepStrictEqual(yield* outcomes([comment, add("poison"), comment]), [
          "done",
          "Unavailable",
          "done"
        ])
        const trail = yield* Stream.runCollect(AuditTrail.read())
        assert.deepStrictEqual(
          trail.map(({ event, item }) => `${event} ${item}`),
          ["add 1", "comment 1", "comment 1"]
        )
        const item = yield* itemOf(1)
        assert.strictEqual(item?.comments, "again\nagain")
      }).pipe(withStore({ tap }))
    )
  })

  it.effect("fails as a whole, at once, when the database cannot be used", () => {
    const tap = newTap()
    return withLogs(() =>
      Effect.gen(function* () {
        const before = tap.transactions
        tap.fails = () => locked
        assert.deepStrictEqual(
          yield* outcomes(names(20).map(add)),
          names(20).map(() => "Unavailable")
        )
        assert.strictEqual(tap.transactions - before, 1)
        delete tap.fails
        assert.deepStrictEqual(yield* kept, [])
      }).pipe(withStore({ tap }))
    )
  })
})

describe("A request", () => {
  it.effect("is refused when too many wait", () =>
    Effect.gen(function* () {
      const ended = yield* outcomes(names(12).map(add))
      assert.deepStrictEqual(ended, [...names(10).map(() => "done"), "Overloaded", "Overloaded"])
      assert.strictEqual((yield* kept).length, 10)
    }).pipe(withStore({ limits: { capacity: 10 } }))
  )

  it.effect("is refused when what waits is too much", () =>
    Effect.gen(function* () {
      const ended = yield* outcomes(["x".repeat(60), "y".repeat(60), "z"].map(add))
      assert.deepStrictEqual(ended, ["done", "Overloaded", "done"])
    }).pipe(withStore({ limits: { capacityWeight: 100 } }))
  )

  it.effect("is done even if its Effect is interrupted", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(add("one"), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* add("two"), { _tag: "Added", id: 2 })
      assert.deepStrictEqual(yield* kept, ["one", "two"])
    }).pipe(withStore())
  )

  it.effect("is done before the store closes, and refused after", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "exon.db")
      const [store, waiting] = yield* Effect.gen(function* () {
        const store = yield* Store
        const all = together(names(30).map((name) => store.add({ name, comments: "", ...who })))
        return [store, yield* Effect.forkDetach(all, { startImmediately: true })] as const
      }).pipe(withStore({ filename, limits: { maxBatch: 7 } }))
      assert.strictEqual((yield* Fiber.join(waiting)).length, 30)
      assert.strictEqual((yield* Effect.flip(store.get(1))).reason, "Closed")
      assert.deepStrictEqual(yield* withStore({ filename })(kept), names(30))
    }).pipe(Effect.scoped)
  )
})
