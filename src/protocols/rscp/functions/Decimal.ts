/**
 * Decimal numbers, how they are read and how an answer writes them (notes on the specification, "Parameters").
 *
 * They are those of `decimal.js`, which mathjs calls BigNumber. It is imported by itself, because mathjs can only be
 * loaded as a whole, which takes some fifty times as long; only the workers do.
 *
 * Pure: imports nothing of Node.
 */
import { Decimal as Library } from "decimal.js"
import { notANumber, outsideDomain, type Refusal, tooLarge, tooSmall } from "./Refusal.ts"

/** A decimal number of any of the precisions below. */
export type Decimal = Library

const written = { rounding: Library.ROUND_HALF_UP, modulo: Library.ROUND_FLOOR } as const

/** What functions compute with: 64 digits. */
export const Working = Library.clone({ ...written, precision: 64 })

/** Where digits are lost on the way: 100 digits. */
export const Guarded = Library.clone({ ...written, precision: 100 })

/**
 * Sums, differences and products without rounding: more digits than any of them has when its operands are of a
 * magnitude that is read or written. Not for anything that has endless digits.
 */
export const Exact = Library.clone({ ...written, precision: 100_000 })

export const zero = new Working(0)
export const one = new Working(1)
export const two = new Working(2)

/** Numbers are below 10^10000, and at least 10^-9999 or 0. */
export const maxExponent = 9_999

/** The longest text that is read as a number, in characters. */
export const maxLength = 1_000

/** The significant digits of an answer. */
export const answerDigits = 15

/** How many of the digits of a working result are certain. */
const certainDigits = 56

/**
 * The nearest number of 56 digits, which takes off what rounding on the way has left at the end: without, a third of
 * 3 times 3 would be a little less than 3, and its FLOOR 2.
 */
export const settle = (value: Decimal): Decimal => value.toSignificantDigits(certainDigits)

/** A sign, digits with a point among them, an exponent. Each part matches in one way only, so that it is quick. */
const numeral = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/

/** Reads a number, spaces around it aside. */
export const read = (text: string): Decimal | Refusal => {
  const trimmed = text.trim()
  if (trimmed.length > maxLength) return tooLarge
  if (!numeral.test(trimmed)) return notANumber
  const value = new Working(trimmed)
  return value.isZero() && /^[^eE]*[1-9]/.test(trimmed) ? tooSmall : inRange(value)
}

/** The number, unless it is not one or of a magnitude that is not written. */
export const inRange = (value: Decimal): Decimal | Refusal => {
  if (value.e <= maxExponent && value.e >= -maxExponent) return value
  if (value.isZero()) return value
  return value.isNaN() ? outsideDomain : value.isFinite() && value.e < 0 ? tooSmall : tooLarge
}

const tenTo21 = new Working("1e21")

/**
 * Writes a number as an answer does: at most 15 significant digits, the last one rounded half up, without trailing
 * zeros; with an exponent where the magnitude is beyond 10^21 or below 10^-7, and only there.
 */
export const write = (value: Decimal): string | Refusal => {
  const rounded = value.toSignificantDigits(answerDigits)
  const { e } = rounded
  if ((e >= -7 && e <= 20) || rounded.isZero()) return rounded.toFixed()
  const checked = inRange(rounded)
  if (checked !== rounded) return checked as Refusal
  return rounded.abs().equals(tenTo21) ? rounded.toFixed() : rounded.toExponential()
}

/** The whole number that it is exactly; undefined when it is none. */
export const toBigInt = (value: Decimal): bigint | undefined =>
  value.isInteger() ? BigInt(value.toFixed()) : undefined

/** A whole number as a decimal one, whatever digits it has. */
export const fromBigInt = (value: bigint): Decimal => new Working(value.toString())
