/** Which words are found. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Words from "../../../src/protocols/exon/Words.ts"

describe("Words", () => {
  it("are what stands between anything that is no letter, digit or mark", () => {
    assert.deepStrictEqual(
      [...Words.of(`Don't PANIC_42: "naïve" — Ångström, ΣΊΣΥΦΟΣ; 東京、हिन्दी!`)],
      ["don", "t", "panic", "42", "naive", "angstrom", "σισυφοσ", "東京", "हिनदी"]
    )
  })

  it("are none where there is nothing else", () => {
    assert.strictEqual(Words.of(` \t"*^():-_—、`).size, 0)
  })

  it.prop("are folded once and for all", [Schema.String], ([text]) => {
    assert.strictEqual(Words.fold(Words.fold(text)), Words.fold(text))
  })

  it.prop("are the same from the text and from what is indexed of it", [Schema.String], ([text]) => {
    assert.deepStrictEqual([...Words.of(Words.fold(text))], [...Words.of(text)])
  })
})
