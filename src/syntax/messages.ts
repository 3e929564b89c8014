/**
 * What the syntaxes share: the codec of a list of messages in one notation.
 */
import { Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import * as Message from "../Message.ts"
import { type Codec, makeCodec } from "./codec.ts"
import { firstProblem, isReason, isReasonTag, issueOf, type MalformedReason, missing } from "./malformed.ts"
import { planOf, type Values } from "./plan.ts"

/** What a syntax reads off a frame: the tag of the message, and its fields by name. */
export interface Parts {
  readonly _tag: string
  readonly [field: string]: string | ReadonlyArray<string> | undefined
}

/** A message that a line can carry: its fields encode to strings, optional strings, and arrays of strings. */
export interface TextMessage extends Message.Any {
  readonly Encoded: Parts
}

/** A message whose fields encode to these parts. */
export interface MessageOf<P extends Tagged> extends Message.Any {
  readonly Encoded: P
}

export interface Tagged {
  readonly _tag: string
}

/** A way to write the messages of a list in a frame. */
export interface Notation<F extends string | Uint8Array, P extends Tagged = Parts> {
  /** The parts of a frame, or what is wrong with it. */
  readonly read: (frame: F) => P | MalformedReason
  /** The frame of these parts; nothing, or a thrown `SchemaError`, where no frame can carry them. */
  readonly write: (parts: P) => F | undefined
}

export interface Options<F> {
  /** What a frame is. */
  readonly frame: Schema.Codec<F>
  /** Whether `read` gives no fields but those of the message, and `write` looks at no other. */
  readonly isExact: boolean
  readonly payloadLength?: (line: string) => number | undefined
}

/** The codec of the messages in a notation. */
export const codecOf = <
  const Messages extends ReadonlyArray<MessageOf<P>>,
  F extends string | Uint8Array,
  P extends Tagged = Parts
>(
  messages: Messages,
  { read, write }: Notation<F, P>,
  { frame, isExact, payloadLength }: Options<F>
): Codec<Messages[number]["Type"], F> => {
  type M = Messages[number]["Type"]
  const byTag = new Map(messages.map((message) => [Message.tagOf(message), message]))
  for (const tag of byTag.keys()) {
    if (isReasonTag(tag)) throw new Error(`Syntax: no message can have the tag ${tag}, which names a reason`)
  }
  const union: Schema.Codec<M, P> = Schema.Union(messages) as never
  const { ast } = frame.pipe(
    Schema.decodeTo(union, {
      decode: SchemaGetter.transformEffect((frame: F) => {
        const parts = read(frame)
        return isReason(parts)
          ? Effect.fail(issueOf(parts))
          : Effect.succeed(isExact ? parts : withoutAbsent(parts))
      }),
      encode: SchemaGetter.transformEffect((parts: P) =>
        Effect.try({ try: () => write(parts) ?? noFrame(parts), catch: issueOfError })
      )
    })
  )
  const plans = new Map([...byTag].map(([tag, message]) => [tag, planOf(message, isExact)]))
  return makeCodec<M, F>(ast, {
    payloadLength,
    decode: (frame) => {
      const parts = read(frame)
      const plan = plans.get(parts._tag)
      if (plan === undefined) return undefined
      if (plan.is === undefined) return plan.decode(parts as Values) as M | undefined
      return plan.is(parts) ? (parts as M) : undefined
    },
    encode: (message) => {
      if (typeof message !== "object" || message === null) return undefined
      const parts = plans.get((message as Tagged)._tag)?.encode(message as Values)
      return parts === undefined ? undefined : write(parts as P)
    },
    reasonOf: (frame, error) => {
      const parts = read(frame)
      if (isReason(parts)) return parts
      const message = byTag.get(parts._tag)
      return message === undefined
        ? { _tag: "UnknownMessage", keyword: parts._tag }
        : reasonOf(message, error)
    }
  })
}

/** A Schema takes `undefined` for a value, and a syntax for a field that is not there. */
const withoutAbsent = <P extends Tagged>(parts: P): P =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as unknown as P

/** What is wrong with the fields of this message. */
const reasonOf = (message: Message.Any, error: Schema.SchemaError): MalformedReason => {
  const { path, problem } = firstProblem(error, message.ast)
  const tag = Message.tagOf(message)
  // An element that a repeated field needs: a word that is not there.
  if (problem === missing && path.length === 2 && isRepeated(message, path[0]!)) {
    return { _tag: "TooFewFields", message: tag, keyword: Message.keywordOf(message) }
  }
  return { _tag: "InvalidField", message: tag, field: path.join("."), problem }
}

const isRepeated = (message: Message.Any, name: string): boolean =>
  Message.fieldsOf(message).some((field) => field.name === name && field.presence === "repeated")

/** The error of a field with a value that a line cannot carry. */
export const unwritable = (expected: string, field: string, tag: string): Schema.SchemaError =>
  new Schema.SchemaError(
    new SchemaIssue.Pointer(
      [field],
      new SchemaIssue.InvalidValue({ message: `Expected ${expected}, in the message ${tag}` })
    )
  )

/** The value of a field as text, where it is such that a line can carry it; for a field of any text may hold others. */
export const writable = (
  { accepts, expected }: { readonly accepts: (text: string) => boolean; readonly expected: string },
  value: unknown,
  field: string,
  tag: string
): string => {
  const text = String(value)
  if (accepts(text)) return text
  throw unwritable(expected, field, tag)
}

const noFrame = ({ _tag }: Tagged): never => {
  throw new Schema.SchemaError(
    new SchemaIssue.InvalidValue({
      message: `Expected fields that a frame can carry, in the message ${_tag}`
    })
  )
}

const issueOfError = (error: unknown): SchemaIssue.Issue => {
  if (Schema.isSchemaError(error)) return error.issue
  throw error
}
