/**
 * Expressions for mathjs to rearrange, and back.
 *
 * mathjs knows functions by their names in small letters, takes their angles for radians, and computes what it can with
 * its own. So it gets ours in capitals, which it does not know and leaves alone; `Derivative.ts` shows it those that it
 * has a rule for.
 */
import * as Decimal from "../functions/Decimal.ts"
import { divisionByZero, Refusal } from "../functions/Refusal.ts"
import * as Approximate from "./Approximate.ts"
import { apply } from "./Evaluation.ts"
import type { Call, Expression } from "./Expression.ts"
import * as Mathjs from "./Mathjs.ts"

/** The expression as mathjs has it. `show` may give a call a shape of its own. */
export const toNode = (
  expression: Expression,
  show: (call: Call) => Mathjs.Node | Refusal | undefined = () => undefined
): Mathjs.Node | Refusal => {
  switch (expression.kind) {
    case "number":
      return Mathjs.constant(expression.value)
    case "variable":
      return Mathjs.symbol(expression.name)
    case "call": {
      const shown = show(expression)
      if (shown !== undefined) return shown
      const operands = toNodes(expression.operands, show)
      if (operands instanceof Refusal) return operands
      const { keyword } = expression.definition
      if (operands.length === 0) return Mathjs.symbol(keyword.toLowerCase())
      return isRational(expression)
        ? Mathjs.operator(keyword as Mathjs.Operator, operands)
        : Mathjs.call(keyword, operands)
    }
  }
}

/** Several of them. */
export const toNodes = (
  expressions: ReadonlyArray<Expression>,
  show: (call: Call) => Mathjs.Node | Refusal | undefined
): ReadonlyArray<Mathjs.Node> | Refusal => {
  const nodes: Array<Mathjs.Node> = []
  for (const expression of expressions) {
    const node = toNode(expression, show)
    if (node instanceof Refusal) return node
    nodes.push(node)
  }
  return nodes
}

/**
 * Whether it is an operator that mathjs may compute: not a power of a number by a number, which has no end or is too
 * long when `fold` has left it, nor a remainder or a factorial.
 */
const isRational = ({ definition: { keyword }, operands }: Call): boolean => {
  if (!Mathjs.isOperatorKeyword(keyword) || keyword === "MOD" || keyword === "FACT") return false
  return keyword !== "POW" || operands.some(({ kind }) => kind !== "number")
}

/**
 * The expression, in which every function of numbers whose value an answer can write exactly is that value. It is refused
 * where a function of numbers has no value, because then the expression has none whatever its variables are.
 */
export const fold = (expression: Expression): Expression | Refusal => {
  if (expression.kind !== "call") return expression
  const operands: Array<Expression> = []
  for (const operand of expression.operands) {
    const folded = fold(operand)
    if (folded instanceof Refusal) return folded
    operands.push(folded)
  }
  const call: Call = { ...expression, operands }
  const numbers = operands.flatMap((operand) =>
    operand.kind === "number" ? [Approximate.exact(operand.value)] : []
  )
  if (isByZero(call)) return divisionByZero
  if (numbers.length === 0 || numbers.length < operands.length) return call
  const result = apply(call, numbers)
  if (result instanceof Refusal) return result
  return result.value.precision() > Decimal.answerDigits ? call : { kind: "number", value: result.value }
}

const isByZero = ({ definition: { keyword }, operands: [, divisor] }: Call): boolean =>
  (keyword === "DIV" || keyword === "MOD") && divisor?.kind === "number" && divisor.value.isZero()

/** Simplifies, and writes it, with what certain names stand for. */
export const simplified = (
  node: Mathjs.Node,
  names: ReadonlyMap<string, Mathjs.Node> = new Map()
): string | Refusal => {
  const simple = Mathjs.simplify(node)
  return simple instanceof Refusal
    ? simple
    : Mathjs.toText(spelled(simple, names), (digits) => new Decimal.Working(digits))
}

/** Functions in small letters, as they are mostly written, and operators by their signs. */
const spelled = (node: Mathjs.Node, names: ReadonlyMap<string, Mathjs.Node>): Mathjs.Node => {
  const inside = (node: Mathjs.Node): Mathjs.Node => spelled(node, names)
  if (Mathjs.isSymbol(node)) return names.get(node.name) ?? node
  if (!Mathjs.isFunction(node) || !Mathjs.isSymbol(node.fn)) return node.map(inside)
  const { name } = node.fn
  const operands = node.args.map(inside)
  return Mathjs.isOperatorKeyword(name)
    ? Mathjs.operator(name, operands)
    : Mathjs.call(name.toLowerCase(), operands)
}
