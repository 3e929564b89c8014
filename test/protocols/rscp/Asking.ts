/** Asks the catalogue in the test's own thread, and numbers to ask it with. */
import { Arbitrary, Schema } from "effect"
import { algebra } from "../../../src/protocols/rscp/calculator/Algebra.ts"
import { functions } from "../../../src/protocols/rscp/functions/Catalogue.ts"
import { answer } from "../../../src/protocols/rscp/functions/Question.ts"

const ids = new Map(functions.map(({ id, keyword }) => [keyword, String(id)]))

/** The id of a function, as it is written on the wire. */
export const idOf = (keyword: string): string => {
  const id = ids.get(keyword)
  if (id === undefined) throw new Error(`there is no function ${keyword}`)
  return id
}

/** The answer, however long it takes. */
export const ask = (keyword: string, ...parameters: ReadonlyArray<string>): string =>
  answer({ id: idOf(keyword), parameters }, algebra)

const whole = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** Whole numbers of up to nine digits. */
export const integers = Arbitrary.map(whole(-999_999_999, 999_999_999), String)

/** Whole numbers from 1. */
export const naturals = Arbitrary.map(whole(1, 999_999_999), String)

const pieces = Arbitrary.all([
  Arbitrary.schema(Schema.Literals(["", "-", "+"])),
  Arbitrary.map(Arbitrary.array(whole(0, 9), { minLength: 1, maxLength: 12 }), (digits) => digits.join("")),
  Arbitrary.map(Arbitrary.array(whole(0, 9), { maxLength: 12 }), (digits) => digits.join("")),
  Arbitrary.schema(Schema.Literals(["", "e", "E"])),
  whole(-40, 40)
])

/** Decimal numbers as people write them. */
export const decimals: Arbitrary.Arbitrary<string> = Arbitrary.map(
  pieces,
  ([sign, digits, fraction, e, exponent]) =>
    `${sign}${digits}${fraction === "" ? "" : `.${fraction}`}${e === "" ? "" : `${e}${exponent}`}`
)

export const degrees = whole(-100_000, 100_000)
