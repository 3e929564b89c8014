/**
 * A message is one line of a specification's list of messages, as a tagged Schema: its `_tag` names it in the
 * program, its keyword names it on the wire, its fields are the parts that follow.
 *
 * Messages know nothing of how parts are written on a line; a `Syntax` lays them out and makes the codec of all the
 * messages of one direction:
 *
 * ```ts
 * const Get = Message.make("get", { key: Syntax.Word })
 * const Put = Message.make("put", { key: Syntax.Word, value: Syntax.Word })
 * const Request = Syntax.words([Get, Put]) // a Syntax.Codec of Get | Put
 * ```
 *
 * Pure: imports only `effect`.
 */
import { Schema, type SchemaAST } from "effect"

/**
 * A tagged struct Schema with a keyword. The values it describes are plain objects, `{ _tag: "get", key: "a" }`.
 */
export type Message<Tag extends string, Fields extends Schema.Struct.Fields> = Schema.TaggedStruct<
  Tag,
  Fields
>

/** Any message. */
export interface Any extends Schema.Constraint {
  readonly ast: SchemaAST.Objects
  readonly Type: { readonly _tag: string }
  readonly Encoded: { readonly _tag: string }
  readonly DecodingServices: never
  readonly EncodingServices: never
  readonly fields: { readonly _tag: { readonly schema: { readonly literal: string } } }
}

/**
 * Defines a message.
 *
 * **Details**
 *
 * The order of the fields is the order of the parts in syntaxes that go by position. A field of `Schema.optionalKey`
 * may be left out; a field that encodes to an array takes all the parts that remain. Which of these a syntax has a
 * place for, the syntax says.
 *
 * `keyword` is what the message begins with on the wire, by default its tag. It may be several words, or none (`""`) where
 * the syntax has a place for such a message.
 */
export const make = <const Tag extends string, const Fields extends Schema.Struct.Fields>(
  tag: Tag,
  fields: Fields,
  options?: { readonly keyword?: string; readonly description?: string }
): Message<Tag, Fields> =>
  Schema.TaggedStruct(tag, fields).annotate({
    [keywordAnnotation]: options?.keyword ?? tag,
    ...(options?.description === undefined ? {} : { description: options.description })
  })

const keywordAnnotation = "wireline/Message/keyword"

/** The tag that names the message in the program. */
export const tagOf = (message: Any): string => message.fields._tag.schema.literal

/** The word or words that the message begins with on the wire. */
export const keywordOf = (message: Any): string => {
  const keyword = Schema.resolveAnnotations(message)?.[keywordAnnotation]
  return typeof keyword === "string" ? keyword : tagOf(message)
}

/**
 * A field as a syntax sees it: whether it must be there, may be there, takes all that remains, or is a list of groups of
 * fields.
 */
export interface Field {
  readonly name: string
  readonly presence: "required" | "optional" | "repeated" | "grouped"
  /** The names of the fields of a group, in their order; only where the field is a list of groups. */
  readonly group?: ReadonlyArray<string>
}

/** The fields of a message in their order, as they are when encoded, the tag left out. */
export const fieldsOf = (message: Any): ReadonlyArray<Field> => {
  const { ast } = Schema.toEncoded(message)
  if (ast._tag !== "Objects") throw new Error(`Message: ${tagOf(message)} does not encode to a record`)
  return ast.propertySignatures
    .filter((property) => property.name !== "_tag")
    .map(({ name, type }) => toField(String(name), type))
}

const toField = (name: string, ast: SchemaAST.AST): Field => {
  if (ast.context?.isOptional === true) return { name, presence: "optional" }
  if (ast._tag !== "Arrays") return { name, presence: "required" }
  const element = ast.rest[0]
  return element?._tag === "Objects"
    ? { name, presence: "grouped", group: element.propertySignatures.map(({ name }) => String(name)) }
    : { name, presence: "repeated" }
}
