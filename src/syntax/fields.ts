/**
 * Fields that the syntaxes of text offer: words, numbers, bytes, payloads, and the rest of a line.
 */
import { Schema, type SchemaAST } from "effect"
import { field } from "./field.ts"

/**
 * A string without NUL and without halves of surrogate pairs, which UTF-8 cannot encode. It may be empty, and hold
 * spaces and line feeds, which a syntax with escapes or quotes can carry.
 *
 * **Gotchas**
 *
 * In a syntax without them (`escape: "none"`), a value with a separator fails to encode. Exclude it with a check:
 *
 * ```ts
 * const Name = Syntax.Word.check(Schema.isPattern(/^[!-~]+$/))
 * ```
 *
 * `Framing.lines` drops a CR at the end of a line unless `carriageReturn` is `keep`, and so one at the end of a last word.
 */
export const Word = Schema.String.check(
  Schema.makeFilter((text: string) => !text.includes("\0") && text.isWellFormed(), {
    expected: "text without NUL or lone surrogates",
    arbitraryConstraint: { patterns: [{ source: "^[^\\0\\ud800-\\udfff]*$", flags: "u" }] }
  })
)

/** A whole number in decimal digits, with or without a minus, that JavaScript counts exactly. -0 is written as 0. */
export const Integer = field({
  schema: Schema.Int,
  expected: "a whole number in decimal digits",
  read: (text) => (/^-?\d+$/.test(text) ? Number(text) + 0 : undefined),
  write: String
})

/** A whole number of 0 or more in decimal digits, that JavaScript counts exactly. */
export const Unsigned = field({
  schema: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  expected: "decimal digits",
  read: (text) => (/^\d+$/.test(text) ? Number(text) : undefined),
  write: String
})

// Latin1 text has one character a byte, its code the byte. `TextDecoder` does not know this encoding: by "latin1" it means
// windows-1252, in which the bytes from 0x80 to 0x9f are other characters. Long ASCII, which is the same in latin1 and in
// UTF-8, goes through UTF-8 all the same, for that takes a twentieth of the time.
const manyBytes = 100

/** The bytes of a latin1 text; nothing where a character is no byte. */
const bytesOf = (text: string): Uint8Array | undefined => {
  if (text.length > manyBytes) {
    const bytes = encoder.encode(text)
    if (bytes.length === text.length) return bytes
  }
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return undefined
    bytes[i] = code
  }
  return bytes
}

/** The latin1 text of bytes. */
const latin1Of = (bytes: Uint8Array): string => {
  if (bytes.length > manyBytes) {
    // Whatever is not ASCII is shorter in characters than in bytes, or is replaced.
    const text = replacing.decode(bytes)
    if (text.length === bytes.length && !text.includes("\ufffd")) return text
  }
  let text = ""
  for (let at = 0; at < bytes.length; at += mostArguments) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + mostArguments))
  }
  return text
}

/** The arguments of a call are on the stack. */
const mostArguments = 4096

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const replacing = new TextDecoder("utf-8", { ignoreBOM: true })

/** Whether each character is a byte. */
const isLatin1 = (text: string): boolean => !/[^\0-\xff]/.test(text)

/** Whether each character is the same byte in latin1 and in UTF-8. */
const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text)

const latin1 = "latin1 text, one character a byte"

/** Bytes, as latin1 text on the line: for a framing whose encoding is latin1. */
export const Bytes = field({
  schema: Schema.Uint8Array,
  expected: latin1,
  read: bytesOf,
  write: latin1Of
})

const placeAnnotation = "wireline/Syntax/place"

/** A field that is not a word of the line: the payload that follows the line, or all that is left of the line. */
export type Place = "payload" | "rest"

/** The place that a field asks for. */
export const placeOf = (ast: SchemaAST.AST): Place | undefined =>
  (ast.annotations?.[placeAnnotation] ??
    ast.checks?.find(({ annotations }) => annotations?.[placeAnnotation] !== undefined)?.annotations?.[
      placeAnnotation
    ] ??
    ast.encoding?.map(({ to }) => placeOf(to)).find((place) => place !== undefined)) as Place | undefined

const payload = Schema.String.annotate({ [placeAnnotation]: "payload" })

/**
 * The payload of a frame, as bytes. On the line the field's place holds the length of the payload in bytes; the frame is
 * the line, one LF, and the payload: `set k 0 0 5\nhello`.
 *
 * **Details**
 *
 * `Framing.lines` cuts such frames with the option `payload` and `Syntax.payloadLength`, in latin1. A message has one
 * payload at most, and its syntax has no `escape`.
 *
 * Where the line announces two lengths, as HPUB of NATS does, the payload is as long as the last of them says; the other
 * is an `Unsigned` field.
 */
export const Payload = field({
  schema: Schema.Uint8Array,
  encoded: payload,
  expected: latin1,
  read: bytesOf,
  write: latin1Of
})

/** A payload as latin1 text, one character a byte: nothing is copied. */
export const PayloadText = payload.check(
  Schema.makeFilter(isLatin1, {
    expected: latin1,
    arbitraryConstraint: { patterns: [{ source: "^[\\0-\\xff]*$", flags: "" }] }
  })
)

/** A payload that is UTF-8, as text. */
export const PayloadUtf8 = field({
  schema: Schema.String.check(
    Schema.makeFilter((text: string) => text.isWellFormed(), {
      expected: "text without lone surrogates",
      arbitraryConstraint: { patterns: [{ source: "^[^\\ud800-\\udfff]*$", flags: "u" }] }
    })
  ),
  encoded: payload,
  expected: "UTF-8",
  read: (text) => {
    if (isAscii(text)) return text
    const bytes = bytesOf(text)
    try {
      return bytes && decoder.decode(bytes)
    } catch {
      return undefined
    }
  },
  write: (text) => (isAscii(text) ? text : latin1Of(encoder.encode(text)))
})

/**
 * Makes a field take the rest of the line, its separators included, as it stands: neither quotes nor escapes are
 * resolved. It is the last field of its message, and all before it are required.
 */
export const rest = <S extends Schema.Top>(schema: S): S["Rebuild"] =>
  schema.annotate({ [placeAnnotation]: "rest" })

/**
 * The rest of the line: `MAIL FROM:<a@b> SIZE=5` is `{ parameters: "FROM:<a@b> SIZE=5" }`. See `rest`, which takes a Schema
 * that excludes LF, and a CR at the end, where a message must not fail to encode or change.
 */
export const Rest = rest(
  Schema.String.check(
    Schema.makeFilter((text: string) => !/[\0\n]/.test(text) && text.isWellFormed(), {
      expected: "text without NUL, line feeds or lone surrogates",
      arbitraryConstraint: { patterns: [{ source: "^[^\\0\\n\\ud800-\\udfff]*$", flags: "u" }] }
    })
  )
)
