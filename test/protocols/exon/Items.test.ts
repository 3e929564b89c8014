/** The statements on the items that concern many at once. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Items from "../../../src/protocols/exon/Items.ts"
import { withStore } from "./OpenStore.ts"

const item = (folded: string): Items.NewItem => ({
  folded,
  name: folded,
  comments: "",
  author: "anon",
  date: 0
})

const names = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Literals(["a", "b", "c", "d", "e", "f"])), { maxLength: 6 }),
  (all) => [...new Set(all)]
)

describe("Items that are added together", () => {
  it.effect.prop("get growing ids, save those whose names are there", [names, names], ([before, names]) =>
    Effect.gen(function* () {
      const items = Items.make(yield* SqlClient.SqlClient)
      const there = yield* items.insert(before.map(item))
      assert.deepStrictEqual(
        there,
        before.map((_, at) => at + 1)
      )
      const ids = yield* items.insert(names.map(item))
      const stored = yield* items.named(names)
      const added = ids.flatMap((id) => id ?? [])
      assert.deepStrictEqual(
        added,
        added.toSorted((one, other) => one - other)
      )
      for (const [at, name] of names.entries()) {
        assert.strictEqual(ids[at], before.includes(name) ? undefined : stored.get(name))
      }
      assert.isTrue(added.every((id) => id > before.length))
    }).pipe(withStore())
  )

  it.effect("are as many as there are", () =>
    Effect.gen(function* () {
      const items = Items.make(yield* SqlClient.SqlClient)
      const all = Array.from({ length: 1500 }, (_, n) => String(n))
      const ids = yield* items.insert(all.map(item))
      assert.deepStrictEqual(
        ids,
        all.map((_, n) => n + 1)
      )
    }).pipe(withStore())
  )
})
