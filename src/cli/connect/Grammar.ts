/**
 * What a protocol's Schemas tell of its messages, for whoever is about to type one: the words that they begin with,
 * their fields, and what can stand in these.
 */
import { Schema, type SchemaAST } from "effect"
import * as Message from "../../Message.ts"
import type * as Protocol from "../../Protocol.ts"

/** A field that is typed. */
export interface Field extends Message.Field {
  /** What can stand in it, where that is one of a few words. */
  readonly choices: ReadonlyArray<string>
  /** Whether it is text; else it is written without quotes in JSON. */
  readonly isText: boolean
}

/** A message that is typed. */
export interface Typed {
  /** The word or words that it begins with. */
  readonly keyword: string
  readonly fields: ReadonlyArray<Field>
}

/** What one message looks like. */
export const typed = (message: Message.Any): Typed => {
  const { ast } = Schema.toEncoded(message)
  const types = new Map(
    ast._tag === "Objects" ? ast.propertySignatures.map(({ name, type }) => [String(name), type]) : []
  )
  return {
    keyword: Message.keywordOf(message),
    fields: Message.fieldsOf(message).map((field) => {
      const type = types.get(field.name)!
      return { ...field, choices: choicesOf(type), isText: type._tag !== "Boolean" }
    })
  }
}

/** The requests of a protocol, in their order. */
export const requestsOf = ({ request }: Protocol.Any): ReadonlyArray<Typed> => {
  const { ast } = request
  const members = ast._tag === "Union" ? ast.types : [ast]
  return members
    .filter((member): member is SchemaAST.Objects => member._tag === "Objects")
    .map((member) => typed(Schema.make<Message.Any>(member)))
}

const choicesOf = (type: SchemaAST.AST): ReadonlyArray<string> => {
  if (type._tag === "Literal") return [String(type.literal)]
  if (type._tag === "Boolean") return ["true", "false"]
  return type._tag === "Union" ? type.types.flatMap(choicesOf) : []
}
