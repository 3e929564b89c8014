/**
 * What a function takes in a place: how the text of a `PARAM` is read, and why it is refused. Spaces around it do not
 * count.
 *
 * Pure: imports only `decimal.js`, so that a worker is soon loaded; `ParameterSchema.ts` makes a Schema of each.
 */
import * as Decimal from "./Decimal.ts"
import {
  notAnExpression,
  notAnInteger,
  notAVariable,
  notBinary,
  notHexadecimal,
  Refusal,
  tooLarge,
  unknownUnit
} from "./Refusal.ts"
import * as Unit from "./Unit.ts"

/** A parameter that is read as an `A`. */
export interface Parameter<out A> {
  /** What it is, in words: `a decimal number`. */
  readonly description: string
  readonly is: (value: unknown) => value is A
  readonly read: (text: string) => A | Refusal
  /** Text that is read as the value. */
  write(value: A): string
  /** What a number stands for here, where one may: so that an expression may call the function. */
  readonly fromNumber?: (value: Decimal.Decimal) => A | Refusal
}

/** What a parameter is read as. */
export type Type<P> = P extends Parameter<infer A> ? A : never

const isBigInt = (value: unknown): value is bigint => typeof value === "bigint"
const isString = (value: unknown): value is string => typeof value === "string"

/** A decimal number: `-1.5`, `.5`, `2e10`. */
export const Real: Parameter<Decimal.Decimal> = {
  description: "a decimal number",
  is: (value) => Decimal.Working.isDecimal(value),
  read: Decimal.read,
  write: String,
  fromNumber: (value) => value
}

/** The longest whole number, in digits: what comes of it must fit a line, in binary too. */
const maxIntegerDigits = 1_000

const toInteger = (value: Decimal.Decimal): bigint | Refusal => {
  if (value.e >= maxIntegerDigits) return tooLarge
  return Decimal.toBigInt(value) ?? notAnInteger
}

/** A whole number of at most 1,000 digits: `-12`, `2e3`, `4.0`. */
export const Integer: Parameter<bigint> = {
  description: "a whole number",
  is: isBigInt,
  read: (text) => {
    const value = Decimal.read(text)
    return value instanceof Refusal ? value : toInteger(value)
  },
  write: String,
  fromNumber: toInteger
}

/** A base that whole numbers are written in. */
interface Base {
  readonly description: string
  readonly radix: number
  readonly prefix: "0x" | "0b"
  readonly numeral: RegExp
  readonly otherwise: Refusal
}

/** A whole number in another base, of at most 1,000 digits there. */
const inBase = ({ description, numeral, otherwise, prefix, radix }: Base): Parameter<bigint> => ({
  description,
  is: isBigInt,
  read: (text) => {
    const trimmed = text.trim()
    if (trimmed.length > Decimal.maxLength) return tooLarge
    if (!numeral.test(trimmed)) return otherwise
    const size = BigInt(prefix + trimmed.replace(/^[+-]/, ""))
    return trimmed.startsWith("-") ? -size : size
  },
  write: (value) => value.toString(radix)
})

/** A whole number in hexadecimal digits, without a prefix: `FF`, `-1a`. */
export const Hexadecimal = inBase({
  description: "a whole number in hexadecimal digits",
  radix: 16,
  prefix: "0x",
  numeral: /^[+-]?[\dA-Fa-f]+$/,
  otherwise: notHexadecimal
})

/** A whole number in binary digits, without a prefix: `1010`. */
export const Binary = inBase({
  description: "a whole number in binary digits",
  radix: 2,
  prefix: "0b",
  numeral: /^[+-]?[01]+$/,
  otherwise: notBinary
})

/** The longest expression, in characters. */
const maxExpression = 2_000

/** An expression, or an equation of two: its grammar is looked at by the worker that computes with it. */
export const Expression: Parameter<string> = {
  description: "an expression",
  is: isString,
  read: (text) => {
    const trimmed = text.trim()
    return trimmed.length > maxExpression ? tooLarge : trimmed === "" ? notAnExpression : trimmed
  },
  write: String
}

/** The name of a variable: a letter, and up to 30 letters, digits and underscores. */
export const Variable: Parameter<string> = {
  description: "the name of a variable",
  is: isString,
  read: (text) => {
    const trimmed = text.trim()
    return /^[A-Za-z]\w{0,30}$/.test(trimmed) ? trimmed : notAVariable
  },
  write: String
}

/** A unit by its symbol: `km`, `degF`. */
export const UnitSymbol: Parameter<Unit.Unit> = {
  description: "the symbol of a unit",
  is: (value) => value instanceof Unit.Unit,
  read: (text) => Unit.bySymbol(text.trim()) ?? unknownUnit,
  write: (unit) => unit.symbol
}
