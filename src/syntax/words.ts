import { Schema } from "effect"
import * as Message from "../Message.ts"
import type { Codec } from "./codec.ts"
import type { MalformedReason } from "./malformed.ts"
import { codecOf, type Notation, type Parts, type TextMessage } from "./messages.ts"

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
): Codec<Messages[number]["Type"]> =>
  codecOf(messages, notation(messages.map(makeLayout)), { frame: Schema.String, isExact: true })

const notation = (layouts: ReadonlyArray<Layout>): Notation<string> => {
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

  const read = (line: string): Parts | MalformedReason => {
    const words = splitWords(line)
    if (words === undefined) return { _tag: "Unreadable", problem: "an LF that no backslash escapes" }
    const candidates = byLength[words[0]!.length]
    if (candidates !== undefined) {
      for (const layout of candidates) if (startsWith(words, layout.keyword)) return readFields(layout, words)
    }
    return { _tag: "UnknownMessage", keyword: words[0]! }
  }

  const write = (parts: Parts): string => {
    const layout = byTag.get(parts._tag)!
    let line = layout.head
    for (const { name } of layout.fields) {
      const value = parts[name]
      if (typeof value === "string") line += " " + escapeWord(value)
      else if (value !== undefined) for (const word of value) line += " " + escapeWord(word)
    }
    return line
  }

  return { read, write }
}

interface Layout {
  readonly tag: string
  /** The words of the keyword, and the same as they stand on the line. */
  readonly keyword: ReadonlyArray<string>
  readonly head: string
  readonly fields: ReadonlyArray<Message.Field>
  readonly required: number
  readonly repeated: boolean
}

const makeLayout = (message: Message.Any): Layout => {
  const fields = Message.fieldsOf(message)
  const order = { required: 0, optional: 1, repeated: 2, grouped: 3 }
  const misplaced = fields.some(
    ({ presence }, i) =>
      presence === "grouped" ||
      (i > 0 && (order[presence] < order[fields[i - 1]!.presence] || fields[i - 1]!.presence === "repeated"))
  )
  if (misplaced) {
    throw new Error(
      `Syntax.words: in the message ${Message.tagOf(message)}, required fields come first, then optional ones, then one repeated`
    )
  }
  return {
    tag: Message.tagOf(message),
    keyword: Message.keywordOf(message).split(" "),
    head: Message.keywordOf(message),
    fields,
    required: fields.filter(({ presence }) => presence === "required").length,
    repeated: fields.at(-1)?.presence === "repeated"
  }
}

const startsWith = (parts: ReadonlyArray<string>, keyword: ReadonlyArray<string>): boolean => {
  for (let i = 0; i < keyword.length; i++) if (parts[i] !== keyword[i]) return false
  return true
}

const readFields = (layout: Layout, parts: ReadonlyArray<string>): Parts | MalformedReason => {
  const { fields, required, repeated } = layout
  const from = layout.keyword.length
  const count = parts.length - from
  const single = repeated ? fields.length - 1 : fields.length
  if (count < required || (!repeated && count > single)) {
    return {
      _tag: count < required ? "TooFewFields" : "TooManyFields",
      message: layout.tag,
      keyword: layout.head
    }
  }
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
