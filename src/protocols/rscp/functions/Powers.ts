/** Powers, roots, exponentials and logarithms. */
import { type Decimal, Exact, maxLength, one, settle, two, Working, zero } from "./Decimal.ts"
import { define, type Definition, type Value } from "./Definition.ts"
import * as Logarithm from "./Logarithm.ts"
import { Integer, Real } from "./Parameter.ts"
import { divisionByZero, outsideDomain, tooLarge, tooSmall } from "./Refusal.ts"

const ten = new Working(10)

export const functions: ReadonlyArray<Definition> = [
  // 0 to the power 0 is 1.
  define(30, "POW(X, Y)", [Real, Real], (x, y) => power(x, y)),
  define(31, "SQUARE(X)", [Real], (x) => Exact.mul(x, x)),
  define(32, "CUBE(X)", [Real], (x) => Exact.mul(x, x).times(x)),
  define(33, "SQRT(X)", [Real], (x) => (isBelowZero(x) ? outsideDomain : settle(new Working(x).sqrt()))),
  define(34, "CBRT(X)", [Real], (x) => settle(new Working(x).cbrt())),
  // Of a number below 0 when N is odd.
  define(35, "ROOT(X, N)", [Real, Integer], (x, n) => {
    if (n === 0n) return divisionByZero
    if (!isBelowZero(x)) return power(x, Working.div(1, new Working(String(n))))
    if (n % 2n === 0n) return outsideDomain
    const root = power(x.abs(), Working.div(1, new Working(String(n))))
    return Working.isDecimal(root) ? root.negated() : root
  }),
  define(36, "HYPOT(X, Y)", [Real, Real], (x, y) =>
    settle(new Working(Exact.mul(x, x).plus(Exact.mul(y, y))).sqrt())
  ),
  define(37, "EXP(X)", [Real], (x) => Logarithm.exponential(x)),
  define(38, "EXP2(X)", [Real], (x) => power(two, x)),
  define(39, "EXP10(X)", [Real], (x) => power(ten, x)),
  define(40, "LN(X)", [Real], (x) => (isAboveZero(x) ? settle(Logarithm.natural(x)) : outsideDomain)),
  define(41, "LOG10(X)", [Real], (x) => logarithm(x, ten)),
  define(42, "LOG2(X)", [Real], (x) => logarithm(x, two)),
  define(43, "LOG(X, BASE)", [Real, Real], (x, base) => logarithm(x, base))
]

const isBelowZero = (x: Decimal): boolean => x.isNegative() && !x.isZero()

const isAboveZero = (x: Decimal): boolean => !x.isNegative() && !x.isZero()

const power = (x: Decimal, y: Decimal): Value => {
  if (x.isZero()) return isBelowZero(y) ? divisionByZero : y.isZero() ? one : zero
  if (y.isInteger() && !y.isNegative() && y.lte(maxLength) && y.times(x.precision()).lte(maxLength)) {
    return Exact.pow(x, y)
  }
  if (isBelowZero(x) && !y.isInteger()) return outsideDomain
  const value = new Working(x).pow(y)
  if (value.isZero()) return tooSmall
  return value.isFinite() ? settle(value) : tooLarge
}

const logarithm = (x: Decimal, base: Decimal): Value => {
  if (!isAboveZero(x) || !isAboveZero(base)) return outsideDomain
  const denominator = Logarithm.natural(base)
  if (denominator.isZero()) return divisionByZero
  return settle(Working.div(Logarithm.natural(x), denominator))
}
