import { Schema } from "effect"
import type { Codec } from "./codec.ts"
import { codecOf, type MessageOf, type Notation, type Parts, type Tagged } from "./messages.ts"

/** Makes the codec of a list of messages. */
export type MakeCodec<F extends string | Uint8Array, P extends Tagged = Parts> = <
  const Messages extends ReadonlyArray<MessageOf<P>>
>(
  messages: Messages
) => Codec<Messages[number]["Type"], F>

/**
 * Makes a syntax of your own out of two functions: `read` takes a frame apart into the tag of a message and its fields
 * by name, or says what is wrong with it; `write` puts them together again.
 *
 * **Details**
 *
 * The messages' own Schemas check and transform the fields, so `read` need not. `write` gets the fields in no particular
 * order; it returns `undefined` where no frame can carry them. With `frame: "bytes"`, frames are bytes.
 *
 * **Example**
 *
 * ```ts
 * const quiet = Syntax.make({
 *   read: (frame) =>
 *     frame.startsWith("say ")
 *       ? { _tag: "say", text: frame.slice(4) }
 *       : { _tag: "UnknownMessage", keyword: frame.split(" ")[0]! },
 *   write: ({ text }) => `say ${text}`
 * })
 * const Request = quiet([Say])
 * ```
 *
 * **Gotchas**
 *
 * An exception in `read` or `write` is a defect, except a `SchemaError` in `write`. No message can have the tag of a
 * `MalformedReason`.
 */
export const make: {
  <P extends Tagged = Parts>(
    notation: Notation<string, P> & { readonly frame?: "text" }
  ): MakeCodec<string, P>
  <P extends Tagged = Parts>(
    notation: Notation<Uint8Array, P> & { readonly frame: "bytes" }
  ): MakeCodec<Uint8Array, P>
} = <F extends string | Uint8Array, P extends Tagged>({
  frame,
  read,
  write
}: Notation<F, P> & { readonly frame?: "text" | "bytes" }): MakeCodec<F, P> => {
  const schema = (frame === "bytes"
    ? Schema.Uint8Array
    : Schema.String) as Schema.Codec<never> as Schema.Codec<F>
  return (messages) => codecOf(messages, { read, write }, { frame: schema, isExact: false })
}
