import { Schema } from "effect"
import type { Codec } from "./codec.ts"
import { announcedLength, fieldAt, type Layout, makeLayout, readFields, wordsOf } from "./layout.ts"
import type { MalformedReason } from "./malformed.ts"
import { codecOf, type Parts, type TextMessage, unwritable } from "./messages.ts"

/** How a syntax by position finds the message of a line. */
export interface PositionalOptions {
  /** Whether the letters of a keyword may be of any case. Encoding writes them as they are defined. */
  readonly caseInsensitive?: boolean
  /**
   * `false` for lines without a keyword: there is one message, or the number of their fields tells the messages apart.
   */
  readonly keyword?: boolean
}

/**
 * A syntax of your own for lines of words: a message is its keyword and then its fields by position. You say how the
 * words of a frame are told apart.
 *
 * **Details**
 *
 * - `split`: the words of a frame, or what is wrong with it; `undefined` for a frame that is not in the syntax. With a
 *   `limit` of 1 or more, at most that many words, the last of them the rest of the frame as it stands: it is given where
 *   a message has a `Syntax.rest` field.
 * - `join`: the frame of these words, the keyword's among them; `undefined` where no frame can carry them.
 *
 * Optional fields stand side by side, anywhere; the number of words tells how many of them are there, the first ones
 * first. One repeated field may come last. A list of messages that has it otherwise, or one keyword twice, is a defect
 * when the codec is made.
 *
 * A message with the keyword `""` is read off every line that begins with the keyword of no other (memcached answers
 * `incr` with a bare number).
 *
 * A message that would be read as another, or with other fields, fails to encode.
 *
 * **Example**
 *
 * ```ts
 * const Request = Syntax.positional([Get, Put], {
 *   split: (frame) => frame.split("\t"),
 *   join: (words) => (words.some((word) => word.includes("\t")) ? undefined : words.join("\t"))
 * })
 * ```
 */
export const positional = <const Messages extends ReadonlyArray<TextMessage>>(
  messages: Messages,
  options: PositionalOptions & {
    readonly split: (frame: string, limit: number) => ReadonlyArray<string> | MalformedReason | undefined
    readonly join: (words: ReadonlyArray<string>, tag: string) => string | undefined
  }
): Codec<Messages[number]["Type"]> =>
  layOut("Syntax.positional", messages, options, " ", {
    split: (line, limit) => options.split(line, limit) ?? unreadable,
    join: ({ keyword, tag }, words) => options.join([...keyword, ...words], tag) ?? -1
  })

const unreadable: MalformedReason = { _tag: "Unreadable", problem: "not words" }

/** How words stand on a line. */
export interface Spelling {
  /** With a `limit` of 1 or more, at most that many words, the last of them the rest of the line as it stands. */
  readonly split: (line: string, limit: number) => ReadonlyArray<string> | MalformedReason
  /** The line of a keyword and words, or the index of the word that no line can carry; -1 where it is not known. */
  readonly join: (layout: Layout, words: ReadonlyArray<string>, lastIsRest: boolean) => string | number
}

/** The codec of messages by position. */
export const layOut = <const Messages extends ReadonlyArray<TextMessage>>(
  syntax: string,
  messages: Messages,
  { caseInsensitive = false, keyword: hasKeyword = true }: PositionalOptions,
  separator: string,
  { join, split }: Spelling
): Codec<Messages[number]["Type"]> => {
  const layouts = messages.map((message) => makeLayout(syntax, message, hasKeyword ? separator : undefined))
  if (new Set(layouts.map(({ tag }) => tag)).size < layouts.length)
    throw new Error(`${syntax}: two messages have the same tag or keyword`)
  const find = hasKeyword ? findByKeyword(syntax, layouts, caseInsensitive) : findByCount(syntax, layouts)
  const hasPayload = layouts.some(({ payload }) => payload >= 0)
  // To find a message with a rest, only the words of the keyword are needed, and no others may be looked at.
  const limit = layouts.some(({ hasRest }) => hasRest) ? wordsToFind(layouts) : 0

  const read = (frame: string): Parts | MalformedReason => {
    const end = hasPayload ? frame.indexOf("\n") : -1
    const line = end < 0 ? frame : frame.slice(0, end)
    let words = split(line, limit)
    if (!isWords(words)) return words
    const layout = find(words)
    if (layout === undefined) return { _tag: "UnknownMessage", keyword: words[0] ?? "" }
    if (limit > 0 && hasKeyword) {
      words = split(line, layout.hasRest ? layout.keyword.length + layout.fields.length : 0)
      if (!isWords(words)) return words
    }
    return readFields(layout, words, end < 0 ? undefined : frame.slice(end + 1))
  }

  // With the layouts of longer keywords: what begins with the words of one is read as its message.
  const byTag = new Map(
    layouts.map((layout) => [
      layout.tag,
      {
        layout,
        longer: layouts.filter(
          ({ keyword }) =>
            keyword.length > layout.keyword.length && startsWith(keyword, layout.keyword, caseInsensitive)
        )
      }
    ])
  )
  const emptyIsNone = isEmpty(split("", 0))

  const write = (parts: Parts): string | undefined => {
    const { layout, longer } = byTag.get(parts._tag)!
    const words = wordsOf(layout, parts)
    if (words.length === 0 && layout.keyword.length === 0 && !emptyIsNone) return undefined
    if (longer.length > 0) {
      const all = [...layout.keyword, ...words]
      const other = longer.find(({ keyword }) => startsWith(all, keyword, caseInsensitive))
      if (other !== undefined) {
        throw unwritable(`other words than those of ${other.head}`, fieldAt(layout, parts, 0), layout.tag)
      }
    }
    const lastIsRest = layout.hasRest && words.length === layout.fields.length
    const line = join(layout, words, lastIsRest)
    if (typeof line === "number") {
      if (line < 0) return undefined
      throw unwritable("text that a line can carry in this place", fieldAt(layout, parts, line), layout.tag)
    }
    return layout.payload < 0 ? line : `${line}\n${parts[layout.fields[layout.payload]!.name] as string}`
  }

  const toFind = wordsToFind(layouts)
  const payloadLength = (line: string): number | undefined => {
    const head = split(line, toFind)
    const layout = hasKeyword && isWords(head) ? find(head) : undefined
    // Most lines announce nothing, and their words are split again when they are read.
    if (hasKeyword && (layout === undefined || layout.payload < 0)) return undefined
    const words = split(line, 0)
    const found = layout ?? (isWords(words) ? find(words) : undefined)
    return found !== undefined && isWords(words) ? announcedLength(found, words) : undefined
  }

  return codecOf(
    messages,
    { read, write },
    {
      frame: Schema.String,
      isExact: true,
      ...(hasPayload ? { payloadLength } : {})
    }
  )
}

