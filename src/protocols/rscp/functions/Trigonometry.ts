/**
 * Trigonometry in degrees (notes on the specification, "Parameters"), and the hyperbolic functions, which take no
 * angle.
 */
import * as Angle from "./Angle.ts"
import { type Decimal, Exact, Guarded, one, settle, Working } from "./Decimal.ts"
import { define, type Definition, type Value } from "./Definition.ts"
import * as Logarithm from "./Logarithm.ts"
import { Real } from "./Parameter.ts"
import { outsideDomain, Refusal } from "./Refusal.ts"

export const functions: ReadonlyArray<Definition> = [
  define(2, "SIN(X)", [Real], (x) => sine(x)),
  define(50, "COS(X)", [Real], (x) => cosine(x)),
  define(51, "TAN(X)", [Real], (x) => ratio(sine(x), cosine(x))),
  define(52, "SEC(X)", [Real], (x) => ratio(one, cosine(x))),
  define(53, "CSC(X)", [Real], (x) => ratio(one, sine(x))),
  define(54, "COT(X)", [Real], (x) => ratio(cosine(x), sine(x))),
  define(55, "ASIN(X)", [Real], (x) => (x.abs().gt(one) ? outsideDomain : settle(Angle.arc(x, otherLeg(x))))),
  define(56, "ACOS(X)", [Real], (x) => (x.abs().gt(one) ? outsideDomain : settle(Angle.arc(otherLeg(x), x)))),
  define(57, "ATAN(X)", [Real], (x) => settle(Angle.arc(x, one))),
  // The angle of the point (X, Y): above -180, up to 180.
  define(58, "ATAN2(Y, X)", [Real, Real], (y, x) => settle(Angle.arc(y, x))),

  define(60, "SINH(X)", [Real], (x) => hyperbolicSine(x)),
  define(61, "COSH(X)", [Real], (x) => hyperbolicCosine(x)),
  define(62, "TANH(X)", [Real], (x) => hyperbolicTangent(x)),
  define(63, "SECH(X)", [Real], (x) => inverse(hyperbolicCosine(x))),
  define(64, "CSCH(X)", [Real], (x) => inverse(hyperbolicSine(x))),
  define(65, "COTH(X)", [Real], (x) => inverse(hyperbolicTangent(x))),
  define(66, "ASINH(X)", [Real], (x) => {
    const size = new Guarded(x.abs())
    const root = size.times(size).plus(1).sqrt()
    const value = Logarithm.ofOnePlus(size.plus(size.times(size).div(root.plus(1))))
    return settle(x.isNegative() ? value.negated() : value)
  }),
  define(67, "ACOSH(X)", [Real], (x) => {
    if (x.lt(one)) return outsideDomain
    const beyond = new Guarded(Exact.sub(x, 1))
    return settle(Logarithm.ofOnePlus(beyond.plus(beyond.times(Exact.add(x, 1)).sqrt())))
  }),
  define(68, "ATANH(X)", [Real], (x) => {
    if (x.abs().gte(one)) return outsideDomain
    const size = new Guarded(x.abs())
    const value = Logarithm.ofOnePlus(size.times(2).div(Exact.sub(1, size))).div(2)
    return settle(x.isNegative() ? value.negated() : value)
  }),

  define(70, "RADIANS(X)", [Real], (x) => Working.mul(x, Angle.pi).div(180)),
  define(71, "DEGREES(X)", [Real], (x) => Working.mul(x, 180).div(Angle.pi))
]

const sine = (degrees: Decimal): Decimal => settle(Angle.sine(degrees))

const cosine = (degrees: Decimal): Decimal => settle(Angle.cosine(degrees))

const ratio = (dividend: Decimal, divisor: Decimal): Value =>
  divisor.isZero() ? outsideDomain : settle(Working.div(dividend, divisor))

const inverse = (value: Decimal | Refusal): Value => (value instanceof Refusal ? value : ratio(one, value))

/** The other leg of a right triangle whose hypotenuse is 1; beside a very small one, 1 to the last digit. */
const otherLeg = (leg: Decimal): Decimal =>
  leg.e < -Working.precision ? one : new Working(Exact.sub(1, leg).times(Exact.add(1, leg))).sqrt()

const hyperbolicSine = (x: Decimal): Decimal | Refusal => {
  if (x.abs().lte(one)) return settle(new Working(x).sinh())
  const growth = Logarithm.exponential(x.abs())
  if (growth instanceof Refusal) return growth
  const value = settle(growth.minus(Working.div(1, growth)).div(2))
  return x.isNegative() ? value.negated() : value
}

const hyperbolicCosine = (x: Decimal): Decimal | Refusal => {
  const growth = Logarithm.exponential(x.abs())
  return growth instanceof Refusal ? growth : settle(growth.plus(Working.div(1, growth)).div(2))
}

const hyperbolicTangent = (x: Decimal): Decimal => {
  if (x.abs().lte(one)) return settle(new Working(x).sinh().div(new Working(x).cosh()))
  const decay = Logarithm.decay(x.abs().times(-2))
  const value = settle(Working.sub(1, decay).div(Working.add(1, decay)))
  return x.isNegative() ? value.negated() : value
}
