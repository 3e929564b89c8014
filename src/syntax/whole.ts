import { Schema } from "effect"
import * as Message from "../Message.ts"
import type { Codec } from "./codec.ts"
import { codecOf, type MessageOf } from "./messages.ts"

/** A message of a single field that is a frame. */
export type WholeMessage = MessageOf<{
  readonly _tag: string
  readonly [field: string]: string | Uint8Array
}>

/** What the frames of a message are: text or bytes, as its field is. */
export type FrameOf<M extends WholeMessage> = M["Encoded"][Exclude<keyof M["Encoded"], "_tag">]

/**
 * One message that is the whole frame: its only field takes the frame as it is, text or bytes. Its keyword is not on the
 * line.
 *
 * **When to use**
 *
 * For a mode of a connection in which each frame is a value and no command, such as the body after `DATA` of SMTP or a
 * response in a dialogue of `AUTH`.
 *
 * **Example**
 *
 * ```ts
 * const Body = Message.make("body", { content: Schema.Uint8Array })
 * const Request = Syntax.whole(Body) // a Codec of { _tag: "body", content: Uint8Array } and Uint8Array
 * ```
 */
export const whole = <M extends WholeMessage>(message: M): Codec<M["Type"], FrameOf<M>> => {
  const tag = Message.tagOf(message)
  const [field, ...others] = Message.fieldsOf(message)
  if (field === undefined || others.length > 0 || field.presence !== "required") {
    throw new Error(`Syntax.whole: the message ${tag} has exactly one field, which is required`)
  }
  const encoded = Schema.toEncoded(message).ast
  const type =
    encoded._tag === "Objects"
      ? encoded.propertySignatures.find(({ name }) => name === field.name)?.type
      : undefined
  const isBytes = type?._tag === "Declaration"
  return codecOf<
    readonly [M],
    FrameOf<M>,
    { readonly _tag: string; readonly [field: string]: string | Uint8Array }
  >(
    [message],
    {
      read: (frame) => ({ _tag: tag, [field.name]: frame }),
      write: (parts) => parts[field.name] as FrameOf<M>
    },
    {
      frame: (isBytes ? Schema.Uint8Array : Schema.String) as Schema.Codec<unknown> as Schema.Codec<
        FrameOf<M>
      >,
      isExact: true
    }
  )
}
