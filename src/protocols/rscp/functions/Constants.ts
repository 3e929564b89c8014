/** Constants of mathematics, and those of physics that are exact by definition, in SI units. */
import { pi } from "./Angle.ts"
import { type Decimal, Exact, Working } from "./Decimal.ts"
import { define, type Definition } from "./Definition.ts"

/** Computed when it is asked for: a server starts without it. */
const constant = (id: number, keyword: string, value: () => Decimal): Definition =>
  define(id, `${keyword}()`, [], value)

export const functions: ReadonlyArray<Definition> = [
  constant(120, "PI", () => pi),
  constant(121, "TAU", () => Exact.mul(pi, 2)),
  constant(122, "E", () => Working.exp(1)),
  constant(123, "PHI", () => Working.sqrt(5).plus(1).div(2)),
  constant(124, "SQRT2", () => Working.sqrt(2)),
  constant(125, "LN2", () => Working.ln(2)),
  constant(126, "LN10", () => Working.ln(10)),
  // The constant of Euler and Mascheroni.
  constant(
    127,
    "GAMMA",
    () => new Working("0.5772156649015328606065120900824024310421593359399235988057672349")
  ),
  // The constant of Catalan.
  constant(
    128,
    "CATALAN",
    () => new Working("0.9159655941772190150546035149323841107741493742816721342664981196")
  ),
  constant(130, "SPEED_OF_LIGHT", () => new Working(299_792_458)),
  constant(131, "PLANCK", () => new Working("6.62607015e-34")),
  constant(132, "ELEMENTARY_CHARGE", () => new Working("1.602176634e-19")),
  constant(133, "BOLTZMANN", () => new Working("1.380649e-23")),
  constant(134, "AVOGADRO", () => new Working("6.02214076e23")),
  constant(135, "STANDARD_GRAVITY", () => new Working("9.80665"))
]
