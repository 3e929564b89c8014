import * as Message from "../Message.ts"
import type { Codec } from "./codec.ts"
import { placeOf } from "./fields.ts"
import type { TextMessage } from "./messages.ts"
import { layOut, type PositionalOptions } from "./positional.ts"
import { escaped, plain, quoted } from "./spelling.ts"

/** How the words of a line are told apart. */
export interface WordsOptions extends PositionalOptions {
  /** The one character between two words; SPACE unless given. */
  readonly separator?: string
  /** Whether several separators are one, and those at the ends of a line none. No word can be empty then. */
  readonly collapse?: boolean
  /**
   * `"\\"`, the default: a backslash before a separator, an LF or a backslash takes away its meaning; before anything else
   * it stands for itself. `"none"`: a word with a separator or an LF fails to encode.
   */
  readonly escape?: "\\" | "none"
  /**
   * Whether words may be in double quotes, with `\"`, `\\`, `\n`, `\r`, `\t` and `\x1f` inside; a backslash before another
   * character is dropped. Encoding quotes only the words that need it. Outside quotes there is no escape.
   */
  readonly quotes?: boolean
  /**
   * A mark, such as the colon of IRC: a word that begins with it is the last, and takes the rest of the line. Encoding
   * marks only a last word that needs it. There is no escape and there are no quotes.
   */
  readonly trailing?: string
}

/**
 * Words: one SPACE separates the words of a line, two SPACEs enclose an empty one. A message is its keyword and then its
 * fields by position.
 *
 * **Details**
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
 * With `escape: "\\"`, which is the default, use `Framing.lines({ escape: "\\", ... })`, so that an escaped LF does not
 * end the line.
 *
 * | protocol | options |
 * | --- | --- |
 * | sec-lsm-manager | none |
 * | memcached | `{ escape: "none", collapse: true }` |
 * | NATS | `{ escape: "none", collapse: true, caseInsensitive: true }` |
 * | SMTP | `{ escape: "none", collapse: true, caseInsensitive: true }`, and `Syntax.Rest` fields |
 * | IRC | `{ escape: "none", collapse: true, caseInsensitive: true, trailing: ":" }` |
 * | NMEA 0183 | `{ escape: "none", separator: "," }` |
 * | inline commands of Redis | `{ quotes: true, collapse: true, caseInsensitive: true }` |
 * | Graphite | `{ escape: "none", keyword: false }` |
 *
 * **Gotchas**
 *
 * `Syntax.Payload` and `Syntax.rest` fields need a syntax without escape.
 */
export const words = <const Messages extends ReadonlyArray<TextMessage>>(
  messages: Messages,
  options: WordsOptions = {}
): Codec<Messages[number]["Type"]> => {
  const { collapse = false, quotes = false, separator = " ", trailing } = options
  const escape = options.escape ?? (quotes || trailing !== undefined ? "none" : "\\")
  const spelling =
    escape === "\\"
      ? escaped({ collapse, separator })
      : quotes
        ? quoted({ collapse, separator })
        : plain({ collapse, separator, mark: trailing })
  if ([quotes, trailing !== undefined, escape === "\\"].filter(Boolean).length > 1) {
    throw new Error("Syntax.words: there is one of escape, quotes and trailing")
  }
  for (const [name, char] of Object.entries({ separator, trailing })) {
    if (char !== undefined && !/^[^\n"\\]$/.test(char)) {
      throw new Error(`Syntax.words: ${name} is one character, neither an LF nor a quote nor a backslash`)
    }
  }
  for (const message of messages) {
    const tag = Message.tagOf(message)
    if (escape === "\\" && message.ast.propertySignatures.some(({ type }) => placeOf(type) !== undefined)) {
      throw new Error(`Syntax.words: the message ${tag} has a payload or a rest, which need escape: "none"`)
    }
    const keyword = Message.keywordOf(message)
    if (
      options.keyword !== false &&
      keyword !== "" &&
      JSON.stringify(spelling.split(keyword, 0)) !== JSON.stringify(keyword.split(separator))
    ) {
      throw new Error(`Syntax.words: the keyword of the message ${tag} cannot stand on a line`)
    }
  }
  return layOut("Syntax.words", messages, options, separator, spelling)
}
