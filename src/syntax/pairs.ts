import { Schema } from "effect"
import * as Message from "../Message.ts"
import type { Codec } from "./codec.ts"
import { isReason, type MalformedReason } from "./malformed.ts"
import { codecOf, type Notation, type Parts, type TextMessage, writable } from "./messages.ts"

const quotable = {
  accepts: (text: string) => text !== "" && !/["\n]/.test(text) && text.isWellFormed(),
  expected: "text of at least one character, without quotes and line feeds"
}

/** What can stand between two quotes: one or more characters other than a quote and LF; there is no escape. */
export const Quotable = Schema.String.check(
  Schema.makeFilter(quotable.accepts, {
    expected: quotable.expected,
    arbitraryConstraint: { patterns: [{ source: '^[^"\\n\\ud800-\\udfff]+$', flags: "u" }] }
  })
)

/**
 * Quoted pairs: a verb, and after a space `key="value"` joined by `::`, in any order, each key at most once. Encoding
 * keeps the order of the fields.
 *
 * **Details**
 *
 * The verb is the message's keyword, the keys are the names of its fields; optional ones may be left out. With
 * `bare`, messages of a single field may be written with its value alone, with or without the quotes (`id 5`,
 * `id "5"`, `id id="5"`), and are encoded bare.
 *
 * **Gotchas**
 *
 * Fields should encode to `Quotable` text. Others can be read, and fail to be written where they hold anything else.
 */
export const pairs = <const Messages extends ReadonlyArray<TextMessage>>(
  messages: Messages,
  options: { readonly bare?: ReadonlyArray<Messages[number]["Type"]["_tag"]> } = {}
): Codec<Messages[number]["Type"]> => {
  const layouts = messages.map((message) => makeLayout(message, options.bare ?? []))
  return codecOf(messages, notation(layouts), { frame: Schema.String, isExact: true })
}

interface Layout {
  readonly tag: string
  readonly keyword: string
  readonly fields: ReadonlyMap<string, Message.Field>
  readonly required: number
  /** The name of the field whose value may stand alone. */
  readonly bare: string | undefined
  readonly tooFew: MalformedReason
  readonly tooMany: MalformedReason
}

const makeLayout = (message: Message.Any, bare: ReadonlyArray<string>): Layout => {
  const fields = Message.fieldsOf(message)
  const tag = Message.tagOf(message)
  const keyword = Message.keywordOf(message)
  if (fields.some(({ presence }) => presence === "repeated" || presence === "grouped")) {
    throw new Error(`Syntax.pairs: in the message ${tag}, a key stands once, so no field may be repeated`)
  }
  if (bare.includes(tag) && fields.length !== 1) {
    throw new Error(`Syntax.pairs: the message ${tag} can be bare only with a single field`)
  }
  return {
    tag,
    keyword,
    fields: new Map(fields.map((field) => [field.name, field])),
    required: fields.filter(({ presence }) => presence === "required").length,
    bare: bare.includes(tag) ? fields[0]!.name : undefined,
    tooFew: { _tag: "TooFewFields", message: tag, keyword },
    tooMany: { _tag: "TooManyFields", message: tag, keyword }
  }
}

const notation = (layouts: ReadonlyArray<Layout>): Notation<string> => {
  const byKeyword = new Map(layouts.map((layout) => [layout.keyword, layout]))
  const byTag = new Map(layouts.map((layout) => [layout.tag, layout]))
  if (byKeyword.size < layouts.length || byTag.size < layouts.length) {
    throw new Error("Syntax.pairs: two messages have the same tag or keyword")
  }

  const read = (line: string): Parts | MalformedReason => {
    const space = line.indexOf(" ")
    const keyword = space < 0 ? line : line.slice(0, space)
    const layout = byKeyword.get(keyword)
    if (layout === undefined) return { _tag: "UnknownMessage", keyword }
    if (space < 0) return layout.required === 0 ? { _tag: layout.tag } : layout.tooFew
    const parts = readPairs(layout, line, space + 1)
    return layout.bare !== undefined && isReason(parts)
      ? readBare(layout.tag, layout.bare, line.slice(space + 1))
      : parts
  }

  const write = (parts: Parts): string => {
    const { bare, fields, keyword } = byTag.get(parts._tag)!
    if (bare !== undefined) return `${keyword} ${writable(quotable, parts[bare], bare, parts._tag)}`
    let line = keyword
    for (const name of fields.keys()) {
      if (parts[name] === undefined) continue
      line += `${line === keyword ? " " : "::"}${name}="${writable(quotable, parts[name], name, parts._tag)}"`
    }
    return line
  }

  return { read, write }
}

const readPairs = (
  { fields, required, tag, tooFew, tooMany }: Layout,
  line: string,
  from: number
): Parts | MalformedReason => {
  const parts: Record<string, string> = { _tag: tag }
  let missing = required
  for (let at = from; ; at += 2) {
    const opening = line.indexOf('="', at)
    const closing = opening < 0 ? -1 : line.indexOf('"', opening + 2)
    if (closing < 0) return notPairs
    const field = fields.get(line.slice(at, opening))
    if (field === undefined || Object.hasOwn(parts, field.name)) return tooMany
    parts[field.name] = line.slice(opening + 2, closing)
    if (field.presence === "required") missing--
    at = closing + 1
    if (at === line.length) return missing === 0 ? (parts as Parts & typeof parts) : tooFew
    if (!line.startsWith("::", at)) return notPairs
  }
}

const notPairs: MalformedReason = { _tag: "Unreadable", problem: 'Expected key="value" joined by ::' }

const readBare = (tag: string, bare: string, text: string): Parts => {
  const value = text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
  return { _tag: tag, [bare]: value }
}
