/** Requests that a connection sends together: answered in order, as one after another, and committed together. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Latch, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Store } from "../../../src/protocols/exon/Store.ts"
import { Happenings } from "../../support/Happenings.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import { answersOf, askOne, password, serveHere } from "../../support/ServedExon.ts"
import * as Model from "./ConversationModel.ts"
import { layerTapped, newTap } from "./OpenStore.ts"

const login = `auth username="ada"::passwd="${password}"`

const text = (lines: ReadonlyArray<string>): string => lines.map((line) => `${line}\n`).join("")

/**
 * Sends lines together while another connection's commit is under way, and returns the replies and how many commits they
 * took. That commit ends when all of them have asked the store.
 */
const sendAll = Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
  const tap = newTap()
  const happenings = new Happenings()
  const store = Layer.effect(Store, Effect.map(Store, noting(happenings))).pipe(
    Layer.provide(Store.layerSqlite),
    Layer.provide(layerTapped(tap))
  )
  const served = yield* serveHere({ people: ["ada"], inMemory: true, store })
  const peer = yield* RawPeer.connect(served.endpoint)
  // Commands are loaded at their first use, which takes a while.
  for (const line of [login, "id 9", 'comment id="9"::comments="x"', "del 9", "list", 'search text="x"']) {
    yield* askOne(peer, line)
  }
  const adds = numbers(1, 20).map((id) => `add name="item ${id}"`)
  yield* peer.send(text(adds))
  yield* peer.lines(adds.length)

  const gate = yield* Latch.make()
  tap.waits = Effect.andThen(
    Effect.sync(() => happenings.note("committing")),
    gate.await
  )
  const other = yield* RawPeer.connect(served.endpoint)
  yield* other.send('comment id="20"::comments="held"\n')
  yield* happenings.until("committing")
  const [before, asked] = [tap.transactions, happenings.count("asked")]
  yield* peer.send(text(lines))
  yield* happenings.until("asked", asked + lines.length)
  yield* gate.open
  const replies = (yield* peer.lines(lines.length)).map((line) => JSON.parse(line) as Reply)
  return { replies, transactions: tap.transactions - before }
})

/** The store, noting each request when it takes its place. */
const noting =
  (happenings: Happenings) =>
  (store: Store["Service"]): Store["Service"] => {
    const noted = <A, E>(effect: Effect.Effect<A, E>) =>
      Effect.suspend(() => {
        happenings.note("asked")
        return effect
      })
    return {
      ...store,
      add: (item) => noted(store.add(item)),
      get: (id) => noted(store.get(id)),
      comment: (change) => noted(store.comment(change)),
      remove: (change) => noted(store.remove(change)),
      search: (text) => noted(store.search(text)),
      list: (page) => noted(store.list(page))
    }
  }

interface Reply {
  readonly message: string
  readonly data: unknown
}

const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at)

describe("Requests that are sent together", () => {
  it.effect("share one commit, be they reads, comments or deletions", () =>
    Effect.gen(function* () {
      const { replies, transactions } = yield* sendAll(
        numbers(1, 20).flatMap((id) => [
          `id ${id}`,
          `comment id="${id}"::comments="about ${id}"`,
          `id ${id}`,
          ...(id % 2 === 0 ? [`del ${id}`, `id ${id}`] : [])
        ])
      )
      const comments = replies.map(({ data, message }) =>
        typeof data === "object" && data !== null && "comments" in data ? data.comments : message
      )
      assert.deepStrictEqual(
        comments,
        numbers(1, 20).flatMap((id) => [
          id === 20 ? "held" : "",
          "New comment added.",
          id === 20 ? "held\nabout 20" : `about ${id}`,
          ...(id % 2 === 0 ? ["Item successfully deleted", "Item not found."] : [])
        ])
      )
      assert.strictEqual(transactions, 1)
    })
  )

  it.effect("share one commit with the lists and searches among them", () =>
    Effect.gen(function* () {
      const { replies, transactions } = yield* sendAll([
        "list",
        'comment id="2"::comments="rare"',
        'search text="rare"',
        "del 2",
        'search text="rare"',
        "list",
        'add name="item 2"::comments="rare"',
        'search text="rare"'
      ])
      const found = replies.map(({ data }) => (Array.isArray(data) ? data.length : data))
      assert.deepStrictEqual(found, [20, 2, 1, 2, 0, 19, 21, 1])
      assert.strictEqual(transactions, 1)
    })
  )
})

const oneOf = <A>(values: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: values.length - 1 }))),
    (at) => values[at]!
  )

/** Requests about four items, of which two are long, and all four too long for a short list. */
const requests = Arbitrary.array(
  Arbitrary.flatMap(oneOf([1, 2, 3, 4]), (id) =>
    oneOf([
      ...[`id ${id}`, `id ${id}`, `id ${id}`, `del ${id}`, "list", 'search text="item"'],
      ...["short", "é".repeat(1500), "x".repeat(30_000)].map(
        (comments) => `comment id="${id}"::comments="${comments}"`
      )
    ])
  ),
  { maxLength: 30 }
)

describe("Requests about long items", () => {
  it.effect.prop(
    "are answered as the model does, which carries them out one after another",
    [requests],
    ([requests]) =>
      Effect.gen(function* () {
        const now = new Date(2027, 0, 1, 10, 20, 30).getTime()
        yield* TestClock.setTime(now)
        const served = yield* serveHere({ people: ["ada"], inMemory: true })
        const world = Model.newWorld("2026-01-01 10:20:30", password, ["ada"])
        const session: Model.Session = {}
        const lines = [
          login,
          ...["y".repeat(65_000), "short", "z".repeat(2500), ""].map(
            (comments, at) => `add name="item ${at}"` + (comments && `::comments="${comments}"`)
          ),
          ...requests
        ]
        const expected = lines.map((line) => Model.answer(world, session, line).reply)
        const received = yield* answersOf(served, text(lines))
        for (const [at, line] of received.split("\n").slice(0, -1).entries()) {
          // Not compared by the assertion, which would print replies of 100,000 characters.
          assert.isTrue(line === expected[at], lines[at]!.slice(0, 60))
        }
        assert.strictEqual(received.split("\n").length, expected.length + 1)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 40, size: 60 }, timeout: 60_000 }
  )
})
