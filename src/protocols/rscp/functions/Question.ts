/**
 * A question, `FUNCTION:ID=id:PARAM1=...`, and its answer, as it stands after `ANSWER=`.
 *
 * Pure: imports only `decimal.js`.
 */
import * as Catalogue from "./Catalogue.ts"
import type { Decimal } from "./Decimal.ts"
import { type Algebra, type Numeric, read, write } from "./Definition.ts"
import { Refusal, unknownFunction } from "./Refusal.ts"

/** A question, as it came. */
export interface Question {
  readonly id: string
  readonly parameters: ReadonlyArray<string>
}

/**
 * The answer, where so little is to be computed that nobody else notices: two milliseconds at the most. Else
 * undefined: the question is one for a worker.
 */
export const answerAtOnce = (id: string, parameters: ReadonlyArray<string>): string | undefined => {
  const definition = Catalogue.get(id)
  if (definition === undefined) return unknownFunction.toString()
  const values = read(definition, parameters)
  if (values instanceof Refusal) return values.toString()
  if (definition.isAlgebraic || !isLight(definition, parameters, values)) return undefined
  return write(definition.compute(values))
}

/** The answer, however long it takes. */
export const answer = ({ id, parameters }: Question, algebra: Algebra): string => {
  const definition = Catalogue.get(id)
  if (definition === undefined) return unknownFunction.toString()
  const values = read(definition, parameters)
  return write(values instanceof Refusal ? values : definition.compute(values, algebra))
}

/** All that is asked while the event loop waits, in characters. */
const maxLength = 120

/** The magnitude of a number that is computed with while the event loop waits. */
const maxExponent = 100

const isLight = (
  definition: Numeric,
  parameters: ReadonlyArray<string>,
  values: ReadonlyArray<unknown>
): boolean => {
  let length = 0
  for (const text of parameters) length += text.length
  if (length > maxLength) return false
  for (const value of values) if (isExtreme(value)) return false
  return !definition.isHeavy(values)
}

const isExtreme = (value: unknown): boolean => {
  if (typeof value !== "object") return typeof value === "bigint" && (value > farthest || value < -farthest)
  const { e } = value as Decimal
  return e > maxExponent || e < -maxExponent
}

const farthest = 10n ** BigInt(maxExponent)
