/**
 * The real roots of polynomials of the first and second degree.
 *
 * Pure: imports nothing of Node.
 */
import { type Decimal, Exact, settle, Working, write } from "./Decimal.ts"
import type { Value } from "./Definition.ts"
import { anySolution, noSolution, notQuadratic, Refusal } from "./Refusal.ts"

/** The real roots, from the smallest to the largest, of the polynomial of these coefficients, the constant one first. */
export const ofPolynomial = (coefficients: ReadonlyArray<Decimal>): Value => {
  const degree = coefficients.findLastIndex((coefficient) => !coefficient.isZero())
  const [c, b, a] = coefficients as [Decimal, Decimal, Decimal]
  switch (degree) {
    case -1:
      return anySolution
    case 0:
      return noSolution
    case 1:
      return Working.div(c, b).negated()
    case 2:
      return quadratic(a, b, c)
    default:
      return notQuadratic
  }
}

const quadratic = (a: Decimal, b: Decimal, c: Decimal): Value => {
  const discriminant = Exact.mul(b, b).minus(Exact.mul(a, c).times(4))
  if (discriminant.isZero()) return Working.div(b, Exact.mul(a, -2))
  if (discriminant.isNegative()) return noSolution
  const root = new Working(discriminant).sqrt()
  // The sum of two numbers of one sign, so that no digits are lost.
  const half = Working.add(b, b.isNegative() ? root.negated() : root).div(-2)
  const roots = [settle(Working.div(half, a)), settle(Working.div(c, half))]
  const texts = roots.toSorted((one, other) => one.comparedTo(other)).map(write)
  return texts.find((text) => text instanceof Refusal) ?? texts.join(", ")
}
