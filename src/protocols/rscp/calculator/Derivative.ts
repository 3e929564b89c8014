/**
 * The derivative of an expression by a variable.
 *
 * The rules are those of mathjs, for angles in radians: an angle is multiplied by a name for radians in a degree, an
 * arc divided by it; afterwards the names that are left stand for what they are, pi / 180.
 */
import { Working } from "../functions/Decimal.ts"
import { notDifferentiable, Refusal } from "../functions/Refusal.ts"
import { type Call, type Expression, functionOf, hasVariable } from "./Expression.ts"
import * as Mathjs from "./Mathjs.ts"
import { simplified, toNode, toNodes } from "./Symbolic.ts"

/** No variable is called so. */
const degree = "_degree"

const { call, operator } = Mathjs

const number = (value: number): Mathjs.Node => Mathjs.constant(new Working(value))

const ofAngle =
  (name: string) =>
  (angle: Mathjs.Node): Mathjs.Node =>
    call(name, [operator("MUL", [angle, Mathjs.symbol(degree)])])

const arc =
  (name: string) =>
  (operand: Mathjs.Node): Mathjs.Node =>
    operator("DIV", [call(name, [operand]), Mathjs.symbol(degree)])

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
  DEGREES: (x) => operator("DIV", [x, Mathjs.symbol(degree)])
}

/** The names that come back, and what they are called here. */
const names: Record<string, string> = { log: functionOf("LN").keyword }

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
  return derived instanceof Refusal ? derived : simplified(inDegrees(derived))
}

const isDegree = (node: Mathjs.Node | undefined): boolean =>
  node !== undefined && Mathjs.isSymbol(node) && node.name === degree

/** Takes the name for radians in a degree back out of angles and arcs, and says what is left of it. */
const inDegrees = (node: Mathjs.Node): Mathjs.Node => {
  if (Mathjs.isFunction(node) && Mathjs.isSymbol(node.fn)) {
    const { name } = node.fn
    const [operand] = node.args
    const angle =
      operand !== undefined &&
      Mathjs.isOperator(operand) &&
      operand.fn === "multiply" &&
      isDegree(operand.args[1])
        ? operand.args[0]!
        : undefined
    const keyword = names[name] ?? name.toUpperCase()
    return call(keyword, (angle === undefined ? node.args : [angle]).map(inDegrees))
  }
  if (Mathjs.isOperator(node) && node.fn === "divide" && isDegree(node.args[1])) {
    const [dividend] = node.args
    if (Mathjs.isFunction(dividend!) && Mathjs.isSymbol(dividend.fn) && arcs.has(dividend.fn.name)) {
      return inDegrees(dividend)
    }
  }
  if (isDegree(node)) return operator("DIV", [Mathjs.symbol("pi"), number(180)])
  return node.map(inDegrees)
}

const arcs: ReadonlySet<string> = new Set(["asin", "acos", "atan"])
