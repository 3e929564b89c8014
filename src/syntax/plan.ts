/**
 * The plan of a message: how to make it of its parts, and its parts of it, without the Schema.
 */
import { Schema, SchemaAST } from "effect"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import type * as Message from "../Message.ts"
import { type FieldCodec, fieldCodecOf } from "./field.ts"

/** Both directions return nothing where the Schema has to be asked. */
export interface Plan {
  /** Where message and parts are the same: whether a value is a message. */
  readonly is?: (value: unknown) => boolean
  readonly decode: (parts: Values) => object | undefined
  readonly encode: (message: Values) => object | undefined
}

export type Values = Readonly<Record<string, unknown>>

/**
 * How a field gets from one side to the other:
 *
 * - `plain`: it is the same in the program and in the parts;
 * - a field codec;
 * - `absent`: it is optional, and has parts that are transformed: only messages without it have a plan.
 */
export type Way = "plain" | "absent" | FieldCodec

/**
 * The plan of a message; nothing where one of its fields is transformed in a way that only the Schema knows. With
 * `isExact`, what the message does not have in its fields, neither has the value, or nothing looks at it.
 */
export const planOf = (message: Message.Any, isExact: boolean): Plan | undefined => {
  const ways = waysOf(message.ast)
  if (ways === undefined) return undefined
  const is = ways.every(([, way]) => way === "plain") ? guardOf(message.ast) : undefined
  if (is !== undefined && isExact) {
    const same = (value: Values): object | undefined => (is(value) ? value : undefined)
    return { is, decode: same, encode: same }
  }
  const names = new Set(ways.map(([name]) => name))
  /** Whether a value is a message and its own parts, so that nothing has to be copied. */
  const isSame = (value: Values): boolean => is !== undefined && hasOnly(value, names) && is(value)
  // One guard for the whole message is the quickest, save for fields that are rarely there and costly to look for.
  const isByField = ways.some(([, way]) => way === "absent")
  const fields = message.ast.propertySignatures.map(({ type }, i) => {
    const [name, way] = ways[i]!
    return {
      name,
      way,
      is: isByField ? guardOf(type) : anything,
      isOptional: type.context?.isOptional === true
    }
  })
  const isWhole = isByField && message.ast.checks === undefined ? anything : guardOf(message.ast)
  return {
    decode: (parts) => {
      if (isSame(parts)) return parts
      const message: Record<string, unknown> = {}
      for (const { is, isOptional, name, way } of fields) {
        let value = parts[name]
        if (value === undefined && isOptional) continue
        if (way === "absent") return undefined
        if (way !== "plain") value = way.read(value)
        if (!is(value)) return undefined
        message[name] = value
      }
      return isWhole(message) ? message : undefined
    },
    encode: (message) => {
      if (isSame(message)) return message
      if (!isWhole(message)) return undefined
      const parts: Record<string, unknown> = {}
      for (const { is, isOptional, name, way } of fields) {
        let value = message[name]
        if (value === undefined && isOptional && !(name in message)) continue
        if (way === "absent" || !is(value)) return undefined
        if (way !== "plain" && (value = way.write(value)) === undefined) return undefined
        parts[name] = value
      }
      return parts
    }
  }
}

const anything = (): boolean => true

/** Whether a value has no fields but these. */
const hasOnly = (value: Values, names: ReadonlySet<string>): boolean => {
  for (const name in value) if (!names.has(name)) return false
  return true
}

/** Whether a value is one of those in the program. */
const guardOf = (ast: SchemaAST.AST): ((value: unknown) => boolean) => {
  const type = SchemaAST.toType(ast)
  SchemaJITCompiler.enable(type)
  return Schema.is(Schema.make(type))
}

/** The ways of all the fields, the tag among them; nothing where one has none. */
export const waysOf = (ast: SchemaAST.Objects): ReadonlyArray<readonly [name: string, Way]> | undefined => {
  if (ast.encoding !== undefined || ast.indexSignatures.length > 0) return undefined
  const ways: Array<readonly [string, Way]> = []
  for (const { name, type } of ast.propertySignatures) {
    const way = name === "_tag" ? "plain" : wayOf(type)
    if (way === undefined) return undefined
    ways.push([String(name), way])
  }
  return ways
}

const wayOf = (type: SchemaAST.AST): Way | undefined => {
  // Whether anything is transformed, on any level.
  if (SchemaAST.toType(type) === type) return "plain"
  if (type.encoding !== undefined) return fieldCodecOf(type)
  // Without an encoding of its own, it is absent on both sides or on none.
  return type.context?.isOptional === true ? "absent" : undefined
}
