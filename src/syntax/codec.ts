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
export interface Notation<P extends Tagged = Parts> {
  readonly read: (line: string) => P | undefined
  readonly write: (parts: P) => string
}

interface Tagged {
  readonly _tag: string
}

/** The codec of the messages in a notation. */
export const makeCodec = <
  const Messages extends ReadonlyArray<Message.Any & { readonly Encoded: P }>,
  P extends Tagged = Parts
>(
  messages: Messages,
  { read, write }: Notation<P>
): Schema.Codec<Messages[number]["Type"], string> => {
  const union: Schema.Codec<Messages[number]["Type"], P> = Schema.Union(messages) as never
  const codec = Schema.String.pipe(
    Schema.decodeTo(union, {
      decode: SchemaGetter.transformEffect((line: string) => {
        const parts = read(line)
        return parts === undefined ? unknownMessage : Effect.succeed(parts)
      }),
      encode: SchemaGetter.transformEffect((parts: P) =>
        Effect.try({ try: () => write(parts), catch: issueOf })
      )
    })
  )
  SchemaJITCompiler.enable(codec.ast)
  const is = guardOf(messages)
  setShortcut(codec, {
    decode: (line) => {
      const parts = read(line)
      return parts !== undefined && is(parts) ? parts : undefined
    },
    encode: (message) => (is(message) ? write(message as P) : undefined)
  })
  return codec
}

/** The value of a field as text, where it is such that a line can carry it; for a field of any text may hold others. */
export const writable = (
  { accepts, expected }: { readonly accepts: (text: string) => boolean; readonly expected: string },
  value: unknown,
  field: string,
  tag: string
): string => {
  const text = String(value)
  if (accepts(text)) return text
  throw new Schema.SchemaError(
    new SchemaIssue.Pointer(
      [field],
      new SchemaIssue.InvalidValue({ message: `Expected ${expected}, in the message ${tag}` })
    )
  )
}

const issueOf = (error: unknown): SchemaIssue.Issue => {
  if (Schema.isSchemaError(error)) return error.issue
  throw error
}

const unknownMessage = Effect.fail(
  new SchemaIssue.InvalidValue({ message: "an unknown message or a wrong number of fields" })
)

/**
 * Whether a value is one of those messages that are the same in the program and in their parts, for they transform
 * nothing: the guard of the one that its tag names.
 */
const guardOf = (messages: ReadonlyArray<Message.Any>): ((value: unknown) => boolean) => {
  const guards = new Map(
    messages
      .filter((message) => Schema.toType(message).ast === message.ast)
      .map((message) => {
        SchemaJITCompiler.enable(message.ast)
        return [Message.tagOf(message), Schema.is(message)]
      })
  )
  return (value) =>
    typeof value === "object" && value !== null && guards.get((value as Tagged)._tag)?.(value) === true
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
 * The shortcut of a codec that a syntax has made. It is for the messages that transform nothing: to take a line apart and
 * to check the parts is then all there is to decoding.
 */
export const shortcutOf = (codec: Schema.Constraint): Shortcut | undefined => shortcuts.get(codec)
