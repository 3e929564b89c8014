/**
 * How words stand on a line: plain, with backslashes, or in quotes.
 */
import { lineFeed } from "./layout.ts"
import type { MalformedReason } from "./malformed.ts"
import type { Spelling } from "./positional.ts"

export interface SpellingOptions {
  readonly separator: string
  readonly collapse: boolean
}

/** Words as they are. One that begins with the `mark` is the last, and takes the rest of the line without the mark. */
export const plain = ({
  collapse,
  mark,
  separator
}: SpellingOptions & { readonly mark: string | undefined }): Spelling => {
  const split = (line: string, limit: number): ReadonlyArray<string> | MalformedReason => {
    if (line.includes("\n")) return lineFeed
    return limit === 0 && mark === undefined && !collapse
      ? splitAt(line, separator)
      : splitSlowly(line, limit)
  }

  const splitSlowly = (line: string, limit: number): ReadonlyArray<string> => {
    const words: Array<string> = []
    for (let at = 0; ;) {
      if (collapse) {
        while (at < line.length && line[at] === separator) at++
        if (at === line.length) return words
      }
      const isMarked = mark !== undefined && words.length > 0 && line.startsWith(mark, at)
      const end = isMarked || words.length === limit - 1 ? -1 : line.indexOf(separator, at)
      words.push(line.slice(isMarked ? at + 1 : at, end < 0 ? line.length : end))
      if (end < 0) return words
      at = end + 1
    }
  }

  const isWord = (word: string): boolean =>
    !word.includes(separator) && !word.includes("\n") && (!collapse || word !== "")

  const isRest = (text: string): boolean =>
    !text.includes("\n") && (!collapse || (text !== "" && !text.startsWith(separator)))

  return {
    split,
    join: joinWith(separator, (word, isFirst, isLast, isRestOfLine) => {
      if (isRestOfLine) return isRest(word) ? word : undefined
      if (mark === undefined || isFirst) return isWord(word) ? word : undefined
      if (isWord(word) && word !== "" && !word.startsWith(mark)) return word
      return isLast && !word.includes("\n") ? mark + word : undefined
    })
  }
}

/** A backslash takes away the meaning of a separator, an LF or a backslash that follows. */
export const escaped = ({ collapse, separator }: SpellingOptions): Spelling => {
  const special = new RegExp(`[${separator === "]" || separator === "^" ? "\\" : ""}${separator}\n\\\\]`)
  const specials = new RegExp(special, "g")

  const split = (line: string): ReadonlyArray<string> | MalformedReason => {
    if (line.includes("\\")) return splitEscaped(line)
    return line.includes("\n") ? lineFeed : splitAt(line, separator)
  }

  const splitEscaped = (line: string): ReadonlyArray<string> | MalformedReason => {
    const words: Array<string> = []
    let word = ""
    for (let i = 0; i < line.length; i++) {
      const char = line[i]!
      const next = line[i + 1]
      if (char === "\\" && (next === separator || next === "\n" || next === "\\")) {
        word += next
        i++
      } else if (char === separator) {
        words.push(word)
        word = ""
      } else if (char === "\n") {
        return lineFeed
      } else {
        word += char
      }
    }
    words.push(word)
    return words
  }

  const splitPresent = (line: string): ReadonlyArray<string> | MalformedReason => {
    const words = split(line)
    return Array.isArray(words) ? words.filter((word) => word !== "") : words
  }

  return {
    split: collapse ? splitPresent : split,
    join: ({ head, keyword }, words) => {
      let line = head
      for (let i = 0; i < words.length; i++) {
        const word = words[i]!
        if (collapse && word === "") return i
        if (i > 0 || keyword.length > 0) line += separator
        line += special.test(word) ? word.replace(specials, "\\$&") : word
      }
      return line
    }
  }
}

/** A word may be in double quotes, and a backslash inside them takes away the meaning of what follows. */
export const quoted = ({ collapse, separator }: SpellingOptions): Spelling => {
  const unquoted = plain({ collapse, mark: undefined, separator })

  const split = (line: string, limit: number): ReadonlyArray<string> | MalformedReason => {
    if (!line.includes('"')) return unquoted.split(line, limit)
    if (line.includes("\n")) return lineFeed
    const words: Array<string> = []
    for (let at = 0; ;) {
      if (collapse) {
        while (at < line.length && line[at] === separator) at++
        if (at === line.length) return words
      }
      if (words.length === limit - 1) return [...words, line.slice(at)]
      let end = line.indexOf(separator, at)
      if (line[at] === '"') {
        end = closingQuote(line, at + 1)
        if (end < 0) return openQuote
        words.push(line.slice(at + 1, end).replace(escapes, unescape))
        end++
        if (end < line.length && line[end] !== separator) return afterQuote
      } else {
        words.push(line.slice(at, end < 0 ? line.length : end))
      }
      if (end < 0 || end === line.length) return words
      at = end + 1
    }
  }

  return {
    split,
    join: joinWith(separator, (word, _isFirst, _isLast, isRest) => {
      if (isRest)
        return word.includes("\n") || (collapse && (word === "" || word.startsWith(separator)))
          ? undefined
          : word
      const isPlain = word !== "" && !/["\r\n]/.test(word) && !word.includes(separator)
      return isPlain
        ? word
        : `"${word.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`
    })
  }
}

const openQuote: MalformedReason = { _tag: "Unreadable", problem: "a quote is not closed" }
const afterQuote: MalformedReason = { _tag: "Unreadable", problem: "text right after a closing quote" }

/** The index of the quote that closes the one before `from`; -1 for none. */
const closingQuote = (line: string, from: number): number => {
  for (let at = from; at < line.length; at++) {
    if (line[at] === "\\") at++
    else if (line[at] === '"') return at
  }
  return -1
}

const escapes = /\\(?:x([0-9A-Fa-f]{2})|([^]))/g

const unescape = (_: string, code: string | undefined, char: string): string =>
  code === undefined ? (controls[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16))

const controls: Readonly<Record<string, string | undefined>> = { n: "\n", r: "\r", t: "\t" }

/** `split`, which is slower for the few words of a line. */
const splitAt = (line: string, separator: string): ReadonlyArray<string> => {
  const words: Array<string> = []
  let start = 0
  for (let end = line.indexOf(separator); end >= 0; end = line.indexOf(separator, start)) {
    words.push(line.slice(start, end))
    start = end + 1
  }
  words.push(start === 0 ? line : line.slice(start))
  return words
}

type WriteWord = (word: string, isFirst: boolean, isLast: boolean, isRest: boolean) => string | undefined

const joinWith =
  (separator: string, write: WriteWord): Spelling["join"] =>
  ({ head, keyword }, words, lastIsRest) => {
    let line = head
    const last = words.length - 1
    for (let i = 0; i <= last; i++) {
      const isFirst = i === 0 && keyword.length === 0
      const word = write(words[i]!, isFirst, i === last, lastIsRest && i === last)
      if (word === undefined) return i
      line = isFirst ? word : line + separator + word
    }
    return line
  }