const isWords = (words: ReadonlyArray<string> | MalformedReason): words is ReadonlyArray<string> =>
  Array.isArray(words)

const isEmpty = (words: ReadonlyArray<string> | MalformedReason): boolean =>
  isWords(words) && words.length === 0

/** How many words it takes to find a message: those of its keyword and the rest; without keywords, all of its fields. */
const wordsToFind = (layouts: ReadonlyArray<Layout>): number =>
  Math.max(
    ...layouts.map(({ fields, keyword }) => (keyword.length === 0 ? fields.length : keyword.length + 1))
  )

const startsWith = (
  words: ReadonlyArray<string>,
  keyword: ReadonlyArray<string>,
  caseInsensitive: boolean,
  from = 0
): boolean => {
  if (words.length < keyword.length) return false
  for (let i = from; i < keyword.length; i++) {
    if (words[i] !== keyword[i] && !(caseInsensitive && sameLetters(words[i]!, keyword[i]!))) return false
  }
  return true
}

/** Whether two words are the same but for the case of their letters. There are others than ASCII's in one case only. */
const sameLetters = (word: string, keyword: string): boolean =>
  word.toLowerCase() === keyword.toLowerCase() && word.toUpperCase() === keyword.toUpperCase()

type Find = (words: ReadonlyArray<string>) => Layout | undefined

const findByKeyword = (syntax: string, layouts: ReadonlyArray<Layout>, caseInsensitive: boolean): Find => {
  const isTwice = layouts.some((layout, i) =>
    layouts.some(
      (other, j) =>
        j < i &&
        other.keyword.length === layout.keyword.length &&
        startsWith(layout.keyword, other.keyword, caseInsensitive)
    )
  )
  if (isTwice) throw new Error(`${syntax}: two messages have the same tag or keyword`)
  // The longest keywords come first, so that "string id" is tried before a "string".
  const sorted = layouts.toSorted((a, b) => b.keyword.length - a.keyword.length)
  // By the length of the first word: to compare it with one or two is quicker than to look it up.
  const byLength: Array<Array<Layout>> = []
  let other: Layout | undefined
  for (const layout of sorted) {
    const [first] = layout.keyword
    if (first === undefined) other = layout
    else (byLength[first.length] ??= []).push(layout)
  }
  const find: Find = (words) => {
    const candidates = words.length === 0 ? undefined : byLength[words[0]!.length]
    if (candidates === undefined) return other
    for (const layout of candidates) if (startsWith(words, layout.keyword, caseInsensitive)) return layout
    return other
  }
  if (!caseInsensitive) return find
  // To compare words of any case is slower than to look up the first one as it is usually written. Under such a spelling
  // are all keywords that it may begin.
  const bySpelling = new Map<string, Array<Layout>>()
  for (const layout of sorted) {
    const [word] = layout.keyword
    if (word === undefined) continue
    for (const spelling of new Set([word.toLowerCase(), word.toUpperCase()])) {
      if (!sameLetters(spelling, word)) continue
      const same = bySpelling.get(spelling)
      if (same === undefined) bySpelling.set(spelling, [layout])
      else same.push(layout)
    }
  }
  return (words) => {
    const candidates = words.length === 0 ? undefined : bySpelling.get(words[0]!)
    if (candidates === undefined) return find(words)
    for (const layout of candidates) if (startsWith(words, layout.keyword, true, 1)) return layout
    return find(words)
  }
}

/** The message of as many words; of too few or too many, the one that is nearest. */
const findByCount = (syntax: string, layouts: ReadonlyArray<Layout>): Find => {
  const sorted = layouts.toSorted((a, b) => a.required - b.required)
  if (sorted.some(({ required }, i) => i > 0 && required <= sorted[i - 1]!.most)) {
    throw new Error(`${syntax}: without a keyword, the number of fields tells the messages apart`)
  }
  if (sorted.length > 1 && sorted.some(({ hasRest }) => hasRest)) {
    throw new Error(`${syntax}: without a keyword, only a single message can have the rest of the line`)
  }
  const first = sorted[0]
  const last = sorted.at(-1)
  return ({ length }) => {
    for (const layout of sorted) if (length >= layout.required && length <= layout.most) return layout
    return first !== undefined && length < first.required
      ? first
      : last !== undefined && length > last.most
        ? last
        : undefined
  }
}
