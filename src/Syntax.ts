/**
 * A syntax is the concrete way in which messages are written in a frame, shared by the protocols that write alike.
 *
 * From a list of messages a syntax makes their `Codec`: a Schema of their union whose frames are text, or bytes. A frame
 * is taken apart once into the tag of a message and its fields by name, which the message's own Schema checks and
 * transforms. What is no message of the list comes out as `Malformed`, with the reason.
 *
 * | | |
 * | --- | --- |
 * | `words` | a keyword and fields by position: `path /a\\ b data`, `PUB a 5`, `GPGGA,123519,N` |
 * | `positional` | the same, with words that you tell apart |
 * | `pairs` | quoted pairs: `add name="x"::comments="y"` |
 * | `colonPairs` | colon pairs: `FUNCTION:ID=2:PARAM1=90` |
 * | `json` | one JSON document, which the messages describe themselves |
 * | `whole` | one message that is the whole frame |
 * | `make` | a syntax of your own, by `read` and `write` |
 * | `fromSchema` | a Schema that is written by hand |
 *
 * | fields | in the program | on the line |
 * | --- | --- | --- |
 * | `Word`, `Quotable`, `ColonFree` | text | the same, for `words`, `pairs`, `colonPairs` |
 * | `Integer`, `Unsigned` | numbers | decimal digits |
 * | `Bytes` | bytes | latin1 text |
 * | `Rest`, `rest` | text | all that is left of the line |
 * | `Payload`, `PayloadText`, `PayloadUtf8` | bytes, or text | its length; the payload follows the line |
 * | `field` | what you define | what you define |
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
