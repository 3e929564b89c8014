/**
 * Sums and products, rounding, the parts of a number. What has an end is computed without rounding, and rounded once in
 * the answer.
 */
import { type Decimal, Exact, one, Working, zero } from "./Decimal.ts"
import { define, defineAny, type Definition } from "./Definition.ts"
import { Integer, Real } from "./Parameter.ts"
import { divisionByZero, tooLarge } from "./Refusal.ts"

export const functions: ReadonlyArray<Definition> = [
  define(1, "ADD(X, Y)", [Real, Real], (x, y) => Exact.add(x, y)),
  define(3, "SUB(X, Y)", [Real, Real], (x, y) => Exact.sub(x, y)),
  define(4, "MUL(X, Y)", [Real, Real], (x, y) => Exact.mul(x, y)),
  define(5, "DIV(X, Y)", [Real, Real], (x, y) => (y.isZero() ? divisionByZero : Working.div(x, y))),
  // What is left has the sign of Y.
  define(6, "MOD(X, Y)", [Real, Real], (x, y) => (y.isZero() ? divisionByZero : Exact.mod(x, y))),
  // X divided by Y and rounded down: Y times this and MOD(X, Y) make X.
  define(7, "QUOTIENT(X, Y)", [Real, Real], (x, y) =>
    y.isZero() ? divisionByZero : Working.div(Exact.sub(x, Exact.mod(x, y)), y)
  ),
  define(8, "NEG(X)", [Real], (x) => x.negated()),
  define(9, "INV(X)", [Real], (x) => (x.isZero() ? divisionByZero : Working.div(1, x))),
  defineAny(10, "SUM(X1, ...)", Real, (values) => sum(values)),
  defineAny(11, "PRODUCT(X1, ...)", Real, (values) => {
    let product: Decimal = one
    for (const value of values) product = Exact.mul(product, value)
    return product
  }),

  define(12, "ABS(X)", [Real], (x) => x.abs()),
  define(13, "SIGN(X)", [Real], (x) => (x.isZero() ? zero : x.isNegative() ? one.negated() : one)),
  // A half is rounded away from 0.
  define(14, "ROUND(X)", [Real], (x) => x.round()),
  // To so many digits after the point, or to so many before it when N is negative.
  define(15, "ROUNDTO(X, N)", [Real, Integer], (x, n) => {
    if (n > maxPlaces || n < -maxPlaces) return tooLarge
    return Exact.mul(x, `1e${n}`).round().times(`1e${-n}`)
  }),
  define(16, "FLOOR(X)", [Real], (x) => x.floor()),
  define(17, "CEIL(X)", [Real], (x) => x.ceil()),
  define(18, "TRUNC(X)", [Real], (x) => x.trunc()),
  define(19, "FRAC(X)", [Real], (x) => Exact.sub(x, x.trunc()))
]

/** Digits after the point, or before it, that are rounded to: as many as a number can have there. */
const maxPlaces = 10_999n

/** The exact sum. */
export const sum = (values: ReadonlyArray<Decimal>): Decimal => {
  let sum: Decimal = zero
  for (const value of values) sum = Exact.add(sum, value)
  return sum
}
