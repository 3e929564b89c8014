/** The value of an expression: each function in it is computed as the catalogue does. */
import * as Decimal from "../functions/Decimal.ts"
import { notANumber, Refusal, unknownName } from "../functions/Refusal.ts"
import * as Approximate from "./Approximate.ts"
import type { Call, Expression } from "./Expression.ts"

/** The value; exact where it has an end and at most 1,000 digits. */
export const evaluate = (expression: Expression): Approximate.Approximate | Refusal => {
  switch (expression.kind) {
    case "number":
      return Approximate.exact(expression.value)
    case "variable":
      return unknownName
    case "call": {
      const operands: Array<Approximate.Approximate> = []
      for (const operand of expression.operands) {
        const value = evaluate(operand)
        if (value instanceof Refusal) return value
        operands.push(value)
      }
      return apply(expression, operands)
    }
  }
}

/** Functions that add their operands up. */
const sums: ReadonlySet<string> = new Set(["ADD", "SUB", "SUM"])

/** Functions that take every digit of an operand: they have neither steps nor borders. (POW has, in its exponent.) */
const smooth: ReadonlySet<string> = new Set([
  ...sums,
  "NEG",
  "MUL",
  "DIV",
  "INV",
  "PRODUCT",
  "SQUARE",
  "CUBE"
])

/** What the function makes of the values of its operands. */
export const apply = (
  { definition: { compute, count, keyword, parameters } }: Call,
  operands: ReadonlyArray<Approximate.Approximate>
): Approximate.Approximate | Refusal => {
  const values: Array<unknown> = []
  for (const [at, operand] of operands.entries()) {
    const isSmooth = smooth.has(keyword) || (keyword === "POW" && at === 0)
    const value = parameters[count === -1 ? 0 : at]!.fromNumber!(
      isSmooth ? operand.value : Approximate.certain(operand)
    )
    if (value instanceof Refusal) return value
    values.push(value)
  }
  const computed = compute(values)
  if (typeof computed === "string") return notANumber
  if (computed instanceof Refusal) return computed
  const value = Decimal.inRange(
    shorten(typeof computed === "bigint" ? Decimal.fromBigInt(computed) : computed)
  )
  if (value instanceof Refusal) return value
  return sums.has(keyword) ? Approximate.ofSum(value, operands) : Approximate.of(value, operands)
}

/** What is longer than a number that is read is rounded as one that is computed. */
const shorten = (value: Decimal.Decimal): Decimal.Decimal =>
  value.precision() > Decimal.maxLength ? new Decimal.Working(value).plus(0) : value
