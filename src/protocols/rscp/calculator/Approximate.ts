/**
 * Numbers that know whether rounding has touched them.
 *
 * Rounding leaves a little at the end of a number, and a difference or a FLOOR can make that all there is: without this,
 * `1 / 3 * 3 - 1` would be 10^-64 below 0, and `FLOOR(SQRT(2) ^ 2)` would be 1.
 */
import * as Decimal from "../functions/Decimal.ts"

export interface Approximate {
  /** To 64 digits at the least where it is not exact. */
  readonly value: Decimal.Decimal
  readonly isExact: boolean
}

export const exact = (value: Decimal.Decimal): Approximate => ({ value, isExact: true })

export const zero = exact(Decimal.zero)
export const one = exact(Decimal.one)

/** So many digits are as they would be without rounding, after many a step. */
const certainDigits = 50

/** A number of fewer digits than this has ended before anything was rounded. */
const fewDigits = 40

/** What came of operands by a function. */
export const of = (value: Decimal.Decimal, operands: ReadonlyArray<Approximate>): Approximate => ({
  value,
  isExact: operands.every(({ isExact }) => isExact) && (value.isInteger() || value.precision() <= fewDigits)
})

/** What came of operands by adding or subtracting them: where none of its digits is certain, 0. */
export const ofSum = (sum: Decimal.Decimal, operands: ReadonlyArray<Approximate>): Approximate => {
  if (operands.every(({ isExact }) => isExact)) return exact(sum)
  const largest = Math.max(...operands.map(({ value }) => (value.isZero() ? -Infinity : value.e)))
  return sum.isZero() || sum.e < largest - certainDigits ? zero : { value: sum, isExact: false }
}

/** The digits that are certain, for what asks on which side of a border a number is. */
export const certain = ({ isExact, value }: Approximate): Decimal.Decimal =>
  isExact ? value : value.toSignificantDigits(certainDigits)
