import { Schema, type SchemaAST } from "effect"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import { setShortcut } from "./codec.ts"

/** A message that is a JSON document when it is encoded. */
type JsonMessage = Schema.Codec<{ readonly _tag: string }, Schema.Json>

/**
 * One JSON document a frame, compact, its keys in the order in which the Schema encodes them.
 *
 * The messages are tagged in the program; how they look as JSON, with or without a tag, is their own affair: each is
 * a Schema that encodes to what `JSON.stringify` takes. Decoding tries them in order.
 */
export const json = <const Messages extends ReadonlyArray<JsonMessage>>(
  messages: Messages
): Schema.Codec<Messages[number]["Type"], string> => {
  const codec: Schema.Codec<Messages[number]["Type"], string> = Schema.fromJsonString(
    Schema.Union(messages)
  ) as never
  const writers = new Map(messages.flatMap((message) => writerOf(message) ?? []))
  setShortcut(codec, {
    decode: () => undefined,
    encode: (message) =>
      typeof message === "object" && message !== null
        ? writers.get((message as JsonMessage["Type"])._tag)?.(message)
        : undefined
  })
  return codec
}

type Writer = (message: object) => string | undefined

/**
 * How to write a message whose fields are in the document as they are in the program, all but the tag: to check it and
 * to pick its fields is then all there is to encoding. Nothing for any other message.
 */
const writerOf = (message: JsonMessage): ReadonlyArray<readonly [tag: string, Writer]> | undefined => {
  const type = Schema.toType(message).ast
  const encoded = Schema.toEncoded(message).ast
  if (type._tag !== "Objects" || encoded._tag !== "Objects") return undefined
  const types = new Map(type.propertySignatures.map((property) => [property.name, property.type]))
  const tag = types.get("_tag")
  const fields = encoded.propertySignatures.map(({ name }) => String(name))
  const isPlain = encoded.propertySignatures.every(
    ({ name, type }) => name === "_tag" || isSame(types.get(name), type)
  )
  if (tag?._tag !== "Literal" || !isPlain || encoded.indexSignatures.length > 0) return undefined
  SchemaJITCompiler.enable(type)
  const is = Schema.is(Schema.toType(message))
  const encode = Schema.encodeUnknownSync(message)
  let written: ReadonlyArray<string> | undefined
  const write: Writer = (value) => {
    if (!is(value)) return undefined
    // Whether the tag is left out is not to be seen in the Schema; it is in the first document.
    written ??= fields.filter((field) => field !== "_tag" || Object.hasOwn(encode(value) as object, field))
    const document: Record<string, unknown> = {}
    for (const field of written) document[field] = value[field as keyof typeof value]
    return JSON.stringify(document)
  }
  return [[String(tag.literal), write]]
}

/** Whether nothing is transformed; defaults of construction concern neither side. */
const isSame = (type: SchemaAST.AST | undefined, encoded: SchemaAST.AST): boolean =>
  type !== undefined &&
  type.encoding === undefined &&
  (type === encoded ||
    (type._tag === "Literal" && encoded._tag === "Literal" && type.literal === encoded.literal))
