/** Which texts are the same but for case. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as CaseFolding from "../src/CaseFolding.ts"

/** Every character that has a case or more than one form, and many that have not: the others are all alike. */
const characters = function* () {
  for (const [first, last] of [
    [0, 0xd7_ff],
    [0xe0_00, 0x1_ff_ff],
    [0x2_f8_00, 0x2_fa_1f]
  ] as const) {
    for (let point = first; point <= last; point++) yield String.fromCodePoint(point)
  }
}

const alike = [
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
] as const

const different = [
  ["e", "é"],
  ["İ", "i"],
  ["a b", "ab"],
  ["ss", "s"],
  ["ü", "ue"]
] as const

for (const fold of [CaseFolding.fold, CaseFolding.foldCompatible]) {
  describe(fold === CaseFolding.fold ? "Case folding" : "Case folding of compatible forms", () => {
    for (const [one, other] of alike) {
      it(`takes ${one} and ${other} for the same`, () => assert.strictEqual(fold(one), fold(other)))
    }

    for (const [one, other] of different) {
      it(`tells ${one} and ${other} apart`, () => assert.notStrictEqual(fold(one), fold(other)))
    }

    it("is the same for a character, its capital, its small letter and its folding", () => {
      const wrong: Array<string> = []
      for (const character of characters()) {
        const folded = fold(character)
        const isSame = [
          folded,
          character.toUpperCase(),
          character.toLowerCase(),
          character.normalize("NFD")
        ].every((form) => form === character || fold(form) === folded)
        if (!isSame) wrong.push(character)
      }
      assert.deepStrictEqual(wrong, [])
    })

    it.prop("changes nothing the second time, nor where the case is another", [Schema.String], ([text]) => {
      assert.strictEqual(fold(fold(text)), fold(text))
      assert.strictEqual(fold(text.toLowerCase()), fold(text))
      assert.strictEqual(fold(text.toUpperCase()), fold(text))
    })
  })
}

describe("Forms of a character", () => {
  for (const [one, other] of [
    ["Ｆｕｌｌ", "full"],
    ["１", "1"]
  ] as const) {
    it(`as in ${one} and ${other} are the same only where compatible forms are`, () => {
      assert.strictEqual(CaseFolding.foldCompatible(one), CaseFolding.foldCompatible(other))
      assert.notStrictEqual(CaseFolding.fold(one), CaseFolding.fold(other))
    })
  }
})
