/** Equations of the first and second degree in one variable. */
import * as Decimal from "../functions/Decimal.ts"
import type { Value } from "../functions/Definition.ts"
import {
  divisionByZero,
  notAnEquation,
  notQuadratic,
  Refusal,
  tooLarge,
  unknownName
} from "../functions/Refusal.ts"
import * as Roots from "../functions/Roots.ts"
import * as Approximate from "./Approximate.ts"
import { evaluate } from "./Evaluation.ts"
import { type Expression, hasVariable, parse } from "./Expression.ts"

/** The real numbers that solve it, from the smallest to the largest. */
export const solve = (equation: string, variable: string): Value => {
  const sides = equation.split("=")
  if (sides.length !== 2) return notAnEquation
  const [left, right] = sides.map((side) => {
    const expression = parse(side)
    return expression instanceof Refusal ? expression : polynomial(expression, variable)
  })
  if (left instanceof Refusal) return left
  if (right instanceof Refusal) return right
  return Roots.ofPolynomial(sum(left!, right!.map(negate)).map(({ value }) => value))
}

/** The coefficients of a polynomial, the constant one first. */
type Coefficients = ReadonlyArray<Approximate.Approximate>

/** Terms of a higher degree than this are not multiplied out, though they might cancel. */
const maxDegree = 8

const polynomial = (expression: Expression, variable: string): Coefficients | Refusal => {
  if (!hasVariable(expression, variable)) {
    const value = evaluate(expression)
    return value instanceof Refusal ? value : [value]
  }
  if (expression.kind !== "call") {
    return expression.kind === "variable" ? [Approximate.zero, Approximate.one] : unknownName
  }
  const operands: Array<Coefficients> = []
  for (const operand of expression.operands) {
    const coefficients = polynomial(operand, variable)
    if (coefficients instanceof Refusal) return coefficients
    operands.push(coefficients)
  }
  const combined = combine(expression.definition.keyword, operands[0]!, operands[1] ?? [])
  return combined instanceof Refusal ? combined : shortened(combined)
}

const combine = (keyword: string, one: Coefficients, other: Coefficients): Coefficients | Refusal => {
  switch (keyword) {
    case "ADD":
      return sum(one, other)
    case "SUB":
      return sum(one, other.map(negate))
    case "NEG":
      return one.map(negate)
    case "MUL":
      return product(one, other)
    case "DIV": {
      const [divisor] = other
      if (degreeOf(other) > 0) return notQuadratic
      return divisor!.value.isZero()
        ? divisionByZero
        : one.map((coefficient) => quotient(coefficient, divisor!))
    }
    case "SQUARE":
      return power(one, 2)
    case "CUBE":
      return power(one, 3)
    case "POW": {
      const [exponent] = other
      if (degreeOf(other) > 0) return notQuadratic
      const times = Approximate.certain(exponent!)
      const isDegree = times.isInteger() && !times.isNegative() && times.lte(maxDegree)
      return isDegree ? power(one, times.toNumber()) : notQuadratic
    }
    default:
      return notQuadratic
  }
}

const negate = ({ isExact, value }: Approximate.Approximate): Approximate.Approximate => ({
  value: value.negated(),
  isExact
})

const plus = (one: Approximate.Approximate, other: Approximate.Approximate): Approximate.Approximate =>
  Approximate.ofSum(Decimal.Exact.add(one.value, other.value), [one, other])

const times = (one: Approximate.Approximate, other: Approximate.Approximate): Approximate.Approximate => ({
  value: Decimal.Exact.mul(one.value, other.value),
  isExact: one.isExact && other.isExact
})

const quotient = (
  dividend: Approximate.Approximate,
  divisor: Approximate.Approximate
): Approximate.Approximate =>
  Approximate.of(Decimal.Working.div(dividend.value, divisor.value), [dividend, divisor])

const degreeOf = (coefficients: Coefficients): number =>
  coefficients.findLastIndex(({ value }) => !value.isZero())

const sum = (one: Coefficients, other: Coefficients): Coefficients =>
  Array.from({ length: Math.max(one.length, other.length) }, (_, degree) =>
    plus(one[degree] ?? Approximate.zero, other[degree] ?? Approximate.zero)
  )

const product = (one: Coefficients, other: Coefficients): Coefficients | Refusal => {
  if (degreeOf(one) + degreeOf(other) > maxDegree) return notQuadratic
  const coefficients = Array.from({ length: one.length + other.length - 1 }, () => Approximate.zero)
  for (const [at, left] of one.entries()) {
    for (const [beside, right] of other.entries()) {
      coefficients[at + beside] = plus(coefficients[at + beside]!, times(left, right))
    }
  }
  return coefficients
}

const power = (base: Coefficients, exponent: number): Coefficients | Refusal => {
  let result: Coefficients | Refusal = [Approximate.one]
  for (let times = 0; times < exponent && !(result instanceof Refusal); times++)
    result = product(result, base)
  return result
}

/** Coefficients that numbers can be, without the zeros at the end. */
const shortened = (coefficients: Coefficients): Coefficients | Refusal => {
  const kept: Array<Approximate.Approximate> = []
  for (const coefficient of coefficients.slice(0, degreeOf(coefficients) + 1)) {
    if (coefficient.value.precision() > Decimal.maxLength) return tooLarge
    const checked = Decimal.inRange(coefficient.value)
    if (checked instanceof Refusal) return checked
    kept.push(coefficient)
  }
  return kept.length === 0 ? [Approximate.zero] : kept
}
