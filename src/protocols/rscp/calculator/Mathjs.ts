/**
 * What the calculator takes of mathjs: its parser, derivatives and simplification, with decimal numbers.
 *
 * The package's build in one file is loaded, and of it no more than is named, because what is not is never built: that
 * takes a tenth of the time of its modules, and half the memory.
 */
import type * as Package from "mathjs"
import { createRequire } from "node:module"
import { type Decimal, write } from "../functions/Decimal.ts"
import { notAnExpression, Refusal, tooLarge } from "../functions/Refusal.ts"

const {
  bignumberDependencies,
  create,
  derivativeDependencies,
  fractionDependencies,
  parseDependencies,
  simplifyDependencies
} = createRequire(import.meta.url)("mathjs/lib/browser/math.js") as typeof Package

const mathjs = create({
  ...bignumberDependencies,
  ...fractionDependencies,
  ...parseDependencies,
  ...simplifyDependencies,
  ...derivativeDependencies
})
mathjs.config({ number: "BigNumber", precision: 64 })

/** A node of an expression. */
export type Node = Package.MathNode

/** Parses text. Whatever the grammar of mathjs allows may come of it: look at every node. */
export const parse = (text: string): Node | Refusal => within(() => mathjs.parse(text), notAnExpression)

/** The expression with its like terms and its constants put together. */
export const simplify = (node: Node): Node | Refusal => bounded(within(() => mathjs.simplify(node), tooLarge))

/** The derivative, as the rules give it. */
export const derivative = (node: Node, variable: string): Node | Refusal =>
  bounded(within(() => mathjs.derivative(node, variable, { simplify: false }), tooLarge))

/** An expression of more nodes than this is not gone on with: it would be written on megabytes. */
const maxNodes = 20_000

/** What mathjs makes has parts that are in it many times over, and take no room until somebody goes through them. */
const bounded = (node: Node | Refusal): Node | Refusal => {
  if (node instanceof Refusal) return node
  let count = 0
  const visit = (node: Node): void => {
    if (++count <= maxNodes) node.forEach(visit)
  }
  visit(node)
  return count > maxNodes ? tooLarge : node
}

/** What runs out of stack is too large; for anything else that mathjs throws, there is one reason. */
const within = (compute: () => Node, refusal: Refusal): Node | Refusal => {
  try {
    return compute()
  } catch (error) {
    return error instanceof RangeError ? tooLarge : refusal
  }
}

export const isBigNumber = (value: unknown): value is Package.BigNumber => mathjs.isBigNumber(value)
export const isConstant = (node: Node): node is Package.ConstantNode => mathjs.isConstantNode(node)
export const isFunction = (node: Node): node is Package.FunctionNode => mathjs.isFunctionNode(node)
export const isOperator = (node: Node): node is Package.OperatorNode => mathjs.isOperatorNode(node)
export const isParenthesis = (node: Node): node is Package.ParenthesisNode => mathjs.isParenthesisNode(node)
export const isSymbol = (node: Node): node is Package.SymbolNode => mathjs.isSymbolNode(node)

/** What mathjs calls the operators, by the functions of the catalogue that they are. */
const operators = {
  ADD: ["+", "add"],
  SUB: ["-", "subtract"],
  MUL: ["*", "multiply"],
  DIV: ["/", "divide"],
  POW: ["^", "pow"],
  MOD: ["mod", "mod"],
  FACT: ["!", "factorial"],
  NEG: ["-", "unaryMinus"]
} as const

export type Operator = keyof typeof operators

export const isOperatorKeyword = (keyword: string): keyword is Operator => Object.hasOwn(operators, keyword)

export const operator = (keyword: Operator, operands: ReadonlyArray<Node>): Node => {
  const [sign, name] = operators[keyword]
  return new mathjs.OperatorNode(sign, name, [...operands])
}

export const call = (name: string, operands: ReadonlyArray<Node>): Node =>
  new mathjs.FunctionNode(name, [...operands])

export const symbol = (name: string): Node => new mathjs.SymbolNode(name)

/** A number; one below 0 is the negative of another, as it is written. */
export const constant = (value: Decimal): Node => {
  const size = new mathjs.ConstantNode(mathjs.bignumber(value.abs().toString()))
  return value.isNegative() && !value.isZero() ? operator("NEG", [size]) : size
}

/** Writes an expression, its numbers as an answer has them; refused where one of them cannot be written. */
export const toText = (node: Node, number: (value: string) => Decimal): string | Refusal => {
  let refusal: Refusal | undefined
  const text = node.toString({
    handler: (node: Node) => {
      if (!isConstant(node)) return undefined
      const text = write(number(String(node.value)))
      if (text instanceof Refusal) refusal = text
      return String(text)
    }
  })
  return refusal ?? text
}
