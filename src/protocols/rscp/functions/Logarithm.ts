/**
 * Logarithms and exponentials where digits would be lost.
 *
 * Pure: imports nothing of Node.
 */
import { type Decimal, Exact, Guarded, one, Working } from "./Decimal.ts"
import { type Refusal, tooLarge, tooSmall } from "./Refusal.ts"

const tiny = new Working("1e-13")
const near = new Working("0.1")

/** The natural logarithm of 1 + x, however near to 1 that is. */
export const ofOnePlus = (x: Decimal): Decimal => {
  if (x.abs().gte(tiny)) return new Guarded(Exact.add(1, x)).ln()
  // x - x^2/2 + x^3/3 - x^4/4 + x^5/5
  let sum: Decimal = new Working(0)
  for (let n = 5; n > 0; n--) sum = Working.sub(Working.div(1, n), x.times(sum))
  return Working.mul(x, sum)
}

/** The natural logarithm of a number above 0. */
export const natural = (x: Decimal): Decimal => {
  const beyond = Exact.sub(x, 1)
  return beyond.abs().lt(near) ? ofOnePlus(beyond) : new Working(x).ln()
}

/** Beyond this, e to that power has an exponent that is not written. */
const maxPower = new Working(23_100)

/** e to that power. */
export const exponential = (x: Decimal): Decimal | Refusal => {
  if (x.abs().gt(maxPower)) return x.isNegative() ? tooSmall : tooLarge
  return new Working(x).exp()
}

/** e to a power that is 0 or less; 0 where it is nearer to 0 than a number is. */
export const decay = (x: Decimal): Decimal =>
  x.abs().gt(maxPower) ? Working.sub(1, one) : new Working(x).exp()
