import { Schema } from "effect"
import * as Message from "../Message.ts"
import type { Codec } from "./codec.ts"
import type { MalformedReason } from "./malformed.ts"
import { codecOf, type MessageOf, type Notation, writable } from "./messages.ts"

const colonFree = {
  accepts: (text: string) => !/[:\n]/.test(text) && text.isWellFormed(),
  expected: "text without colons and line feeds"
}

/** What can stand between two colons: any characters but a colon and LF; it may be empty. There is no escape. */
export const ColonFree = Schema.String.check(
  Schema.makeFilter(colonFree.accepts, {
    expected: colonFree.expected,
    arbitraryConstraint: { patterns: [{ source: "^[^:\\n\\ud800-\\udfff]*$", flags: "u" }] }
  })
)

/** One group of a list: keys and values. */
type Group = Readonly<Record<string, string>>

/** What is read off a line: the tag of the message, and its fields by name. */
interface Parts {
  readonly _tag: string
  readonly [field: string]: string | ReadonlyArray<string> | ReadonlyArray<Group> | undefined
}

/** Its fields encode to strings, optional strings, arrays of strings, and arrays of groups of strings. */
type ColonMessage = MessageOf<Parts>

/**
 * Colon pairs: a keyword of one or more words, and after it `KEY=VALUE` pairs, all joined by colons, in any order, each
 * key at most once. The first `=` of a part ends its key. Encoding keeps the order of the fields.
 *
 * **Details**
 *
 * The keys are the names of the fields in capitals; optional ones may be left out. A field that encodes to an array of
 * strings takes any number of them, with keys that are numbered from 1 without a gap: `PARAM1`, `PARAM2`.
 *
 * One message may have the empty keyword and a single field that encodes to an array of groups: a list. Its line is
 * the groups' pairs, one group after another, each in the order of its fields.
 *
 * **Gotchas**
 *
 * Fields should encode to `ColonFree` text. Others can be read, and fail to be written where they hold anything else.
 */
export const colonPairs = <const Messages extends ReadonlyArray<ColonMessage>>(
  messages: Messages
): Codec<Messages[number]["Type"]> =>
  codecOf<Messages, string, Parts>(messages, notation(messages.map(makeLayout)), {
    frame: Schema.String,
    isExact: true
  })

interface Layout {
  readonly tag: string
  readonly keyword: string
  /** The fields in their order, with their keys. */
  readonly fields: ReadonlyArray<Message.Field & { readonly key: string }>
  /** The fields that stand once, by key. */
  readonly single: ReadonlyMap<string, Message.Field>
  readonly required: number
  readonly numbered: { readonly name: string; readonly key: string } | undefined
  readonly tooFew: MalformedReason
  readonly tooMany: MalformedReason
  readonly list: { readonly name: string; readonly group: ReadonlyArray<string> } | undefined
}

const makeLayout = (message: Message.Any): Layout => {
  const tag = Message.tagOf(message)
  const keyword = Message.keywordOf(message)
  const fields = Message.fieldsOf(message).map((field) => ({ ...field, key: field.name.toUpperCase() }))
  const single = fields.filter(({ presence }) => presence === "required" || presence === "optional")
  const numbered = fields.filter(({ presence }) => presence === "repeated")
  const lists = fields.filter(({ presence }) => presence === "grouped")
  if (numbered.length > 1) {
    throw new Error(`Syntax.colonPairs: in the message ${tag}, only one field can be numbered`)
  }
  if ((keyword === "") !== lists.length > 0 || (lists.length > 0 && fields.length > 1)) {
    throw new Error(
      `Syntax.colonPairs: in the message ${tag}, groups need the empty keyword and no field beside`
    )
  }
  return {
    tag,
    keyword,
    fields,
    single: new Map(single.map((field) => [field.key, field])),
    required: single.filter(({ presence }) => presence === "required").length,
    numbered: numbered[0],
    tooFew: { _tag: "TooFewFields", message: tag, keyword },
    tooMany: { _tag: "TooManyFields", message: tag, keyword },
    list: lists[0] && { name: lists[0].name, group: lists[0].group! }
  }
}

