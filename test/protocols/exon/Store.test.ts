/** The items of Exon, their names, their comments, and the trail of what was done to them. */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as AuditTrail from "../../../src/protocols/exon/AuditTrail.ts"
import { maxComments } from "../../../src/protocols/exon/Item.ts"
import { Store } from "../../../src/protocols/exon/Store.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { itemOf, listed, together, withStore } from "./OpenStore.ts"
import { ask, measured, Model, steps, who } from "./StoreModel.ts"

/** The store ends as the model does: items, trail, and what search finds. */
const compare = (model: Model) =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* listed(1), model.newest().slice(0, 50))
    const trail = yield* Stream.runCollect(AuditTrail.read())
    assert.deepStrictEqual(
      loginsLast(trail.map(({ event, item }) => ({ event, item }))),
      loginsLast(model.trail)
    )
  })

/** Logins are written down beside the queue in which all the rest waits. */
const loginsLast = (trail: Model["trail"]): Model["trail"] => [
  ...trail.filter(({ item }) => item !== undefined),
  ...trail.filter(({ item }) => item === undefined)
]

describe("The store", () => {
  it.effect.prop(
    "answers any sequence of operations as the model does",
    [steps],
    ([steps]) =>
      Effect.gen(function* () {
        const store = yield* Store
        const model = new Model()
        for (const step of steps) {
          assert.deepStrictEqual(yield* ask(store, step), model.answer(step), step._tag)
        }
        yield* compare(model)
      }).pipe(withStore()),
    { arbitrary: { runs: 40, size: 80 } }
  )

  it.effect.prop(
    "answers requests of many fibers in the order in which they came, in batches of any size",
    [steps, Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 }))],
    ([steps, maxBatch]) =>
      Effect.gen(function* () {
        const store = yield* Store
        const model = new Model()
        const answers = yield* together(steps.map((step) => ask(store, step)))
        assert.deepStrictEqual(
          answers,
          steps.map((step) => model.answer(step))
        )
        yield* compare(model)
      }).pipe(withStore({ limits: { maxBatch: maxBatch === 20 ? 512 : maxBatch } })),
    { arbitrary: { runs: 120, size: 80 } }
  )

  it.effect.prop(
    "reads measured items as they were then, without those that another session has removed since",
    [steps, steps],
    ([before, after]) =>
      Effect.gen(function* () {
        const store = yield* Store
        const model = new Model()
        const [own, other] = [{}, {}]
        yield* together(before.map((step) => ask(store, step, own)))
        for (const step of before) model.answer(step)
        const items = model.newest()
        yield* together(after.map((step) => ask(store, step, own)))
        for (const step of after) model.answer(step)
        const sizes = items.map(measured)
        assert.deepStrictEqual(yield* store.read(sizes, own), items)
        const left = items.filter(({ id }) => model.items.has(id))
        assert.deepStrictEqual(yield* store.read(sizes, other), left)
        assert.deepStrictEqual(yield* store.read(sizes), left)
      }).pipe(withStore()),
    { arbitrary: { runs: 60, size: 80 } }
  )

  it.effect("gives two adders of one name one success and the number of it", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const answers = yield* together(
        ["Straße", "other", "STRASSE", "strasse"].map((name) => store.add({ name, comments: "", ...who }))
      )
      assert.deepStrictEqual(answers, [
        { _tag: "Added", id: 1 },
        { _tag: "Added", id: 2 },
        { _tag: "Exists", id: 1 },
        { _tag: "Exists", id: 1 }
      ])
    }).pipe(withStore())
  )

  it.live("keeps a name unique between two stores on one database", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "exon.db")
      const racer = (author: string) =>
        Effect.gen(function* () {
          const store = yield* Store
          return yield* together(
            Array.from({ length: 200 }, (_, at) =>
              store.add({ name: `item ${at}`, comments: author, author, address: "" })
            )
          )
        }).pipe(withStore({ filename, limits: { maxBatch: 7 } }))
      // The tables are there before both race to use them.
      yield* withStore({ filename })(Effect.void)
      const [ada, bob] = yield* Effect.all([racer("ada"), racer("bob")], { concurrency: "unbounded" })
      const added = [...ada, ...bob].filter(({ _tag }) => _tag === "Added")
      assert.strictEqual(added.length, 200)
      assert.deepStrictEqual(
        ada.map(({ id }) => id),
        bob.map(({ id }) => id)
      )
    }).pipe(Effect.scoped)
  )

  it.effect("never gives a number twice, not even of the last item", () =>
    Effect.gen(function* () {
      const store = yield* Store
      yield* store.add({ name: "one", comments: "", ...who })
      yield* store.remove({ id: 1, ...who })
      assert.deepStrictEqual(yield* store.add({ name: "one", comments: "", ...who }), {
        _tag: "Added",
        id: 2
      })
    }).pipe(withStore())
  )

  it.effect("dates an item with the moment of adding", () =>
    Effect.gen(function* () {
      const store = yield* Store
      yield* TestClock.adjust("90 seconds")
      yield* store.add({ name: "one", comments: "", ...who })
      yield* TestClock.adjust("90 seconds")
      assert.strictEqual((yield* itemOf(1))?.date, 90_000)
    }).pipe(withStore())
  )

  it.effect("takes 64 KiB of comments, and no more than the limit of an item", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const long = "é ".repeat(65_536 / 3)
      yield* store.add({ name: "long", comments: long, ...who })
      assert.strictEqual((yield* itemOf(1))?.comments, long)
      const rest = maxComments - Buffer.byteLength(long) - 1
      const tooLong = { id: 1, comments: "x".repeat(rest + 1), ...who }
      const [refused, taken, full] = yield* together([
        Effect.flip(store.comment(tooLong)),
        store.comment({ ...tooLong, comments: "x".repeat(rest) }),
        Effect.flip(store.comment({ ...tooLong, comments: "x" }))
      ])
      assert.deepStrictEqual([refused.reason, taken, full.reason], ["TooLong", true, "TooLong"])
      yield* store.add({ name: "full", comments: "", ...who })
      assert.isTrue(yield* store.comment({ id: 2, comments: "x".repeat(maxComments), ...who }))
      const { reason } = yield* Effect.flip(
        store.add({ name: "longer", comments: "x".repeat(maxComments + 1), ...who })
      )
      assert.strictEqual(reason, "TooLong")
    }).pipe(withStore())
  )

  it.effect("puts each comment on a line of its own, in the order they came", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const comment = (comments: string) => store.comment({ id: 1, comments, ...who })
      yield* store.add({ name: "one", comments: "", ...who })
      yield* together(["", "first", "second", "", "third"].map(comment))
      yield* comment("fourth")
      assert.strictEqual((yield* itemOf(1))?.comments, "first\nsecond\n\nthird\nfourth")
    }).pipe(withStore())
  )

  it.effect.prop("gives back any text as it was given", [Schema.String, Schema.String], ([name, comments]) =>
    Effect.gen(function* () {
      const store = yield* Store
      yield* store.add({ name, comments, ...who })
      yield* store.comment({ id: 1, comments: name, ...who })
      const item = yield* itemOf(1)
      const both = comments === "" ? name : `${comments}\n${name}`
      assert.deepStrictEqual([item?.name, item?.comments], [name.toWellFormed(), both.toWellFormed()])
      const again = yield* store.add({ name: name.toLowerCase(), comments, ...who })
      assert.deepStrictEqual(again, { _tag: "Exists", id: 1 })
    }).pipe(withStore())
  )

  it.effect("pages through the items, newest first", () =>
    Effect.gen(function* () {
      const store = yield* Store
      yield* together(
        Array.from({ length: 120 }, (_, at) => store.add({ name: `item ${at}`, comments: "", ...who }))
      )
      const pages = yield* together([1, 2, 3, 4, Number.MAX_SAFE_INTEGER].map(listed))
      assert.deepStrictEqual(
        pages.map((page) => page.length),
        [50, 50, 20, 0, 0]
      )
      assert.deepStrictEqual(
        pages.flat().map(({ id }) => id),
        Array.from({ length: 120 }, (_, at) => 120 - at)
      )
    }).pipe(withStore())
  )
})

