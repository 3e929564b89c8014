import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { stripVTControlCharacters } from "node:util"
import { exon } from "../../../src/protocols/exon/cli/Dialect.ts"
import { rscp } from "../../../src/protocols/rscp/cli/Dialect.ts"
import { secLsmManager } from "../../../src/protocols/sec-lsm-manager/cli/Dialect.ts"
import { documents } from "../../../src/protocols/sms/cli/Dialect.ts"
import * as View from "../../../src/cli/connect/View.ts"
import { Available, Found, NotFound, Registered } from "../../../src/protocols/exon/Protocol.ts"
import { Functions, Response } from "../../../src/protocols/rscp/Protocol.ts"

/** What is to be seen, whether the tests run on a terminal with colours or not. */
const seen = (parts: ReadonlyArray<View.Part>, width = 40) =>
  stripVTControlCharacters(View.render(parts, width)).split("\n")

const item = { id: 12, name: "Fusion engine", date: "2026-11-20 21:50:07", comments: "", author: "ada" }

describe("what is shown", () => {
  const Cells = Schema.Array(Schema.Tuple([Schema.String, Schema.String]))

  it.effect.prop("has no character that a terminal would obey, whoever sent it", [Cells], ([rows]) =>
    Effect.sync(() => {
      for (const line of seen([
        View.table(["a", "b"], rows),
        View.record(rows),
        ...rows.map(([a]) => View.text(a))
      ])) {
        assert.notMatch(line, /[\p{Cc}\p{Cf}]/u)
      }
    })
  )

  it.effect.prop("is a table of a line a row, within the width", [Schema.Array(Schema.String)], ([cells]) =>
    Effect.sync(() => {
      const [, ...lines] = seen([
        View.table(
          ["a", "b"],
          cells.map((cell) => ["x", cell])
        )
      ])
      assert.strictEqual(lines.length, cells.length)
      for (const line of lines) assert.isAtMost(Array.from(new Intl.Segmenter().segment(line)).length, 40)
    })
  )

  it("is a table of the items of Exon, cut off at the width of the terminal", () => {
    const found = Found.make({
      data: [
        { ...item, comments: "Could explode at any time.\nIt did not yet." },
        { ...item, id: 9, name: "漢字" }
      ]
    })
    assert.deepStrictEqual(seen(exon.show([found]), 70), [
      "id  name           date                 author  comments",
      "12  Fusion engine  2026-11-20 21:50:07  ada     Could explode at any …",
      "9   漢字           2026-11-20 21:50:07  ada"
    ])
    assert.deepStrictEqual(seen(exon.show([Found.make({ data: [] })])), ["no items"])
  })

  it("is a record of one item, its comments a line each", () => {
    assert.deepStrictEqual(seen(exon.show([Available.make({ data: { ...item, comments: "a\nb" } })])), [
      "id        12",
      "name      Fusion engine",
      "date      2026-11-20 21:50:07",
      "author    ada",
      "comments  a",
      "          b"
    ])
  })

  it("is what the other replies say", () => {
    assert.deepStrictEqual(seen(exon.show([Registered.make({ data: 7 })])), ["New item registered (7)"])
    assert.deepStrictEqual(seen(exon.show([NotFound.make({ data: "" })])), ["Item not found."])
    assert.deepStrictEqual(
      seen(documents.show([{ _tag: "Answer", received_length: 3, output: "a\nb", chain: [] }])),
      ["a", "b"]
    )
  })

  it("is a table of the functions of RSCP, and an answer", () => {
    const functions = [
      { function: "ADD(X, Y)", id: 1, nbparam: 2 },
      { function: "MEAN(...)", id: 60, nbparam: -1 }
    ] as const
    assert.deepStrictEqual(seen(rscp.show([Functions.make({ functions })])), [
      "id  parameters  function",
      "1   2           ADD(X, Y)",
      "60  any         MEAN(...)"
    ])
    assert.deepStrictEqual(seen(rscp.show([Response.make({ id: "2", answer: "1" })])), ["1"])
  })

  it("is a table of what display lists, and how it ended", () => {
    const replies = secLsmManager.show([
      { _tag: "StringId", id: "demo-app" },
      { _tag: "StringPath", path: "/tmp/a b", type: "data" },
      { _tag: "done", args: [] }
    ])
    assert.deepStrictEqual(seen(replies), ["what  value", "id    demo-app", "path  /tmp/a b  data", "done"])
    assert.deepStrictEqual(seen(secLsmManager.show([{ _tag: "error", reason: "invalid" }])), [
      "error invalid"
    ])
  })
})
