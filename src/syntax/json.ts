import { Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import { type Codec, makeCodec, tagOf } from "./codec.ts"
import { firstProblem, type MalformedReason } from "./malformed.ts"
import { waysOf } from "./plan.ts"

/** A message that is a JSON document when it is encoded. */
type JsonMessage = Schema.Codec<Tagged, Schema.Json>

interface Tagged {
  readonly _tag: string
}

/**
 * One JSON document a frame, compact, its keys in the order in which the Schema encodes them.
 *
 * **Details**
 *
 * The messages are tagged in the program; how they look as JSON, with or without a tag, is their own affair: each is
 * a Schema that encodes to what `JSON.stringify` takes. Decoding tries them in order.
 *
 * - `exactIntegers`: an integer beyond 2^53, which `JSON.parse` would round, is read as a `RawNumber` with all of its
 *   digits. Only fields that encode to `RawNumber` take it.
 */
export const json = <const Messages extends ReadonlyArray<JsonMessage>>(
  messages: Messages,
  options: { readonly exactIntegers?: boolean } = {}
): Codec<Messages[number]["Type"]> => {
  type M = Messages[number]["Type"]
  const parse = options.exactIntegers === true ? parseExactly : (text: string): unknown => JSON.parse(text)
  const { ast } = Schema.String.pipe(
    Schema.decodeTo(Schema.Union(messages) as Schema.Codec<M, unknown>, {
      decode: SchemaGetter.transformEffect((text: string) =>
        Effect.try({ try: () => parse(text), catch: () => new SchemaIssue.InvalidValue(notJson) })
      ),
      encode: SchemaGetter.stringifyJson()
    })
  )
  const writers = new Map(messages.flatMap((message) => writerOf(message) ?? []))
  return makeCodec<M, string>(ast, {
    decode: () => undefined,
    encode: (message: unknown) =>
      typeof message === "object" && message !== null
        ? writers.get((message as Tagged)._tag)?.(message)
        : undefined,
    reasonOf: (text, error) => reasonOf(messages, parse, text, error)
  })
}

const notJson = { expected: "a valid JSON string" }

const reasonOf = (
  messages: ReadonlyArray<JsonMessage>,
  parse: (text: string) => unknown,
  text: string,
  error: Schema.SchemaError
): MalformedReason => {
  let document: unknown
  try {
    document = parse(text)
  } catch {
    return { _tag: "Unreadable", problem: `Expected ${notJson.expected}` }
  }
  const tag: unknown = (document as Partial<Tagged> | null)?._tag
  const message = messages.length === 1 ? messages[0] : messages.find(({ ast }) => tagOf(ast) === tag)
  if (message === undefined) return { _tag: "UnknownMessage", keyword: typeof tag === "string" ? tag : "" }
  const { path, problem } = firstProblem(error, message.ast)
  return path.length === 0
    ? { _tag: "Unreadable", problem }
    : { _tag: "InvalidField", message: tagOf(message.ast) ?? "", field: path.join("."), problem }
}

type Writer = (message: object) => string | undefined

/**
 * How to write a message whose fields are in the document as they are in the program, all but the tag, or are field
 * codecs: to check it and to pick its fields is then all there is to encoding. Nothing for any other message.
 */
const writerOf = (message: JsonMessage): ReadonlyArray<readonly [tag: string, Writer]> | undefined => {
  const { ast } = message
  const tag = tagOf(ast)
  if (ast._tag !== "Objects" || tag === undefined) return undefined
  const fields = waysOf(ast)
  if (fields === undefined) return undefined
  const type = Schema.toType(message)
  SchemaJITCompiler.enable(type.ast)
  const is = Schema.is(type)
  const encode = Schema.encodeUnknownSync(message)
  let written: typeof fields | undefined
  const write: Writer = (value) => {
    if (!is(value)) return undefined
    // Whether the tag is left out is not to be seen in the Schema; it is in the first document.
    written ??= fields.filter(([name]) => name !== "_tag" || Object.hasOwn(encode(value) as object, name))
    const document: Record<string, unknown> = {}
    for (const [name, way] of written) {
      const field: unknown = value[name as keyof typeof value]
      if (way === "plain") document[name] = field
      else if (
        field !== undefined &&
        (way === "absent" || (document[name] = way.write(field)) === undefined)
      ) {
        return undefined
      }
    }
    return JSON.stringify(document)
  }
  return [[tag, write]]
}

/** A number as its digits stand in the document: what `JSON.rawJSON` makes. */
export type RawNumber = { readonly rawJSON: string }

// The library of the compiler does not know these yet; every current runtime has them.
const { isRawJSON, rawJSON } = JSON as typeof JSON & {
  readonly isRawJSON: (value: unknown) => value is RawNumber
  readonly rawJSON: (text: string) => RawNumber
}

/** A number with all of its digits, for the encoded side of a field: see `exactIntegers` of `json`. */
export const RawNumber: Schema.Codec<RawNumber> = Schema.declare(
  (value): value is RawNumber => isRawJSON(value) && isNumber.test(value.rawJSON),
  { expected: "a number" }
)

/** Makes a raw number of its digits, which have to be a number of JSON. */
export const rawNumber = (digits: string): RawNumber => rawJSON(digits)

const isNumber = /^-?\d/

/** Reviving costs more than parsing, and only for many digits there is something to keep. */
const parseExactly = (text: string): unknown =>
  JSON.parse(text, manyDigits.test(text) ? keepDigits : undefined)

const manyDigits = /\d{16}/

const keepDigits = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" &&
  !Number.isSafeInteger(value) &&
  context?.source !== undefined &&
  isInteger.test(context.source)
    ? rawJSON(context.source)
    : value

const isInteger = /^-?\d+$/
