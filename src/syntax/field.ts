/**
 * Field codecs: fields whose values differ in the program and on the wire, and which the fast path of a codec can read
 * and write.
 */
import { Effect, Schema, type SchemaAST, SchemaGetter, SchemaIssue, SchemaTransformation } from "effect"

/**
 * The two directions of a field. Each returns nothing for what has no place on the other side.
 */
export interface FieldCodec {
  readonly read: (encoded: unknown) => unknown
  readonly write: (value: unknown) => unknown
}

/**
 * Defines a field codec: a Schema between the text of a field and its value. `read` and `write` return `undefined` for
 * what they have no value or text for; the checks of `schema` apply to whatever is read and written.
 *
 * **When to use**
 *
 * For fields that are not text in the program. Any Schema that encodes to a string can be a field; messages with a field
 * codec decode several times faster.
 *
 * **Example**
 *
 * ```ts
 * const Hex = Syntax.field({
 *   schema: Schema.Int,
 *   expected: "hexadecimal digits",
 *   read: (text) => (/^[0-9a-f]{1,12}$/.test(text) ? Number.parseInt(text, 16) : undefined),
 *   write: (value) => (value < 0 ? undefined : value.toString(16))
 * })
 * ```
 *
 * **Gotchas**
 *
 * `Schema.check` on the result keeps it a field codec; another transformation does not.
 */
export const field = <T, E = string>(options: {
  /** The values in the program. */
  readonly schema: Schema.Codec<T, unknown>
  /** The values on the wire; text unless given. */
  readonly encoded?: Schema.Codec<E, unknown>
  /** What the encoded value must be, for the error `Expected ...`. */
  readonly expected: string
  readonly read: (encoded: NoInfer<E>) => NoInfer<T> | undefined
  readonly write: (value: NoInfer<T>) => NoInfer<E> | undefined
}): Schema.Codec<T, E> => {
  const { expected, read, schema, write } = options
  const encoded: Schema.Codec<E, unknown> = options.encoded ?? (Schema.String as Schema.Codec<never, never>)
  const failure = Effect.fail(new SchemaIssue.InvalidValue({ message: `Expected ${expected}` }))
  const orFail = <A>(value: A | undefined) => (value === undefined ? failure : Effect.succeed(value))
  const transformation = new SchemaTransformation.Transformation<T, E>(
    SchemaGetter.transformEffect((text: E) => orFail(read(text))),
    SchemaGetter.transformEffect((value: T) => orFail(write(value)))
  )
  // Most fields are text, and the quickest guard is the narrowest.
  const isText = encoded.ast._tag === "String" && encoded.ast.checks === undefined
  const isEncoded = isText
    ? (value: unknown): value is E => typeof value === "string"
    : Schema.is(Schema.toType(encoded))
  const codec: AnnotatedCodec = {
    transformation,
    read: (value) => (isEncoded(value) ? read(value) : undefined),
    write: (value) => write(value as T)
  }
  return Schema.toType(encoded)
    .annotate({ [codecAnnotation]: codec })
    .pipe(Schema.decodeTo(Schema.toType(schema), transformation))
}

interface AnnotatedCodec extends FieldCodec {
  readonly transformation: unknown
}

const codecAnnotation = "wireline/Syntax/field"

/** The field codec that a field is; nothing where the field is not one, or is transformed further. */
export const fieldCodecOf = ({ encoding }: SchemaAST.AST): FieldCodec | undefined => {
  if (encoding === undefined || encoding.length !== 1) return undefined
  const [{ to, transformation }] = encoding
  const codec = annotationOf(to, codecAnnotation) as AnnotatedCodec | undefined
  return codec?.transformation === transformation ? codec : undefined
}

/** An annotation of a Schema, also where checks were added to it afterwards. */
const annotationOf = (ast: SchemaAST.AST, key: string): unknown =>
  ast.annotations?.[key] ??
  ast.checks?.find(({ annotations }) => annotations?.[key] !== undefined)?.annotations?.[key]
