/**
 * What the syntaxes share: a union of messages behind the two directions of one way to write them, as a codec.
 */
import { Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import * as Message from "../Message.ts"

/** What a syntax reads off a line: the tag of the message, and its fields by name. */
export interface Parts {
  readonly _tag: string
  readonly [field: string]: string | ReadonlyArray<string> | undefined
}

/** A message that a line can carry: its fields encode to strings, optional strings, and arrays of strings. */
export interface TextMessage extends Message.Any {
  readonly Encoded: Parts
}

/** A way to write the messages of a list on a line. Reading gives nothing for a line that is none of them. */
export interface Notation {
  readonly read: (line: string) => Parts | undefined
  readonly write: (parts: Parts) => string
}

/** The codec of the messages in a notation. */
export const makeCodec = <const Messages extends ReadonlyArray<TextMessage>>(
  messages: Messages,
  { read, write }: Notation
): Schema.Codec<Messages[number]["Type"], string> => {
  const union: Schema.Codec<Messages[number]["Type"], Parts> = Schema.Union(messages) as never
  const codec = Schema.String.pipe(
    Schema.decodeTo(union, {
      decode: SchemaGetter.transformEffect((line: string) => {
        const parts = read(line)
        return parts === undefined ? unknownMessage : Effect.succeed(parts)
      }),
      encode: SchemaGetter.transform(write)
    })
  )
  SchemaJITCompiler.enable(codec.ast)
  if (Schema.toType(union).ast === union.ast) {
    const is = guardOf(messages)
    setShortcut(codec, {
      decode: (line) => {
        const parts = read(line)
        return parts !== undefined && is(parts) ? parts : undefined
      },
      encode: (message) => (is(message) ? write(message) : undefined)
    })
  }
  return codec
}

const unknownMessage = Effect.fail(
  new SchemaIssue.InvalidValue({ message: "an unknown message or a wrong number of fields" })
)

/** Whether a value is one of the messages: the guard of the one that its tag names. */
const guardOf = (messages: ReadonlyArray<TextMessage>): ((value: unknown) => value is Parts) => {
  const guards = new Map(
    messages.map((message) => {
      SchemaJITCompiler.enable(message.ast)
      return [Message.tagOf(message), Schema.is(message)]
    })
  )
  return (value): value is Parts =>
    typeof value === "object" && value !== null && guards.get((value as Parts)._tag)?.(value) === true
}

/**
 * A codec without the detour over effects and diagnostics. It answers nothing where the codec itself has to be asked:
 * for all that fails, so that there is one place that says why.
 */
export interface Shortcut {
  readonly decode: (line: string) => unknown
  readonly encode: (message: unknown) => string | undefined
}

const shortcuts = new WeakMap<Schema.Constraint, Shortcut>()

export const setShortcut = (codec: Schema.Constraint, shortcut: Shortcut): void => {
  shortcuts.set(codec, shortcut)
}

/**
 * The shortcut of a codec that a syntax has made. There is one where the messages transform nothing: to take a line
 * apart and to check the parts is then all there is to decoding.
 */
export const shortcutOf = (codec: Schema.Constraint): Shortcut | undefined => shortcuts.get(codec)
