/**
 * The functions of the calculator, each an entry of the file of its family: a new one is an entry there, with an id
 * that no function ever had.
 *
 * Pure: imports only `decimal.js`.
 */
import * as Algebra from "./Algebra.ts"
import * as Arithmetic from "./Arithmetic.ts"
import * as Constants from "./Constants.ts"
import type { Definition } from "./Definition.ts"
import * as Integers from "./Integers.ts"
import * as Notation from "./Notation.ts"
import * as Powers from "./Powers.ts"
import * as Statistics from "./Statistics.ts"
import * as Trigonometry from "./Trigonometry.ts"

/** Every function, in the order of the ids. */
export const functions: ReadonlyArray<Definition> = [
  Arithmetic,
  Powers,
  Trigonometry,
  Integers,
  Statistics,
  Constants,
  Notation,
  Algebra
]
  .flatMap((family) => family.functions)
  .toSorted((one, other) => one.id - other.id)

/** A function as `LIST FUNCTION` prints it. */
export interface Listed {
  readonly id: number
  /** `ADD(X, Y)` */
  readonly name: string
  /** How many; -1 for any number. */
  readonly parameters: number
}

/** What `LIST FUNCTION` answers. */
export const all: ReadonlyArray<Listed> = functions.map(({ count, id, name }) => ({
  id,
  name,
  parameters: count
}))

const byWrittenId: ReadonlyMap<string, Definition> = new Map(
  functions.map((definition) => [String(definition.id), definition])
)

/** The function of an id as it is written on the wire. */
export const get = (id: string): Definition | undefined => byWrittenId.get(id)
