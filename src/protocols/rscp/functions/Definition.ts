/**
 * One function of the calculator: an entry of the catalogue.
 *
 * ```ts
 * define(1, "ADD(X, Y)", [Parameter.Real, Parameter.Real], (x, y) => Exact.add(x, y))
 * ```
 *
 * says its id, its name as `LIST FUNCTION` prints it, what it takes, and what it computes. A list of them in a file of
 * `Catalogue.ts` is all that a new one needs.
 */
import * as Decimal from "./Decimal.ts"
import type * as Parameter from "./Parameter.ts"
import { atLeast, parametersExpected, Refusal, tooLarge } from "./Refusal.ts"

/** What a function computes: a number, text for an answer that is none, or why there is no answer. */
export type Value = Decimal.Decimal | bigint | string | Refusal

/**
 * What computes with expressions instead of numbers. It stands on mathjs, so only the workers have it.
 */
export interface Algebra {
  readonly evaluate: (expression: string) => Value
  readonly simplify: (expression: string) => Value
  readonly derivative: (expression: string, variable: string) => Value
  readonly solve: (equation: string, variable: string) => Value
}

/** A function of the catalogue. */
export type Definition = Numeric | Algebraic

/** What every function has. */
interface Entry {
  /** Given once and for ever. */
  readonly id: number
  /** `ADD(X, Y)`: neither `:` nor LF. */
  readonly name: string
  /** `ADD`: what expressions call it, in either case. */
  readonly keyword: string
  /** How many parameters it takes; -1 for any number, which is 1 at least. */
  readonly count: number
  /** What it takes in each place, or in all of them. */
  readonly parameters: ReadonlyArray<Parameter.Parameter<unknown>>
}

/** A function that is computed with numbers alone. */
export interface Numeric extends Entry {
  readonly isAlgebraic: false
  readonly compute: (values: ReadonlyArray<unknown>) => Value
  /** Whether so much is to be computed that the event loop should not wait for it. */
  readonly isHeavy: (values: ReadonlyArray<unknown>) => boolean
}

/** A function of expressions: only a worker computes it. */
export interface Algebraic extends Entry {
  readonly isAlgebraic: true
  readonly compute: (values: ReadonlyArray<unknown>, algebra: Algebra) => Value
}

type Types<P extends ReadonlyArray<Parameter.Parameter<unknown>>> = {
  readonly [K in keyof P]: Parameter.Type<P[K]>
}

const keywordOf = (name: string): string => name.slice(0, name.indexOf("("))

/** A function of a fixed number of parameters. */
export const define = <const P extends ReadonlyArray<Parameter.Parameter<unknown>>>(
  id: number,
  name: string,
  parameters: P,
  compute: (...values: Types<P>) => Value,
  isHeavy: (...values: Types<P>) => boolean = never
): Numeric => ({
  id,
  name,
  keyword: keywordOf(name),
  count: parameters.length,
  parameters,
  compute: (values) => compute(...(values as Types<P>)),
  isHeavy: (values) => isHeavy(...(values as Types<P>)),
  isAlgebraic: false
})

/** A function of any number of parameters, all of one kind. */
export const defineAny = <A>(
  id: number,
  name: string,
  parameter: Parameter.Parameter<A>,
  compute: (values: ReadonlyArray<A>) => Value
): Numeric => ({
  id,
  name,
  keyword: keywordOf(name),
  count: -1,
  parameters: [parameter],
  compute: (values) => compute(values as ReadonlyArray<A>),
  isHeavy: never,
  isAlgebraic: false
})

/** A function of expressions. */
export const defineAlgebraic = <const P extends ReadonlyArray<Parameter.Parameter<string>>>(
  id: number,
  name: string,
  parameters: P,
  compute: (algebra: Algebra, ...values: Types<P>) => Value
): Algebraic => ({
  id,
  name,
  keyword: keywordOf(name),
  count: parameters.length,
  parameters,
  compute: (values, algebra) => compute(algebra, ...(values as Types<P>)),
  isAlgebraic: true
})

const never = (): boolean => false

/** What the parameters are read as, or why the first that cannot be is refused. */
export const read = (
  { count, parameters }: Definition,
  texts: ReadonlyArray<string>
): ReadonlyArray<unknown> | Refusal => {
  if (count === -1 ? texts.length === 0 : texts.length !== count) {
    return count === -1 ? atLeast(1) : parametersExpected(count)
  }
  const values: Array<unknown> = []
  for (let at = 0; at < texts.length; at++) {
    const value = parameters[count === -1 ? 0 : at]!.read(texts[at]!)
    if (value instanceof Refusal) return value
    values.push(value)
  }
  return values
}

/** The longest text of an answer that is no number, in characters: it fits a line, with what stands around it. */
export const maxAnswer = 4_000

/** The answer as it stands on the wire. */
export const write = (value: Value): string => {
  if (typeof value === "string") return value.length > maxAnswer ? tooLarge.toString() : value
  if (value instanceof Refusal) return value.toString()
  return Decimal.write(typeof value === "bigint" ? Decimal.fromBigInt(value) : value).toString()
}
