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

export { type Codec, fromSchema, isCodec, payloadLength } from "./syntax/codec.ts"
export { field } from "./syntax/field.ts"
export { make, type MakeCodec } from "./syntax/make.ts"
export { Malformed, type MalformedReason } from "./syntax/malformed.ts"
export type { MessageOf, Notation, Parts, TextMessage } from "./syntax/messages.ts"
export { ColonFree, colonPairs } from "./syntax/colon-pairs.ts"
export {
  Bytes,
  Integer,
  Payload,
  PayloadText,
  PayloadUtf8,
  Rest,
  rest,
  Unsigned,
  Word
} from "./syntax/fields.ts"
export { json, RawNumber, rawNumber } from "./syntax/json.ts"
export { pairs, Quotable } from "./syntax/pairs.ts"
export { positional, type PositionalOptions } from "./syntax/positional.ts"
export { whole } from "./syntax/whole.ts"
export { words, type WordsOptions } from "./syntax/words.ts"
