/** Statistics of any number of numbers. Sums of them and of their squares are exact. */
import { sum } from "./Arithmetic.ts"
import { type Decimal, Exact, settle, Working, write } from "./Decimal.ts"
import { defineAny, type Definition, type Value } from "./Definition.ts"
import { Real } from "./Parameter.ts"
import { atLeast, Refusal } from "./Refusal.ts"

export const functions: ReadonlyArray<Definition> = [
  defineAny(100, "MIN(X1, ...)", Real, (values) => Working.min(...values)),
  defineAny(101, "MAX(X1, ...)", Real, (values) => Working.max(...values)),
  defineAny(102, "MEAN(X1, ...)", Real, (values) => Working.div(sum(values), values.length)),
  defineAny(103, "MEDIAN(X1, ...)", Real, (values) => median(values)),
  // The values that occur most often, from the smallest to the largest.
  defineAny(104, "MODE(X1, ...)", Real, (values) => modes(values)),
  defineAny(105, "SAMPLE_VARIANCE(X1, ...)", Real, (values) => variance(values, values.length - 1)),
  defineAny(106, "POPULATION_VARIANCE(X1, ...)", Real, (values) => variance(values, values.length)),
  defineAny(107, "SAMPLE_DEVIATION(X1, ...)", Real, (values) => rootOf(variance(values, values.length - 1))),
  defineAny(108, "POPULATION_DEVIATION(X1, ...)", Real, (values) => rootOf(variance(values, values.length))),
  defineAny(109, "RANGE(X1, ...)", Real, (values) =>
    Exact.sub(Working.max(...values), Working.min(...values))
  )
]

const inOrder = (values: ReadonlyArray<Decimal>): ReadonlyArray<Decimal> =>
  values.toSorted((one, other) => one.comparedTo(other))

const median = (values: ReadonlyArray<Decimal>): Decimal => {
  const ordered = inOrder(values)
  const middle = ordered.length >> 1
  const upper = ordered[middle]!
  return ordered.length % 2 === 1 ? upper : Exact.add(ordered[middle - 1]!, upper).times(0.5)
}

const modes = (values: ReadonlyArray<Decimal>): Value => {
  let most = 0
  let run = 0
  let found: Array<Decimal> = []
  let before: Decimal | undefined
  for (const value of inOrder(values)) {
    run = before !== undefined && value.equals(before) ? run + 1 : 1
    if (run > most) found = []
    if (run >= most) found.push(value)
    most = Math.max(most, run)
    before = value
  }
  if (found.length === 1) return found[0]!
  const texts: Array<string> = []
  for (const value of found) {
    const text = write(value)
    if (text instanceof Refusal) return text
    texts.push(text)
  }
  return texts.join(", ")
}

/** What the squared distances from the mean add up to, divided by so many. */
const variance = (values: ReadonlyArray<Decimal>, divisor: number): Decimal | Refusal => {
  if (divisor === 0) return atLeast(2)
  const total = sum(values)
  const squares = sum(values.map((value) => Exact.mul(value, value)))
  const count = values.length
  return Working.div(Exact.mul(squares, count).minus(Exact.mul(total, total)), Exact.mul(count, divisor))
}

const rootOf = (variance: Decimal | Refusal): Value =>
  variance instanceof Refusal ? variance : settle(variance.sqrt())
