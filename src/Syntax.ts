/**
 * A syntax is the concrete way in which messages are written on a line: one Schema transformation between a line and
 * the parts of a message, shared by the protocols that write alike.
 *
 * Parts are a record of strings, the message's tag under `_tag`. From a list of messages a syntax makes the codec of
 * their union, `Syntax.Codec<Message>`: the line is taken apart once, looked up by its keyword, and handed to
 * the message's own Schema. A line that is no message of the list fails to decode.
 *
 * | | |
 * | --- | --- |
 * | `words` | escaped words: `path /a\\ b data` |
 * | `pairs` | quoted pairs: `add name="x"::comments="y"` |
 * | `colonPairs` | colon pairs: `FUNCTION:ID=2:PARAM1=90` |
 * | `json` | one JSON document, which the messages describe themselves |
 *
 * Pure: imports only `effect`.
 */
import { Schema } from "effect"

export { type Codec, fromSchema, isCodec } from "./syntax/codec.ts"
export { field } from "./syntax/field.ts"
export { make, type MakeCodec } from "./syntax/make.ts"
export { Malformed, type MalformedReason } from "./syntax/malformed.ts"
export type { MessageOf, Notation, Parts, TextMessage } from "./syntax/messages.ts"
export { ColonFree, colonPairs } from "./syntax/colon-pairs.ts"
export { json, RawNumber, rawNumber } from "./syntax/json.ts"
export { pairs, Quotable } from "./syntax/pairs.ts"
export { words } from "./syntax/words.ts"

/**
 * A string that a line of text can carry in any syntax: no NUL, and no half of a surrogate pair, which UTF-8 cannot
 * say. It may be empty, and hold spaces and line feeds: the syntax escapes them.
 */
export const Word = Schema.String.check(
  Schema.makeFilter((text: string) => !text.includes("\0") && text.isWellFormed(), {
    expected: "text without NUL or lone surrogates",
    arbitraryConstraint: { patterns: [{ source: "^[^\\0\\ud800-\\udfff]*$", flags: "u" }] }
  })
)