const notation = (layouts: ReadonlyArray<Layout>): Notation<string, Parts> => {
  const byKeyword = new Map(layouts.map((layout) => [layout.keyword, layout]))
  const byTag = new Map(layouts.map((layout) => [layout.tag, layout]))
  if (byKeyword.size < layouts.length || byTag.size < layouts.length) {
    throw new Error("Syntax.colonPairs: two messages have the same tag or keyword")
  }
  const list = byKeyword.get("")

  const read = (line: string): Parts | MalformedReason => {
    const end = line.indexOf(":")
    const keyword = end < 0 ? line : line.slice(0, end)
    const layout = byKeyword.get(keyword)
    if (layout === undefined || layout.list !== undefined) {
      return (list && readGroups(list, line)) ?? { _tag: "UnknownMessage", keyword }
    }
    return readPairs(layout, line, end)
  }

  const write = (parts: Parts): string => {
    const layout = byTag.get(parts._tag)!
    let line = layout.keyword
    for (const { group, key, name } of layout.fields) {
      const value = parts[name]
      const text = (part: unknown) => writable(colonFree, part, name, parts._tag)
      if (typeof value === "string") line += `:${key}=${text(value)}`
      else if (group !== undefined) line += writeGroups(group, value as ReadonlyArray<Group>, text)
      else if (value !== undefined) line += writeNumbered(key, value as ReadonlyArray<string>, text)
    }
    return line
  }

  return { read, write }
}

const notAPair: MalformedReason = { _tag: "Unreadable", problem: "Expected KEY=VALUE joined by colons" }

/** The message of this layout whose pairs begin at a colon; -1 for no pairs. */
const readPairs = (
  { numbered, required, single, tag, tooFew, tooMany }: Layout,
  line: string,
  from: number
): Parts | MalformedReason => {
  const parts: Record<string, string | ReadonlyArray<string>> = { _tag: tag }
  const values: Array<string> = []
  let missing = required
  let count = 0
  for (let colon = from; colon >= 0;) {
    const start = colon + 1
    colon = line.indexOf(":", start)
    const end = colon < 0 ? line.length : colon
    const equals = line.indexOf("=", start)
    if (equals < 0 || equals >= end) return notAPair
    const key = line.slice(start, equals)
    const value = line.slice(equals + 1, end)
    const field = single.get(key)
    if (field !== undefined) {
      if (Object.hasOwn(parts, field.name)) return tooMany
      parts[field.name] = value
      if (field.presence === "required") missing--
    } else {
      const index = numbered === undefined ? -1 : indexOf(numbered.key, key, line.length)
      if (index < 0 || values[index] !== undefined) return tooMany
      values[index] = value
      count++
    }
  }
  if (missing > 0 || values.length > count) return tooFew
  if (numbered !== undefined) parts[numbered.name] = values
  return parts as Parts & typeof parts
}

/** The place, from 0, of the value with this key; -1 where the key is not numbered so. */
const indexOf = (prefix: string, key: string, most: number): number => {
  if (!key.startsWith(prefix)) return -1
  const digits = key.slice(prefix.length)
  if (!/^[1-9]\d*$/.test(digits)) return -1
  const number = Number(digits)
  return number <= most ? number - 1 : -1
}

const readGroups = ({ list, tag }: Layout, line: string): Parts | undefined => {
  const { group, name } = list!
  const parts = line === "" ? [] : line.split(":")
  if (parts.length % group.length !== 0) return undefined
  const groups: Array<Group> = []
  for (let at = 0; at < parts.length; at += group.length) {
    const fields: Record<string, string> = {}
    for (const [index, field] of group.entries()) {
      const part = parts[at + index]!
      const prefix = `${field.toUpperCase()}=`
      if (!part.startsWith(prefix)) return undefined
      fields[field] = part.slice(prefix.length)
    }
    groups.push(fields)
  }
  return { _tag: tag, [name]: groups }
}

type Write = (part: unknown) => string

const writeGroups = (group: ReadonlyArray<string>, groups: ReadonlyArray<Group>, text: Write): string =>
  groups.flatMap((fields) => group.map((field) => `${field.toUpperCase()}=${text(fields[field])}`)).join(":")

const writeNumbered = (key: string, values: ReadonlyArray<string>, text: Write): string => {
  let pairs = ""
  for (let index = 0; index < values.length; index++) pairs += `:${key}${index + 1}=${text(values[index])}`
  return pairs
}
