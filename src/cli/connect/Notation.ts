/**
 * The ways to write messages (`Syntax`), as somebody meets them who is in the middle of a line: how it can go on, and
 * how a message is written at all.
 */
import type { Field, Typed } from "./Grammar.ts"

/** How a line can go on: the ways to continue its end, and that end. */
export interface Completion {
  readonly candidates: ReadonlyArray<string>
  /** The end of the line that each candidate takes the place of. */
  readonly end: string
}

/** A way to write messages. */
export interface Notation {
  readonly complete: (messages: ReadonlyArray<Typed>, line: string) => Completion
  /** How a message is written: what is in capitals stands for what is to be said, what is in brackets may be left out. */
  readonly usage: (message: Typed) => string
  /** The message that a line begins as. */
  readonly find: (messages: ReadonlyArray<Typed>, line: string) => Typed | undefined
}

const nothing: Completion = { candidates: [], end: "" }

const startingWith = (candidates: ReadonlyArray<string>, end: string): Completion => ({
  candidates: candidates.filter((candidate) => candidate.startsWith(end)),
  end
})

const placeholder = ({ choices, name }: Field): string =>
  choices.length > 0 ? choices.join("|") : name.toUpperCase()

const optionally = ({ presence }: Field, text: string): string =>
  presence === "optional" ? `[${text}]` : text

/** The message whose keyword the line begins with, up to one of these characters. */
const finder =
  (delimiter: string): Notation["find"] =>
  (messages, line) => {
    const [keyword] = line.split(delimiter)
    return messages.find((message) => message.keyword === keyword)
  }

/** The keywords that begin as the line does, with what comes after them where something has to, or is all that can. */
const keywords = (messages: ReadonlyArray<Typed>, line: string, delimiter: string): Completion =>
  startingWith(
    messages.map(({ fields, keyword }) =>
      fields.some(({ presence }) => presence !== "optional") || (fields.length > 0 && keyword === line)
        ? keyword + delimiter
        : keyword
    ),
    line
  )

/** `path /a\ b data`: the words by their places. */
export const words: Notation = {
  find: finder(" "),
  complete: (messages, line) => {
    const message = words.find(messages, line)
    const parts = line.split(/(?<!\\) /)
    if (message === undefined || parts.length < 2) return keywords(messages, line, " ")
    const field = message.fields[parts.length - 2]
    return startingWith(field?.choices ?? [], parts.at(-1)!)
  },
  usage: ({ fields, keyword }) =>
    [
      keyword,
      ...fields.map((field) =>
        field.presence === "repeated" ? `${placeholder(field)}...` : optionally(field, placeholder(field))
      )
    ].join(" ")
}

/** `add name="x"::comments="y"`: the keys that are not there yet. */
export const pairs: Notation = {
  find: finder(" "),
  complete: (messages, line) => {
    const message = pairs.find(messages, line)
    const space = line.indexOf(" ")
    if (message === undefined || space < 0) return keywords(messages, line, " ")
    const rest = line.slice(space + 1)
    const [begun] = /^(?:[^"=]+="[^"]*"::)*/.exec(rest)!
    const end = rest.slice(begun.length)
    const given = new Set(Array.from(rest.matchAll(/([^"=:]+)="/g), ([, key]) => key))
    const missing = message.fields.filter(({ name }) => !given.has(name)).map(({ name }) => `${name}="`)
    if (/^[^"=]+="[^"]+"$/.test(end)) return { candidates: missing.map((key) => `::${key}`), end: "" }
    const value = /^([^"=]+)="([^"]*)$/.exec(end)
    if (value === null) return end.includes('"') ? nothing : startingWith(missing, end)
    const field = message.fields.find(({ name }) => name === value[1])
    return startingWith(
      (field?.choices ?? []).map((choice) => `${choice}"`),
      value[2]!
    )
  },
  usage: ({ fields, keyword }) => {
    const written = fields.map((field, index) =>
      optionally(field, `${index === 0 ? "" : "::"}${field.name}="${placeholder(field)}"`)
    )
    return [keyword, written.join("")].join(written.length === 0 ? "" : " ")
  }
}

/** `FUNCTION:ID=2:PARAM1=90`: the keys that are not there yet, and the next of those with a number. */
export const colonPairs: Notation = {
  find: finder(":"),
  complete: (messages, line) => {
    const message = colonPairs.find(messages, line)
    if (message === undefined || !line.includes(":")) return keywords(messages, line, ":")
    const [, ...parts] = line.split(":")
    const end = parts.pop()!
    const given = new Set(
      [...parts, end].filter((part) => part.includes("=")).map((part) => part.split("=")[0])
    )
    const missing = message.fields.flatMap(({ name, presence }) => {
      const key = name.toUpperCase()
      if (presence !== "repeated") return given.has(key) ? [] : [`${key}=`]
      let next = 1
      while (given.has(`${key}${next}`)) next++
      return [`${key}${next}=`]
    })
    const value = /^([^=]+)=(.+)$/.exec(end)
    if (value !== null) return { candidates: missing.map((key) => `:${key}`), end: "" }
    return end.includes("=") ? nothing : startingWith(missing, end)
  },
  usage: ({ fields, keyword }) =>
    keyword +
    fields
      .map((field) => {
        const key = field.name.toUpperCase()
        return field.presence === "repeated"
          ? `:${key}1=${placeholder(field)}:${key}2=...`
          : optionally(field, `:${key}=${placeholder(field)}`)
      })
      .join("")
}

/** One JSON object: its keys, and after a key what can stand there. There is one message, which has no keyword. */
export const json: Notation = {
  find: ([message]) => message,
  complete: ([message], line) => {
    if (line.trim() === "") return startingWith(["{"], line)
    const fields = message?.fields ?? []
    const key = /[{,]\s*("[^"]*)?$/.exec(line)
    if (key !== null) {
      const missing = fields.filter(({ name }) => !line.includes(`"${name}":`))
      return startingWith(
        missing.map(({ isText, name }) => `"${name}":${isText ? '"' : ""}`),
        key[1] ?? ""
      )
    }
    const value = /"([^"]+)":\s*"?([^"]*)$/.exec(line)
    const field = fields.find(({ name }) => name === value?.[1])
    return field === undefined ? nothing : startingWith(field.choices, value![2]!)
  },
  usage: ({ fields }) =>
    `{${fields
      .filter(({ presence }) => presence === "required")
      .map((field) => `"${field.name}":"${placeholder(field)}"`)
      .join(",")}}`
}
