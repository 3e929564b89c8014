/**
 * Angles in degrees: their sines and cosines, and back.
 *
 * A sine takes its angle to within 45 degrees of a multiple of 90 first, which is exact in degrees, and sums its series
 * there in whole numbers: ten times as fast as decimal digits, and exact where the sine is.
 *
 * Pure: imports nothing of Node.
 */
import { type Decimal, Exact, one, Working, zero } from "./Decimal.ts"

/** Pi, to 100 digits. */
export const pi = new Exact(
  "3.141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825342117068"
)

/** Degrees in a radian, and radians in a degree. */
const degreesInRadian = Working.div(180, pi)
const radiansInDegree = Working.div(pi, 180)

const degrees90 = new Exact(90)
const degrees180 = new Exact(180)
const degrees360 = new Exact(360)
const degrees45 = new Exact(45)

/** The series are summed in units of 2^-224, some 67 digits. */
const bits = 224n
const unit = 1n << bits
const units = new Working(unit.toString())
const toUnits = Working.mul(radiansInDegree, units)

/** The units come back as so many digits after the point. */
const fractionDigits = 67
const fraction = 10n ** BigInt(fractionDigits)

/** The sine and cosine of an angle in degrees, to some 64 digits. */
export interface Direction {
  readonly sine: Decimal
  readonly cosine: Decimal
}

export const sine = (degrees: Decimal): Decimal => {
  const { quarters, rest } = reduce(degrees)
  const value = (quarters & 1) === 0 ? sineNearZero(rest) : cosineNearZero(rest)
  return quarters >= 2 ? value.negated() : value
}

export const cosine = (degrees: Decimal): Decimal => {
  const { quarters, rest } = reduce(degrees)
  const value = (quarters & 1) === 0 ? cosineNearZero(rest) : sineNearZero(rest)
  return quarters === 1 || quarters === 2 ? value.negated() : value
}

interface Reduced {
  /** Quarters of a turn, 0 to 3. */
  readonly quarters: number
  /** What is left, from -45 to 45 degrees. */
  readonly rest: Decimal
}

const reduce = (degrees: Decimal): Reduced => {
  if (degrees.abs().lte(degrees45)) return { quarters: 0, rest: degrees }
  const exact = new Exact(degrees)
  const turned = degrees.isNegative() || degrees.gte(degrees360) ? exact.mod(degrees360) : exact
  const quarters = Math.round(turned.toNumber() / 90)
  return { quarters: quarters & 3, rest: turned.minus(degrees90.times(quarters)) }
}

/** The square of the angle, in units. */
const square = (degrees: Decimal): bigint => {
  const angle = BigInt(Working.mul(degrees, toUnits).toFixed(0))
  return (angle * angle) >> bits
}

/** The sum of terms that each are the one before times `-square / (from * (from + 1))`, and so on by twos. */
const series = (square: bigint, from: bigint): Decimal => {
  let sum = unit
  let term = unit
  for (let n = from; term !== 0n; n += 2n) {
    term = ((-term * square) >> bits) / (n * (n + 1n))
    sum += term
  }
  return new Working(`${(sum * fraction) >> bits}e-${fractionDigits}`)
}

/** The series of the sine over the angle is near 1, so that the digits of a small angle are all kept. */
const sineNearZero = (degrees: Decimal): Decimal =>
  Working.mul(degrees, radiansInDegree).times(series(square(degrees), 2n))

const cosineNearZero = (degrees: Decimal): Decimal => series(square(degrees), 1n)

/** The angle of a point as it is seen from the origin, in degrees: above -180, up to 180; 0 for the origin itself. */
export const arc = (y: Decimal, x: Decimal): Decimal => {
  if (y.isZero()) return x.isNegative() && !x.isZero() ? degrees180 : zero
  const up = y.abs()
  const along = x.abs()
  const acute = up.lte(along)
    ? arcOfSlope(Working.div(up, along))
    : Working.sub(degrees90, arcOfSlope(Working.div(along, up)))
  const angle = x.isNegative() ? Working.sub(degrees180, acute) : acute
  return y.isNegative() ? angle.negated() : angle
}

/** The angle of a slope from 0 to 1: what the processor says, and the slope that is left over from there. */
const arcOfSlope = (slope: Decimal): Decimal => {
  const guess = new Working(Math.atan(slope.toNumber()) * (180 / Math.PI))
  const sine = sineNearZero(guess)
  const cosine = cosineNearZero(guess)
  const left = slope.times(cosine).minus(sine).div(slope.times(sine).plus(cosine))
  const squared = left.times(left)
  // left - left^3/3 + left^5/5, where left is some 10^-16
  const angle = left.times(one.minus(squared.div(3)).plus(squared.times(squared).div(5)))
  return guess.plus(angle.times(degreesInRadian))
}
