/**
 * The layout of a message on a line: its keyword, and its fields by position.
 */
import * as Message from "../Message.ts"
import { type Place, placeOf } from "./fields.ts"
import type { MalformedReason } from "./malformed.ts"
import { type Parts, unwritable } from "./messages.ts"

export interface Layout {
  readonly tag: string
  /** The words of the keyword, and the same as they stand on the line. */
  readonly keyword: ReadonlyArray<string>
  readonly head: string
  readonly fields: ReadonlyArray<Message.Field>
  /** How many words stand after the keyword, at least and at most. */
  readonly required: number
  readonly most: number
  /** The index of the field whose place holds the length of the payload; -1 for none. */
  readonly payload: number
  /** Whether the last field takes the rest of the line. */
  readonly hasRest: boolean
  readonly tooFew: MalformedReason
  readonly tooMany: MalformedReason
}

/** Lays out a message; `separator` is what stands between the words of a keyword, and nothing where there is none. */
export const makeLayout = (syntax: string, message: Message.Any, separator: string | undefined): Layout => {
  const tag = Message.tagOf(message)
  const head = separator === undefined ? "" : Message.keywordOf(message)
  const fields = Message.fieldsOf(message)
  const refuse = (problem: string): never => {
    throw new Error(`${syntax}: in the message ${tag}, ${problem}`)
  }
  const isRun = fields
    .map(({ presence }) => presence === "optional")
    .every((optional, i, all) => !optional || all[i - 1] === true || !all.slice(0, i).includes(true))
  if (!isRun || fields.some(({ presence }) => presence === "grouped")) {
    refuse("fields are words, and the optional ones stand side by side")
  }
  if (fields.slice(0, -1).some(({ presence }) => presence === "repeated")) {
    refuse("only the last field can be repeated")
  }
  const places = placesOf(message)
  const payloads = fields.flatMap(({ name, presence }, i) =>
    places.get(name) === "payload" ? [{ i, presence }] : []
  )
  if (payloads.length > 1 || payloads.some(({ presence }) => presence !== "required")) {
    refuse("there is one payload at most, and it is required")
  }
  const hasRest = fields.some(({ name }) => places.get(name) === "rest")
  if (
    hasRest &&
    (places.get(fields.at(-1)!.name) !== "rest" ||
      fields.at(-1)!.presence === "repeated" ||
      fields
        .slice(0, -1)
        .some(({ name, presence }) => presence !== "required" || places.get(name) === "rest"))
  ) {
    refuse("the rest of the line comes last, after required fields")
  }
  return {
    tag,
    keyword: separator === undefined || head === "" ? [] : head.split(separator),
    head,
    fields,
    required: fields.filter(({ presence }) => presence === "required").length,
    most: fields.at(-1)?.presence === "repeated" ? Infinity : fields.length,
    payload: payloads[0]?.i ?? -1,
    hasRest,
    tooFew: { _tag: "TooFewFields", message: tag, keyword: head },
    tooMany: { _tag: "TooManyFields", message: tag, keyword: head }
  }
}

const placesOf = ({ ast }: Message.Any): ReadonlyMap<string, Place | undefined> =>
  new Map(ast.propertySignatures.map(({ name, type }) => [String(name), placeOf(type)]))

/** The parts of a message from the words of its line; optional fields are filled from the first on. */
export const readFields = (
  layout: Layout,
  words: ReadonlyArray<string>,
  payload: string | undefined
): Parts | MalformedReason => {
  const { fields, required } = layout
  let at = layout.keyword.length
  const count = words.length - at
  if (count < required) return layout.tooFew
  if (count > layout.most) return layout.tooMany
  let optional = count - required
  const parts: Record<string, string | ReadonlyArray<string>> = { _tag: layout.tag }
  const most = layout.most
  if (count === most) for (let i = 0; i < most; i++) parts[fields[i]!.name] = words[at++]!
  else
    for (let i = 0; i < fields.length; i++) {
      const { name, presence } = fields[i]!
      if (presence === "repeated") parts[name] = words.slice(at)
      else if (presence === "required" || optional-- > 0) parts[name] = words[at++]!
    }
  if (layout.payload >= 0 || payload !== undefined) {
    const problem = readPayload(layout, parts, payload)
    if (problem !== undefined) return problem
  }
  return parts as Parts & typeof parts
}

/** Puts the payload in the place of its length. */
const readPayload = (
  { fields, payload: index, tag }: Layout,
  parts: Record<string, string | ReadonlyArray<string>>,
  payload: string | undefined
): MalformedReason | undefined => {
  if (index < 0) return lineFeed
  const field = fields[index]!.name
  const length = lengthOf(parts[field] as string)
  if (length === undefined) {
    return { _tag: "InvalidField", message: tag, field, problem: "Expected a length in bytes" }
  }
  if (payload === undefined) return { _tag: "Unreadable", problem: "a payload is announced and missing" }
  if (length !== payload.length) {
    return { _tag: "InvalidField", message: tag, field, problem: `Expected the length ${payload.length}` }
  }
  parts[field] = payload
  return undefined
}

/** The problem of a line that is two. */
export const lineFeed: MalformedReason = { _tag: "Unreadable", problem: "a line feed in the line" }

/** How long the payload is that a line with these words announces; nothing where it announces none. */
export const announcedLength = (layout: Layout, words: ReadonlyArray<string>): number | undefined => {
  const { fields, payload, required } = layout
  const count = words.length - layout.keyword.length
  if (payload < 0 || count < required || count > layout.most) return undefined
  const before = fields.slice(0, payload).filter(({ presence }) => presence === "optional").length
  return lengthOf(words[layout.keyword.length + payload - before + Math.min(before, count - required)]!)
}

const lengthOf = (digits: string): number | undefined =>
  /^\d+$/.test(digits) ? Math.min(Number(digits), Number.MAX_SAFE_INTEGER) : undefined

/** The words of a message after its keyword. */
export const wordsOf = ({ fields, payload, tag }: Layout, parts: Parts): ReadonlyArray<string> => {
  const words: Array<string> = []
  let absent: string | undefined
  for (let i = 0; i < fields.length; i++) {
    const { name, presence } = fields[i]!
    const value = parts[name]
    if (value === undefined) {
      absent ??= name
      continue
    }
    // By its position, it would be read as the one that is absent.
    if (absent !== undefined && presence !== "required" && value.length > 0) {
      throw unwritable(`nothing, for there is no ${absent}`, name, tag)
    }
    if (i === payload) words.push(String(value.length))
    else if (typeof value === "string") words.push(value)
    else for (const word of value) words.push(word)
  }
  return words
}

/** The name of the field that the word with this index belongs to. */
export const fieldAt = ({ fields }: Layout, parts: Parts, index: number): string => {
  let at = 0
  for (const { name } of fields) {
    const value = parts[name]
    at += value === undefined ? 0 : typeof value === "string" ? 1 : value.length
    if (index < at) return name
  }
  return ""
}
