/**
 * The words of a command line, split as a POSIX shell splits them (notes on the specification, "Text"; POSIX.1-2024,
 * Shell Command Language, 2.2 "Quoting").
 *
 * Spaces, tabs and LFs separate words, however many. A backslash keeps the next character as it is; single quotes keep
 * everything, double quotes everything but a backslash before `$`, `` ` ``, `"`, `\` and LF. A backslash before an LF
 * vanishes with it. Quotes may begin and end within a word; a pair of them with nothing inside is an empty word.
 *
 * Nothing is expanded: `$`, `*`, `~`, `|`, `;`, `#` and the like are ordinary characters.
 *
 * Pure.
 */
import { Result } from "effect"

/** The words of a line, or what is wrong with it in a few words. */
export const split = (line: string): Result.Result<ReadonlyArray<string>, string> =>
  special.test(line) ? splitQuoted(line) : Result.succeed(line.split(blanks).filter((word) => word !== ""))

const special = /['"\\]/
const blanks = /[ \t\n]+/

const splitQuoted = (line: string): Result.Result<ReadonlyArray<string>, string> => {
  const words: Array<string> = []
  /** The word that has begun, if one has. */
  let word: string | undefined
  let i = 0
  while (i < line.length) {
    const char = line[i++]!
    if (char === "'") {
      const end = line.indexOf("'", i)
      if (end < 0) return Result.fail("a quote is not closed")
      word = (word ?? "") + line.slice(i, end)
      i = end + 1
    } else if (char === '"') {
      const quoted = readDoubleQuoted(line, i)
      if (quoted === undefined) return Result.fail("a quote is not closed")
      word = (word ?? "") + quoted.text
      i = quoted.end
    } else if (char === "\\") {
      if (i === line.length) return Result.fail("a backslash at the end")
      const next = line[i++]!
      if (next !== "\n") word = (word ?? "") + next
    } else if (char === " " || char === "\t" || char === "\n") {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? "") + char
    }
  }
  if (word !== undefined) words.push(word)
  return Result.succeed(words)
}

/** What stands from here to the closing quote, and where it goes on behind that. */
const readDoubleQuoted = (
  line: string,
  from: number
): { readonly text: string; readonly end: number } | undefined => {
  let text = ""
  for (let i = from; i < line.length; i++) {
    const char = line[i]!
    if (char === '"') return { text, end: i + 1 }
    const next = line[i + 1]
    if (char === "\\" && next !== undefined && '$`"\\\n'.includes(next)) {
      if (next !== "\n") text += next
      i++
    } else {
      text += char
    }
  }
  return undefined
}
