/**
 * The plan of a message: how to make it of its parts, and its parts of it, without the Schema.
 */
import { Schema, SchemaAST } from "effect"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import type * as Message from "../Message.ts"
import { type FieldCodec, fieldCodecOf } from "./field.ts"

/** Both directions return nothing where the Schema has to be asked. */
export interface Plan {
  readonly decode: (parts: Values) => object | undefined
  readonly encode: (message: Values) => object | undefined
}

export type Values = Readonly<Record<string, unknown>>

/**
 * - `plain`: the same in the program and in the parts;
 * - a field codec;
 * - `absent`: an optional field with parts that are transformed, so that there is a plan only for messages without it.
 */
type FieldPlan = readonly [name: string, way: "plain" | "absent" | FieldCodec]

/**
 * The plan of a message; nothing where one of its fields is transformed in a way that only the Schema knows. With
 * `isExact`, parts and messages have no other fields than those of the message, or nobody looks at them.
 */
export const planOf = (message: Message.Any, isExact: boolean): Plan | undefined => {
  const fields = fieldPlansOf(message.ast)
  if (fields === undefined) return undefined
  const type = Schema.toType(message)
  SchemaJITCompiler.enable(type.ast)
  const is: (value: unknown) => boolean = Schema.is(type)
  if (isExact && fields.every(([, way]) => way === "plain")) {
    const same = (value: Values): object | undefined => (is(value) ? value : undefined)
    return { decode: same, encode: same }
  }
  return {
    decode: (parts) => {
      const message = transform(fields, parts, "read")
      return message !== undefined && is(message) ? message : undefined
    },
    encode: (message) => (is(message) ? transform(fields, message, "write") : undefined)
  }
}

const transform = (
  fields: ReadonlyArray<FieldPlan>,
  values: Values,
  direction: "read" | "write"
): object | undefined => {
  const to: Record<string, unknown> = {}
  for (const [name, way] of fields) {
    const value = values[name]
    if (value === undefined) continue
    if (way === "plain") to[name] = value
    else if (way === "absent") return undefined
    else if ((to[name] = way[direction](value)) === undefined) return undefined
  }
  return to
}

/** The ways of all the fields, the tag among them; nothing where one has none. */
export const fieldPlansOf = (ast: SchemaAST.Objects): ReadonlyArray<FieldPlan> | undefined => {
  if (ast.encoding !== undefined || ast.indexSignatures.length > 0) return undefined
  const plans: Array<FieldPlan> = []
  for (const { name, type } of ast.propertySignatures) {
    const way = name === "_tag" ? "plain" : wayOf(type)
    if (way === undefined) return undefined
    plans.push([String(name), way])
  }
  return plans
}

const wayOf = (type: SchemaAST.AST): FieldPlan[1] | undefined => {
  if (isPlain(type)) return "plain"
  if (type.encoding !== undefined) return fieldCodecOf(type)
  // Without an encoding of its own, it is absent on both sides or on none.
  return type.context?.isOptional === true ? "absent" : undefined
}

/** Whether the Schema transforms nothing, on any level. */
export const isPlain = (ast: SchemaAST.AST): boolean => SchemaAST.toType(ast) === ast
