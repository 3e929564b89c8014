/** Which names are the same, and which words are found. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { foldCase, foldedWords, foldText } from "../../../src/protocols/exon/Folding.ts"

const same = (one: string, other: string) => foldCase(one) === foldCase(other)

/** Every character there is, save the surrogates. */
const characters = function* () {
  for (let point = 0; point <= 0x10_ff_ff; point++) {
    if (point < 0xd8_00 || point > 0xdf_ff) yield String.fromCodePoint(point)
  }
}

describe("Case folding", () => {
  it("takes for the same what differs in case or in how it is composed", () => {
    for (const [one, other] of [
      ["Fusion engine", "fusion ENGINE"],
      ["Straße", "STRASSE"],
      ["STRAẞE", "strasse"],
      ["ΣΊΣΥΦΟΣ", "Σίσυφος"],
      ["ς", "σ"],
      ["caf\u00e9", "CAFE\u0301"],
      ["\u212b", "å"],
      ["ﬃ", "FFI"],
      ["Ǆ", "ǆ"],
      ["\u{10400}", "\u{10428}"],
      ["ᾳ", "ΑΙ"]
    ] as const) {
      assert.isTrue(same(one, other), `${one} ${other}`)
    }
  })

  it("tells apart what differs in more than case", () => {
    for (const [one, other] of [
      ["e", "é"],
      ["İ", "i"],
      ["a b", "ab"],
      ["ss", "s"],
      ["ü", "ue"],
      ["１", "1"]
    ] as const) {
      assert.isFalse(same(one, other), `${one} ${other}`)
    }
  })

  it("is the same for a character, its capital, its small letter and its folding", () => {
    const different: Array<string> = []
    for (const character of characters()) {
      const folded = foldCase(character)
      const isSame =
        foldCase(folded) === folded &&
        foldCase(character.toUpperCase()) === folded &&
        foldCase(character.toLowerCase()) === folded &&
        foldCase(character.normalize("NFD")) === folded
      if (!isSame) different.push(character)
    }
    assert.deepStrictEqual(different, [])
  })

  it.prop("changes nothing the second time", [Schema.String], ([text]) => {
    assert.strictEqual(foldCase(foldCase(text)), foldCase(text))
    assert.strictEqual(foldText(foldText(text)), foldText(text))
  })
})

describe("Words", () => {
  it("are what stands between anything that is no letter, digit or mark", () => {
    assert.deepStrictEqual(
      [...foldedWords(`Don't PANIC_42: "naïve" — Ångström, ΣΊΣΥΦΟΣ; 東京、हिन्दी!`)],
      ["don", "t", "panic", "42", "naive", "angstrom", "σισυφοσ", "東京", "हिनदी"]
    )
  })

  it("are none where there is nothing else", () => {
    assert.strictEqual(foldedWords(` \t"*^():-_—、`).size, 0)
  })

  it.prop("are the same from the text and from what is indexed of it", [Schema.String], ([text]) => {
    assert.deepStrictEqual([...foldedWords(foldText(text))], [...foldedWords(text)])
  })
})
