/** What the functions answer, beside what Python's own library computes: `values.py` made `values.json`. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { algebra } from "../../../src/protocols/rscp/calculator/Algebra.ts"
import { functions } from "../../../src/protocols/rscp/functions/Catalogue.ts"
import { answer, answerAtOnce } from "../../../src/protocols/rscp/functions/Question.ts"

const Table = Schema.fromJsonString(
  Schema.Array(Schema.Tuple([Schema.String, Schema.Array(Schema.String), Schema.String]))
)

const table = Schema.decodeUnknownSync(Table)(readFileSync(new URL("values.json", import.meta.url), "utf8"))

const idOf = new Map(functions.map(({ id, keyword }) => [keyword, String(id)]))

const called = (keyword: string, parameters: ReadonlyArray<string>) => `${keyword}(${parameters.join("; ")})`

describe("The functions", () => {
  it("answer what another program computes, to the last digit", () => {
    const answered = table.map(([keyword, parameters]) => [
      called(keyword, parameters),
      answer({ id: idOf.get(keyword)!, parameters }, algebra)
    ])
    assert.deepStrictEqual(
      answered,
      table.map(([keyword, parameters, value]) => [called(keyword, parameters), value])
    )
  })

  it("answer the same at once as in a worker", () => {
    for (const [keyword, parameters, value] of table) {
      const atOnce = answerAtOnce(idOf.get(keyword)!, parameters)
      if (atOnce !== undefined) assert.strictEqual(atOnce, value, called(keyword, parameters))
    }
  })

  it("are in the table four times each at the least, constants once, and 500 times in all", () => {
    const counts = new Map<string, number>()
    for (const [keyword] of table) counts.set(keyword, (counts.get(keyword) ?? 0) + 1)
    // What rearranges expressions has its own test, and a constant has one value.
    const rare = functions.filter(({ count, keyword }) => count !== 0 && (counts.get(keyword) ?? 0) < 4)
    assert.deepStrictEqual(
      rare.map(({ keyword }) => keyword),
      ["DERIVATIVE", "SIMPLIFY"]
    )
    assert.isAtLeast(table.length, 500)
  })
})
