/** Names: which there may be, and which are the same. */
import { assert, describe, it } from "@effect/vitest"
import * as Name from "../../src/accounts/Name.ts"

describe("the fold of a name", () => {
  for (const [one, other] of [
    ["ada", "ADA"],
    ["Ｆｕｌｌ", "full"],
    ["e\u0301mile", "Émile"]
  ] as const) {
    it(`is the same for ${one} and ${other}`, () => {
      assert.strictEqual(Name.fold(one), Name.fold(other))
    })
  }

  it("keeps names apart that differ in more than case", () => {
    assert.notStrictEqual(Name.fold("ada"), Name.fold("adä"))
  })
})

describe("a name", () => {
  for (const name of ["a", "Ada Lovelace", "+33612345678", "😀".repeat(64), "x:y=z"]) {
    it(`may be ${JSON.stringify(name)}`, () => {
      assert.isTrue(Name.isValid(name))
    })
  }

  for (const name of [
    "",
    " ",
    " ada",
    "ada\u00a0",
    "a\nb",
    "a\u0000",
    "\ud800",
    "x".repeat(65),
    "😀".repeat(65)
  ]) {
    it(`may not be ${JSON.stringify(name)}`, () => {
      assert.isFalse(Name.isValid(name))
    })
  }
})
