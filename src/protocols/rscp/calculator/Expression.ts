/**
 * An expression, as a tree of nothing but numbers, names and functions of the catalogue.
 *
 * mathjs parses it; what it made is then copied, node by node, and whatever is not on the list here is refused: there
 * is no way to assign, to define, to index, or to reach a property or a function of mathjs or of the host.
 */
import * as Catalogue from "../functions/Catalogue.ts"
import * as Decimal from "../functions/Decimal.ts"
import type { Numeric } from "../functions/Definition.ts"
import {
  atLeast,
  notAnExpression,
  parametersExpected,
  Refusal,
  tooLarge,
  unknownFunction
} from "../functions/Refusal.ts"
import * as Mathjs from "./Mathjs.ts"

/** A number, a variable, or a function of the catalogue with what it is applied to; operators are functions too. */
export type Expression =
  | { readonly kind: "number"; readonly value: Decimal.Decimal }
  | { readonly kind: "variable"; readonly name: string }
  | Call

/** A function with what it is applied to. */
export interface Call {
  readonly kind: "call"
  readonly definition: Numeric
  readonly operands: ReadonlyArray<Expression>
}

/** The functions that take numbers, by their names in small letters. */
const functions: ReadonlyMap<string, Numeric> = new Map(
  Catalogue.functions
    .filter((definition) => !definition.isAlgebraic)
    .filter(({ parameters }) => parameters.every(({ fromNumber }) => fromNumber !== undefined))
    .map((definition) => [definition.keyword.toLowerCase(), definition])
)

/** Whether the name is one of the catalogue's, so that no variable has it. */
export const isTaken = (name: string): boolean => functions.has(name.toLowerCase())

/** The function of that name. */
export const functionOf = (keyword: string): Numeric => functions.get(keyword.toLowerCase())!

/** The operators, by what mathjs calls them. */
const operators: ReadonlyMap<string, Numeric> = new Map([
  ["add", functionOf("ADD")],
  ["subtract", functionOf("SUB")],
  ["multiply", functionOf("MUL")],
  ["divide", functionOf("DIV")],
  ["pow", functionOf("POW")],
  ["mod", functionOf("MOD")],
  ["factorial", functionOf("FACT")],
  ["unaryMinus", functionOf("NEG")]
])

/** Letters, digits, operators, parentheses, commas and spaces. */
const alphabet = /^[\w \t.,+\-*/^%!()]+$/

/** Numbers that are not decimal. */
const prefixed = /(?<![\w.])0[xXbBoO]/

/** How deep parentheses are nested. */
const maxDepth = 100

/** Reads an expression, or says why it cannot be. */
export const parse = (text: string): Expression | Refusal => {
  if (!alphabet.test(text) || prefixed.test(text)) return notAnExpression
  if (depthOf(text) > maxDepth) return tooLarge
  const node = Mathjs.parse(text)
  return node instanceof Refusal ? node : copy(node)
}

const depthOf = (text: string): number => {
  let depth = 0
  let deepest = 0
  for (const character of text) {
    if (character === "(") deepest = Math.max(deepest, ++depth)
    else if (character === ")") depth--
  }
  return deepest
}

const copy = (node: Mathjs.Node): Expression | Refusal => {
  if (Mathjs.isParenthesis(node)) return copy(node.content)
  if (Mathjs.isConstant(node)) return number(node.value)
  if (Mathjs.isSymbol(node)) return symbol(node.name)
  if (Mathjs.isOperator(node)) {
    const definition = operators.get(node.fn)
    if (definition !== undefined) return call(definition, node.args)
    return node.fn === "unaryPlus" ? copy(node.args[0]!) : notAnExpression
  }
  if (Mathjs.isFunction(node) && Mathjs.isSymbol(node.fn)) {
    const definition = functions.get(node.fn.name.toLowerCase())
    return definition === undefined ? unknownFunction : call(definition, node.args)
  }
  return notAnExpression
}

/** Digits of a number, which mathjs reads as one, and names that it takes for values, which are none here. */
const number = (value: unknown): Expression | Refusal => {
  if (!Mathjs.isBigNumber(value)) return notAnExpression
  const read = Decimal.inRange(new Decimal.Working(value.toString()))
  return read instanceof Refusal ? read : { kind: "number", value: read }
}

/** A name is a constant of the catalogue, or a variable. */
const symbol = (name: string): Expression | Refusal => {
  const definition = functions.get(name.toLowerCase())
  if (definition !== undefined) return definition.count === 0 ? call(definition, []) : notAnExpression
  return /^[A-Za-z]\w*$/.test(name) ? { kind: "variable", name } : notAnExpression
}

const call = (definition: Numeric, nodes: ReadonlyArray<Mathjs.Node>): Expression | Refusal => {
  const { count } = definition
  if (count === -1 ? nodes.length === 0 : nodes.length !== count) {
    return count === -1 ? atLeast(1) : parametersExpected(count)
  }
  const operands: Array<Expression> = []
  for (const node of nodes) {
    const operand = copy(node)
    if (operand instanceof Refusal) return operand
    operands.push(operand)
  }
  return { kind: "call", definition, operands }
}

/** Whether a variable is in it: that one, or any. */
export const hasVariable = (expression: Expression, name?: string): boolean => {
  switch (expression.kind) {
    case "number":
      return false
    case "variable":
      return name === undefined || expression.name === name
    case "call":
      return expression.operands.some((operand) => hasVariable(operand, name))
  }
}
