/**
 * The derivative of an expression by a variable.
 *
 * The rules are those of mathjs, for angles in radians: an angle is multiplied by a name for the radians in a degree, an
 * arc by one for the degrees in a radian; afterwards the names that are left stand for what they are, pi / 180 and
 * 180 / pi.
 */
import { Working } from "../functions/Decimal.ts"
import { notDifferentiable, Refusal } from "../functions/Refusal.ts"
import { type Call, type Expression, functionOf, hasVariable } from "./Expression.ts"
import * as Mathjs from "./Mathjs.ts"
import { simplified, toNode, toNodes } from "./Symbolic.ts"

/** Radians in a degree, and degrees in a radian. No variable is called so. */
const degree = "_degree"
const radian = "_radian"

const { call, operator } = Mathjs

const number = (value: number): Mathjs.Node => Mathjs.constant(new Working(value))

const ofAngle =
  (name: string) =>
  (angle: Mathjs.Node): Mathjs.Node =>
    call(name, [operator("MUL", [angle, Mathjs.symbol(degree)])])

const arc =
  (name: string) =>
  (operand: Mathjs.Node): Mathjs.Node =>
    operator("MUL", [call(name, [operand]), Mathjs.symbol(radian)])

const named =
  (name: string) =>
  (operand: Mathjs.Node): Mathjs.Node =>
    call(name, [operand])

const logarithm = (x: Mathjs.Node, base: Mathjs.Node): Mathjs.Node =>
  operator("DIV", [call("log", [x]), call("log", [base])])

const power = (x: Mathjs.Node, y: Mathjs.Node): Mathjs.Node => operator("POW", [x, y])

/** How the functions that have a derivative are shown to mathjs. */
const shapes: Record<string, (x: Mathjs.Node, y: Mathjs.Node) => Mathjs.Node> = {
  SIN: ofAngle("sin"),
  COS: ofAngle("cos"),
  TAN: ofAngle("tan"),
  SEC: ofAngle("sec"),
  CSC: ofAngle("csc"),
  COT: ofAngle("cot"),
  ASIN: arc("asin"),
  ACOS: arc("acos"),
  ATAN: arc("atan"),
  SINH: named("sinh"),
  COSH: named("cosh"),
  TANH: named("tanh"),
  SECH: named("sech"),
  CSCH: named("csch"),
  COTH: named("coth"),
  ASINH: named("asinh"),
  ACOSH: named("acosh"),
  ATANH: named("atanh"),
  ABS: named("abs"),
  EXP: named("exp"),
  LN: named("log"),
  SQRT: named("sqrt"),
  CBRT: (x) => power(x, operator("DIV", [number(1), number(3)])),
  ROOT: (x, n) => power(x, operator("DIV", [number(1), n])),
  SQUARE: (x) => power(x, number(2)),
  CUBE: (x) => power(x, number(3)),
  INV: (x) => operator("DIV", [number(1), x]),
  HYPOT: (x, y) => call("sqrt", [operator("ADD", [power(x, number(2)), power(y, number(2))])]),
  EXP2: (x) => power(number(2), x),
  EXP10: (x) => power(number(10), x),
  LOG: logarithm,
  LOG2: (x) => logarithm(x, number(2)),
  LOG10: (x) => logarithm(x, number(10)),
  RADIANS: (x) => operator("MUL", [x, Mathjs.symbol(degree)]),
  DEGREES: (x) => operator("MUL", [x, Mathjs.symbol(radian)])
}

/** The names that come back, and what they are called here. */
const names: Record<string, string> = { log: functionOf("LN").keyword }

const pi = Mathjs.symbol("pi")

/** What the two stand for where they are left. */
const ratios: ReadonlyMap<string, Mathjs.Node> = new Map([
  [degree, operator("DIV", [pi, number(180)])],
  [radian, operator("DIV", [number(180), pi])]
])

/** The derivative, simplified and written. */
export const derivative = (expression: Expression, variable: string): string | Refusal => {
  const show = (call: Call): Mathjs.Node | Refusal | undefined => {
    if (!hasVariable(call, variable)) return undefined
    const { keyword } = call.definition
    if (Mathjs.isOperatorKeyword(keyword)) {
      return keyword === "MOD" || keyword === "FACT" ? notDifferentiable : undefined
    }
    const shape = shapes[keyword]
    if (shape === undefined) return notDifferentiable
    const operands = toNodes(call.operands, show)
    return operands instanceof Refusal ? operands : shape(operands[0]!, operands[1]!)
  }
  const node = toNode(expression, show)
  if (node instanceof Refusal) return node
  const derived = Mathjs.derivative(node, variable)
  return derived instanceof Refusal ? derived : simplified(inDegrees(derived), ratios)
}

const isNamed = (node: Mathjs.Node | undefined, name: string): boolean =>
  node !== undefined && Mathjs.isSymbol(node) && node.name === name

/** What is multiplied by a name. */
const multiplied = (node: Mathjs.Node | undefined, name: string): Mathjs.Node | undefined =>
  node !== undefined && Mathjs.isOperator(node) && node.fn === "multiply" && isNamed(node.args[1], name)
    ? node.args[0]
    : undefined

/** Takes angles and arcs back to degrees. */
const inDegrees = (node: Mathjs.Node): Mathjs.Node => {
  if (Mathjs.isFunction(node) && Mathjs.isSymbol(node.fn)) {
    const { name } = node.fn
    const angle = angular.has(name) ? multiplied(node.args[0], degree) : undefined
    return call(names[name] ?? name.toUpperCase(), (angle === undefined ? node.args : [angle]).map(inDegrees))
  }
  const arc = multiplied(node, radian)
  if (arc !== undefined && Mathjs.isFunction(arc) && Mathjs.isSymbol(arc.fn) && arcs.has(arc.fn.name)) {
    return inDegrees(arc)
  }
  return node.map(inDegrees)
}

/** What takes an angle, and what gives one. */
const angular: ReadonlySet<string> = new Set(["sin", "cos", "tan", "sec", "csc", "cot"])
const arcs: ReadonlySet<string> = new Set(["asin", "acos", "atan"])
