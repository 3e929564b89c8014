/** Bytes and text that are almost messages. */
import { Arbitrary, Schema } from "effect"
import { fromLatin1, toBytes } from "../framing/encoding.ts"

const natural = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

/** Places to cut at. */
export const places = Arbitrary.array(Arbitrary.schema(natural(10_000)), { maxLength: 30 })

/** The largest frame in bytes: rather small, so that some frames are over it. */
export const limit = Arbitrary.schema(Schema.Union([natural(100), Schema.Literal(100_000)]))

/** What means something in one framing or syntax or another, one character a byte. */
const tokens = [
  ...["\n", "\r", "\r\n", "\n\n", "\r\n.\r\n", ".", "..", "\0", " ", "  ", "\t", "\\", "\\\n", "\\\\"],
  ...['"', '""', "'", "=", ":", "::", ",", ";", "/", "{", "}", "{}", "[", "]", "$", "*", "+", "-", "#", "%"],
  ...[
    "0",
    "1",
    "-1",
    "00",
    "1e3",
    "9007199254740993",
    "99999999999999999999",
    "$-1\r\n",
    "*1\r\n$1\r\nx\r\n"
  ],
  ...["null", "true", "__proto__", "constructor", "\\u0000", "\\ud800", "x"],
  // UTF-8 of a character, one that is cut short, and what it never is.
  ...["\u00c3\u00a9", "\u00e2\u0082", "\u0080", "\u00ff", "\u00ed\u00a0\u0080", "\u00ef\u00bb\u00bf"]
] as const

/** What ends, escapes or separates something. */
const delimiters = ["\n", "\r", "\\", " ", '"', ".", ":", "="] as const

/** The beginning, the end, or any other place modulo the length. */
const Place = Schema.Union([Schema.Literal(0), Schema.Literal(-1), natural(10_000)])

/** At a place, some characters less, and these instead. */
export interface Edit {
  readonly at: number
  readonly remove: number
  readonly insert: string
}

/** Edits of bytes. */
export const edits: Arbitrary.Arbitrary<ReadonlyArray<Edit>> = Arbitrary.array(
  Arbitrary.schema(Schema.Struct({ at: Place, remove: natural(4), insert: Schema.Literals(tokens) })),
  { maxLength: 6 }
)

/** Edits of the texts in a message. */
export const fieldEdits: Arbitrary.Arbitrary<ReadonlyArray<Edit>> = Arbitrary.array(
  Arbitrary.schema(
    Schema.Struct({
      at: Place,
      remove: natural(4),
      insert: Schema.Union([Schema.Literals(delimiters), Schema.Literals(tokens)])
    })
  ),
  { maxLength: 3 }
)

export const editText = (text: string, edits: ReadonlyArray<Edit>): string => {
  let edited = text
  for (const { at, insert, remove } of edits) {
    const place = at < 0 ? edited.length : at % (edited.length + 1)
    edited = edited.slice(0, place) + insert + edited.slice(place + remove)
  }
  return edited
}

export const edit = (bytes: Uint8Array, edits: ReadonlyArray<Edit>): Uint8Array =>
  toBytes(editText(fromLatin1(bytes), edits), "latin1")

/** The same value with one text in it edited by each edit; the tags of messages stay. */
export const editTexts = (value: unknown, edits: ReadonlyArray<Edit>): unknown =>
  edits.reduce((value, edit) => {
    const count = textsIn(value)
    return count === 0 ? value : editNth(value, edit, { left: edit.remove % count })
  }, value)

const textsIn = (value: unknown): number =>
  typeof value === "string"
    ? 1
    : partsOf(value).reduce((sum, [key, part]) => (key === "_tag" ? sum : sum + textsIn(part)), 0)

const editNth = (value: unknown, edit: Edit, counter: { left: number }): unknown => {
  if (typeof value === "string") return counter.left-- === 0 ? editText(value, [edit]) : value
  const parts = partsOf(value).map(([key, part]) => [
    key,
    key === "_tag" ? part : editNth(part, edit, counter)
  ])
  if (Array.isArray(value)) return parts.map(([, part]) => part)
  return parts.length === 0 ? value : Object.fromEntries(parts)
}

/** The parts of a list or a plain object, by their keys. */
const partsOf = (value: unknown): ReadonlyArray<readonly [string, unknown]> => {
  if (typeof value !== "object" || value === null) return []
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  return isPlain ? Object.entries(value) : []
}
