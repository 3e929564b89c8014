/**
 * A syntax is the concrete way in which messages are written on a line: one Schema transformation between a line and
 * the parts of a message, shared by the protocols that write alike.
 *
 * Parts are a record of strings, the message's tag under `_tag`. From a list of messages a syntax makes the codec of
 * their union, `Schema.Codec<Message, string>`: the line is taken apart once, looked up by its keyword, and handed to
 * the message's own Schema. A line that is no message of the list fails to decode.
 *
 * There is one syntax so far, escaped words: `path /a\ b data`.
 *
 * Pure: imports only `effect`.
 */
import { Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import * as Message from "./Message.ts"

/**
 * A string that a line of text can carry in any syntax: no NUL, and no half of a surrogate pair, which UTF-8 cannot
 * say. It may be empty, and hold spaces and line feeds: the syntax escapes them.
 */
export const Word = Schema.String.check(
  Schema.makeFilter((text: string) => !text.includes("\0") && text.isWellFormed(), {
    expected: "text without NUL or lone surrogates",
    arbitrary: { constraint: { patterns: ["^(?:[^\\0\\ud800-\\udfff])*$"] } }
  })
)

/** What a syntax reads off a line: the tag of the message, and its fields by name. */
export interface Parts {
  readonly _tag: string
  readonly [field: string]: string | ReadonlyArray<string>
}

/** A message that a line can carry: its fields encode to strings, optional strings, and one to an array of strings. */
export interface TextMessage extends Message.Any {
  readonly Encoded: {
    readonly _tag: string
    readonly [field: string]: string | ReadonlyArray<string> | undefined
  }
}

/**
 * Escaped words: one SPACE separates the words of a line, two SPACEs enclose an empty one. A backslash before SPACE,
 * LF or backslash takes away its meaning; before anything else it stands for itself. Encoding escapes the three
 * always.
 *
 * **Details**
 *
 * A message is its keyword and then its fields by position. Optional fields come after the required ones, and one
 * repeated field may come last; a list of messages that has it otherwise, or one keyword twice, is a defect when the
 * codec is made.
 *
 * Use it with `Framing.lines({ escape: "\\", ... })`, so that an escaped LF does not end the line.
 */
export const words = <const Messages extends ReadonlyArray<TextMessage>>(
  messages: Messages
): Schema.Codec<Messages[number]["Type"], string> => {
  const layouts = messages.map(makeLayout)
  const byTag = new Map(layouts.map((layout) => [layout.tag, layout]))
  // By the length of the first word: to compare it with one or two is quicker than to look it up. The longest keywords
  // come first, so that "string id" is tried before a "string".
  const byLength: Array<Array<Layout>> = []
  for (const layout of layouts.toSorted((a, b) => b.keyword.length - a.keyword.length)) {
    ;(byLength[layout.keyword[0]!.length] ??= []).push(layout)
  }
  if (byTag.size < layouts.length || new Set(layouts.map(({ head }) => head)).size < layouts.length) {
    throw new Error("Syntax.words: two messages have the same tag or keyword")
  }

  const decode = (line: string): Parts | undefined => {
    const words = splitWords(line)
    const candidates = words && byLength[words[0]!.length]
    if (candidates === undefined) return undefined
    for (const layout of candidates) if (startsWith(words!, layout.keyword)) return readFields(layout, words!)
    return undefined
  }

  const encode = (parts: Parts): string => {
    const layout = byTag.get(parts._tag)!
    let line = layout.head
    for (const { name } of layout.fields) {
      const value = parts[name]
      if (typeof value === "string") line += " " + escapeWord(value)
      else if (value !== undefined) for (const word of value) line += " " + escapeWord(word)
    }
    return line
  }

  const is = (value: unknown): value is Parts =>
    typeof value === "object" && value !== null && byTag.get((value as Parts)._tag)?.is(value) === true

  const union: Schema.Codec<Messages[number]["Type"], Parts> = Schema.Union(messages) as never
  const codec = Schema.String.pipe(
    Schema.decodeTo(union, {
      decode: SchemaGetter.transformEffect((line: string) => {
        const parts = decode(line)
        return parts === undefined ? unknownMessage : Effect.succeed(parts)
      }),
      encode: SchemaGetter.transform(encode)
    })
  )
  SchemaJITCompiler.enable(codec.ast)
  if (Schema.toType(union).ast === union.ast) {
    shortcuts.set(codec, {
      decode: (line) => {
        const parts = decode(line)
        return parts !== undefined && is(parts) ? parts : undefined
      },
      encode: (message) => (is(message) ? encode(message) : undefined)
    })
  }
  return codec
}

/**
 * A codec without the detour over effects and diagnostics. It answers nothing where the codec itself has to be asked:
 * for all that fails, so that there is one place that says why.
 */
export interface Shortcut {
  readonly decode: (line: string) => unknown
  readonly encode: (message: unknown) => string | undefined
}

const shortcuts = new WeakMap<Schema.Constraint, Shortcut>()

/**
 * The shortcut of a codec that a syntax has made. There is one where the messages transform nothing: to take a line
 * apart and to check the parts is then all there is to decoding.
 */
export const shortcutOf = (codec: Schema.Constraint): Shortcut | undefined => shortcuts.get(codec)

const unknownMessage = Effect.fail(
  new SchemaIssue.InvalidValue({ message: "an unknown message or a wrong number of fields" })
)

interface Layout {
  readonly tag: string
  /** The words of the keyword, and the same as they stand on the line. */
  readonly keyword: ReadonlyArray<string>
  readonly head: string
  readonly fields: ReadonlyArray<Message.Field>
  readonly required: number
  readonly repeated: boolean
  /** Whether a value is such a message. */
  readonly is: (value: unknown) => boolean
}

const makeLayout = (message: Message.Any): Layout => {
  const fields = Message.fieldsOf(message)
  const order = { required: 0, optional: 1, repeated: 2 }
  const misplaced = fields.some(
    ({ presence }, i) =>
      i > 0 && (order[presence] < order[fields[i - 1]!.presence] || fields[i - 1]!.presence === "repeated")
  )
  if (misplaced) {
    throw new Error(
      `Syntax.words: in the message ${Message.tagOf(message)}, required fields come first, then optional ones, then one repeated`
    )
  }
  SchemaJITCompiler.enable(message.ast)
  return {
    tag: Message.tagOf(message),
    keyword: Message.keywordOf(message).split(" "),
    head: Message.keywordOf(message),
    fields,
    required: fields.filter(({ presence }) => presence === "required").length,
    repeated: fields.at(-1)?.presence === "repeated",
    is: Schema.is(message)
  }
}

const startsWith = (parts: ReadonlyArray<string>, keyword: ReadonlyArray<string>): boolean => {
  for (let i = 0; i < keyword.length; i++) if (parts[i] !== keyword[i]) return false
  return true
}

const readFields = (layout: Layout, parts: ReadonlyArray<string>): Parts | undefined => {
  const { fields, required, repeated } = layout
  const from = layout.keyword.length
  const count = parts.length - from
  const single = repeated ? fields.length - 1 : fields.length
  if (count < required || (!repeated && count > single)) return undefined
  const record: Record<string, string | ReadonlyArray<string>> = { _tag: layout.tag }
  for (let i = 0; i < single && i < count; i++) record[fields[i]!.name] = parts[from + i]!
  if (repeated) record[fields[single]!.name] = parts.slice(from + single)
  return record as Parts & typeof record
}

/** The words of a line; nothing when it holds a bare LF, for then it is two lines. */
const splitWords = (line: string): ReadonlyArray<string> | undefined => {
  if (!line.includes("\\")) return line.includes("\n") ? undefined : splitPlain(line)
  const parts: Array<string> = []
  let word = ""
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!
    const next = line[i + 1]
    if (char === "\\" && (next === " " || next === "\n" || next === "\\")) {
      word += next
      i++
    } else if (char === " ") {
      parts.push(word)
      word = ""
    } else if (char === "\n") {
      return undefined
    } else {
      word += char
    }
  }
  parts.push(word)
  return parts
}

/** `split(" ")`, which is slower for the few words of a line. */
const splitPlain = (line: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let start = 0
  for (let end = line.indexOf(" "); end >= 0; end = line.indexOf(" ", start)) {
    parts.push(line.slice(start, end))
    start = end + 1
  }
  parts.push(start === 0 ? line : line.slice(start))
  return parts
}

const escapeWord = (word: string): string => (special.test(word) ? word.replace(specials, "\\$&") : word)

const special = /[ \n\\]/
const specials = /[ \n\\]/g
