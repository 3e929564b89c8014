/**
 * Functions of expressions, and equations.
 *
 * An expression has numbers, `+ - * / ^ % !`, parentheses, and the functions and constants of the catalogue that take
 * and give numbers, in either case: `2 * sin(30) + PI`. Angles are in degrees there too.
 */
import { defineAlgebraic, define, type Definition } from "./Definition.ts"
import { Expression, Real, Variable } from "./Parameter.ts"
import * as Roots from "./Roots.ts"

export const functions: ReadonlyArray<Definition> = [
  defineAlgebraic(160, "EVAL(EXPRESSION)", [Expression], (algebra, expression) =>
    algebra.evaluate(expression)
  ),
  defineAlgebraic(
    161,
    "DERIVATIVE(EXPRESSION, VARIABLE)",
    [Expression, Variable],
    (algebra, expression, variable) => algebra.derivative(expression, variable)
  ),
  defineAlgebraic(162, "SIMPLIFY(EXPRESSION)", [Expression], (algebra, expression) =>
    algebra.simplify(expression)
  ),
  // The real numbers that solve it, from the smallest to the largest; X1, X2 when there are two.
  defineAlgebraic(163, "SOLVE(EQUATION, VARIABLE)", [Expression, Variable], (algebra, equation, variable) =>
    algebra.solve(equation, variable)
  ),
  // A x + B = 0
  define(164, "SOLVE_LINEAR(A, B)", [Real, Real], (a, b) => Roots.ofPolynomial([b, a])),
  // A x^2 + B x + C = 0
  define(165, "SOLVE_QUADRATIC(A, B, C)", [Real, Real, Real], (a, b, c) => Roots.ofPolynomial([c, b, a]))
]