describe("The audit trail", () => {
  it.effect("tells who did what, when, from where and to which item", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const eve = { author: "eve", address: "2001:db8::1" }
      yield* store.add({ name: "one", comments: "", ...who })
      yield* TestClock.adjust("1 second")
      yield* store.add({ name: "ONE", comments: "", ...eve })
      yield* store.audit({ event: "failed login", ...eve })
      yield* TestClock.adjust("1 second")
      yield* store.remove({ id: 1, ...who })
      yield* store.comment({ id: 1, comments: "too late", ...eve })
      const expected = [
        { at: 0, event: "add", ...who, item: 1 },
        { at: 1000, event: "failed login", ...eve, item: undefined },
        { at: 2000, event: "delete", ...who, item: 1 }
      ]
      assert.deepStrictEqual(yield* Stream.runCollect(AuditTrail.read()), expected)
      assert.deepStrictEqual(yield* Stream.runCollect(AuditTrail.read({ since: 1000 })), expected.slice(1))
    }).pipe(withStore())
  )

  it.effect("is read to its end, however long it is", () =>
    Effect.gen(function* () {
      const store = yield* Store
      yield* together(
        Array.from({ length: 1500 }, (_, at) => store.audit({ event: "login", author: `${at}`, address: "" }))
      )
      const trail = yield* Stream.runCollect(AuditTrail.read())
      assert.deepStrictEqual(
        trail.map(({ author }) => author),
        Array.from({ length: 1500 }, (_, at) => `${at}`)
      )
    }).pipe(withStore())
  )
})
