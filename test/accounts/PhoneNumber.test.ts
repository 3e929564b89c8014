/** Phone numbers: the many ways to write one, and the one that is kept. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { normalise } from "../../src/accounts/PhoneNumber.ts"

const digits = (minimum: number, maximum: number) =>
  Schema.String.check(Schema.isPattern(new RegExp(`^[1-9][0-9]{${minimum - 1},${maximum - 1}}$`)))

describe("A phone number", () => {
  it("is the same with spaces, dots and hyphens, and with 00 for +", () => {
    for (const text of [
      "+33612345678",
      "+33 6 12 34 56 78",
      "0033612345678",
      "+33.612-345 678",
      " 00 33 612345678 "
    ]) {
      assert.strictEqual(normalise(text), "+33612345678", text)
    }
  })

  it("without the code of its country, or that is none at all, is nobody's", () => {
    const none = [
      "0612345678",
      "33612345678",
      "12345",
      "Orange",
      "",
      "+",
      "+0612345678",
      "+12345",
      "+1234567890123456"
    ]
    for (const text of [
      ...none,
      "+33612345678x",
      "++33612345678",
      "+33(0)612345678",
      "+３３612345678",
      " ".repeat(100)
    ]) {
      assert.isUndefined(normalise(text), text)
    }
  })

  it.prop("of 6 to 15 digits stays as it is", [digits(6, 15)], ([number]) => {
    assert.strictEqual(normalise(`+${number}`), `+${number}`)
    assert.strictEqual(normalise(`00${number}`), `+${number}`)
  })

  it.prop("has one way to write it, whatever is given", [Schema.String], ([text]) => {
    const number = normalise(text)
    if (number !== undefined) assert.strictEqual(normalise(number), number)
  })
})
