import { Schema } from "effect"

/**
 * One JSON document a frame, compact, its keys in the order in which the Schema encodes them.
 *
 * The messages are tagged in the program; how they look as JSON, with or without a tag, is their own affair: each is
 * a Schema that encodes to what `JSON.stringify` takes. Decoding tries them in order.
 */
export const json = <
  const Messages extends ReadonlyArray<Schema.Codec<{ readonly _tag: string }, Schema.Json>>
>(
  messages: Messages
): Schema.Codec<Messages[number]["Type"], string> => Schema.fromJsonString(Schema.Union(messages)) as never
