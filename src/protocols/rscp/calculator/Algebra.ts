/** The functions of expressions, as the workers have them. */
import type * as Definition from "../functions/Definition.ts"
import { notAVariable, Refusal } from "../functions/Refusal.ts"
import { derivative } from "./Derivative.ts"
import { solve } from "./Equation.ts"
import { evaluate } from "./Evaluation.ts"
import { type Expression, isTaken, parse } from "./Expression.ts"
import { fold, simplified, toNode } from "./Symbolic.ts"

const parsed = (text: string, compute: (expression: Expression) => Definition.Value): Definition.Value => {
  const expression = parse(text)
  return expression instanceof Refusal ? expression : compute(expression)
}

const folded = (text: string, compute: (expression: Expression) => Definition.Value): Definition.Value =>
  parsed(text, (expression) => {
    const simpler = fold(expression)
    return simpler instanceof Refusal ? simpler : compute(simpler)
  })

const ifVariable = (name: string, compute: () => Definition.Value): Definition.Value =>
  isTaken(name) ? notAVariable : compute()

export const algebra: Definition.Algebra = {
  evaluate: (text) =>
    parsed(text, (expression) => {
      const result = evaluate(expression)
      return result instanceof Refusal ? result : result.value
    }),
  simplify: (text) =>
    folded(text, (expression) => {
      const node = toNode(expression)
      return node instanceof Refusal ? node : simplified(node)
    }),
  derivative: (text, variable) =>
    ifVariable(variable, () => folded(text, (expression) => derivative(expression, variable))),
  solve: (equation, variable) => ifVariable(variable, () => solve(equation, variable))
}
