/**
 * A codec of frames: a Schema that also decodes and encodes without effects and diagnostics where it can.
 */
import { Schema, type SchemaAST } from "effect"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import { firstProblem, Malformed, type MalformedReason } from "./malformed.ts"

/**
 * A message and its frame. It is an ordinary Schema with two functions for every frame of a connection.
 *
 * **Details**
 *
 * Both functions give what the Schema gives, and are several times faster for messages whose fields are the same in the
 * program and on the wire, or are field codecs (`Syntax.field`).
 *
 * **Gotchas**
 *
 * A Schema made out of a codec (`Schema.decodeTo`, `Schema.Union`) is no codec any more; `fromSchema` makes one of it.
 */
export interface Codec<in out M, in out F extends string | Uint8Array = string> extends Schema.Codec<M, F> {
  readonly Rebuild: Codec<M, F>
  /** The message of a frame, or what is wrong with the frame. Never throws because of what the frame says. */
  readonly decodeFrame: (frame: F) => M | Malformed
  /** The frame of a message. Throws a `SchemaError` for what is no message of the protocol. */
  readonly encodeFrame: (message: M) => F
  /** See `Syntax.payloadLength`. */
  readonly payloadLength: (line: string) => number | undefined
}

/** Whether this Schema is a codec, and not an ordinary Schema. */
export const isCodec = <M, F extends string | Uint8Array>(
  schema: Schema.Codec<M, F>
): schema is Codec<M, F> => "decodeFrame" in schema && "encodeFrame" in schema

/** Makes a codec of any Schema of tagged messages, such as one that is written by hand; a codec stays as it is. */
export const fromSchema = <M extends { readonly _tag: string }, F extends string | Uint8Array>(
  schema: Schema.Codec<M, F>
): Codec<M, F> => (isCodec(schema) ? schema : makeCodec(schema.ast, slowPath(schema.ast)))

/**
 * How long a payload in bytes each line announces, for `Framing.lines`; `undefined` for a line that announces none. It
 * looks at the keyword, the number of fields and the length, and at no other field.
 *
 * ```ts
 * Framing.lines({ maxLength: 2048, payload: { length: Syntax.payloadLength(Request), maxLength: 1_048_576 } })
 * ```
 */
export const payloadLength = <M, F extends string | Uint8Array>(
  codec: Codec<M, F>
): ((line: string) => number | undefined) => codec.payloadLength

/** What a syntax adds to its Schema. */
export interface FastPath<M, F> {
  /** Nothing where the Schema has to be asked: for all that fails, so that one place says why. */
  readonly decode: (frame: F) => M | undefined
  readonly encode: (message: M) => F | undefined
  /** What is wrong with a frame that fails to decode with this error. */
  readonly reasonOf: (frame: F, error: Schema.SchemaError) => MalformedReason
  readonly payloadLength?: ((line: string) => number | undefined) | undefined
}

/** A Schema with its fast path, as a codec. */
export const makeCodec = <M, F extends string | Uint8Array>(
  ast: SchemaAST.AST,
  fast: FastPath<M, F>
): Codec<M, F> => {
  SchemaJITCompiler.enable(ast)
  const schema = Schema.make<Schema.Codec<M, F>>(ast)
  const decode = Schema.decodeSync(schema)
  const encode = Schema.encodeSync(schema)
  const { payloadLength = () => undefined } = fast
  return Schema.make<Codec<M, F>>(ast, {
    decodeFrame: (frame: F): M | Malformed => {
      const message = fast.decode(frame)
      if (message !== undefined) return message
      try {
        return decode(frame)
      } catch (error) {
        if (!Schema.isSchemaError(error)) throw error
        return new Malformed({ frame, reason: fast.reasonOf(frame, error), error })
      }
    },
    encodeFrame: (message: M): F => fast.encode(message) ?? encode(message),
    payloadLength,
    // With a check or another encoding, the fast path would give what the Schema does not.
    rebuild: (to: SchemaAST.AST) =>
      makeCodec<M, F>(
        to,
        to.checks === ast.checks && to.encoding === ast.encoding
          ? fast
          : { ...slowPath<M, F>(to), payloadLength }
      )
  })
}

const slowPath = <M, F>(ast: SchemaAST.AST): FastPath<M, F> => ({
  decode: () => undefined,
  encode: () => undefined,
  reasonOf: (_, error) => {
    const { path, problem } = firstProblem(error, ast)
    const message = path.length === 0 ? undefined : tagOf(ast)
    return message === undefined
      ? { _tag: "Unreadable", problem: [...path, problem].join(": ") }
      : { _tag: "InvalidField", message, field: path.join("."), problem }
  }
})

/** The tag of the one message that this Schema describes. */
export const tagOf = (ast: SchemaAST.AST): string | undefined => {
  if (ast._tag === "Union") return ast.types.length === 1 ? tagOf(ast.types[0]!) : undefined
  if (ast._tag !== "Objects") return undefined
  const type = ast.propertySignatures.find(({ name }) => name === "_tag")?.type
  return type?._tag === "Literal" ? String(type.literal) : undefined
}
