/** The laws that every protocol keeps, as properties of its messages and of its bytes. */
import { Arbitrary, type Equivalence, Schema } from "effect"
import { fromLatin1, toBytes } from "../framing/encoding.ts"
import type { Frame, Framing } from "../framing/frame.ts"
import * as Protocol from "../Protocol.ts"
import * as Garbage from "./garbage.ts"

/** One case of a law. */
export class Example {
  /** What was generated. */
  readonly value: unknown
  readonly #check: () => void

  constructor(value: unknown, check: () => void) {
    this.value = value
    this.#check = check
  }

  /** Throws where the law is broken. */
  check(): void {
    this.#check()
  }
}

/** A law, as `it.prop` of `@effect/vitest` takes it. */
export interface Law {
  readonly arbitraries: [Arbitrary.Arbitrary<Example>]
  readonly property: (examples: readonly [Example]) => void
}

/** When a message that was decoded is the one that was encoded. */
export interface LawOptions<P extends Protocol.Any> {
  /** Unless given, that of the Schema. */
  readonly requestEquivalence?: Equivalence.Equivalence<Protocol.Request<P>>
  /** Unless given, that of the Schema. */
  readonly replyEquivalence?: Equivalence.Equivalence<Protocol.Reply<P>>
}

/**
 * The laws of a protocol by their names: of its requests, in each of its modes, and of its replies.
 *
 * **Details**
 *
 * - Messages survive encoding and decoding, many at a time, and each is one frame.
 * - However bytes are cut into chunks, and however many frames are taken at a time, the frames are the same; also with
 *   frames over the limit and bytes that are none.
 * - A frame that is sent in pieces is the frame.
 * - No bytes make a decoder throw, and no frame a codec.
 *
 * Messages are generated from the protocol's Schemas, and bytes from those of messages.
 *
 * **Gotchas**
 *
 * A field whose Schema allows what a frame cannot carry breaks a law. Use `Syntax.Word` and its relatives, and not
 * `Schema.String`; add a check where the syntax has no escape (`escape: "none"`), or the framing drops a CR at the end of
 * a line (the default of `Framing.lines`).
 */
export const laws = <P extends Protocol.Any>(
  protocol: P,
  options: LawOptions<P> = {}
): Readonly<Record<string, Law>> => {
  const channels: Array<Channel<Protocol.Tagged, Frame>> = []
  for (const grammar of [protocol.grammar, ...protocol.modes.values()]) {
    channels.push({
      ...grammar,
      name: grammar.mode === undefined ? "request" : `request in the mode ${grammar.mode}`,
      schema: grammar.request,
      equivalence: options.requestEquivalence
    })
  }
  if (protocol.reply.ast._tag !== "Never") {
    channels.push({
      name: "reply",
      schema: protocol.reply,
      framing: protocol.replyFraming,
      decode: protocol.decodeReply,
      encode: protocol.encodeReply,
      equivalence: options.replyEquivalence
    })
  }
  return Object.fromEntries(channels.flatMap((channel) => Object.entries(lawsOf(channel))))
}

/** Messages of one kind on their way. */
interface Channel<in out M, in out F extends Frame> {
  readonly name: string
  readonly schema: Schema.Codec<M, F>
  readonly framing: Framing<F>
  readonly decode: (frame: F) => M | Protocol.Malformed
  readonly encode: (message: M) => F
  readonly equivalence: Equivalence.Equivalence<M> | undefined
}

const lawsOf = <M, F extends Frame>(channel: Channel<M, F>): Record<string, Law> => {
  const { decode, encode, name, schema } = channel
  const framing = channel.framing.withMaxLength(2 ** 30)
  const type = Schema.toType(schema)
  const isMessage = Schema.is(type)
  // What means something to a framing or a syntax is rare in text that is generated from a Schema.
  const message = Arbitrary.map(
    Arbitrary.all([Arbitrary.schema(type), Garbage.fieldEdits]),
    ([message, edits]) => {
      const edited = Garbage.editTexts(message, edits)
      return isMessage(edited) ? edited : message
    }
  )
  const messages = Arbitrary.array(message, { maxLength: 5 })
  const isSame = channel.equivalence ?? Schema.toEquivalence(type)
  const write = (frame: F): Uint8Array => toBytes(framing.encode(frame), framing.charset)
  const bytesOf = (messages: ReadonlyArray<M>) => join(messages.map((message) => write(encode(message))))

  return {
    [`every ${name} survives encoding and decoding`]: law(messages, (messages) => {
      const frames = framesOf(framing, [bytesOf(messages)])
      equal(frames.length, messages.length, "the number of frames")
      for (const [at, message] of messages.entries()) {
        const frame = frames[at]!
        if (frame instanceof Protocol.InvalidFrame) throw new Violation(`an invalid frame: ${frame.reason}`)
        const decoded = decode(frame)
        if (decoded instanceof Protocol.Malformed) {
          throw new Violation(`${show(frame)} cannot be decoded: ${decoded.error.message}`)
        }
        if (!isMessage(decoded) || !isSame(decoded, message)) {
          const written = show(encode(message))
          throw new Violation(`${written}, read as ${show(frame)}, is decoded as another message`)
        }
      }
    }),
    [`every ${name} is one frame, whole or in pieces`]: law(
      Arbitrary.all([message, Garbage.places]),
      ([message, places]) => {
        const frame = encode(message)
        const frames = framesOf(framing, [write(frame)])
        // A framing may complete a frame: a block of lines has a delimiter at its end.
        const again = frames.map((frame) =>
          frame instanceof Protocol.InvalidFrame ? show(frame) : framing.encode(frame)
        )
        equal(again.length, 1, `the frames of ${show(frame)}`)
        equal(again[0], framing.encode(frame), `what is read of ${show(frame)}`)
        const pieces = framing.pieces()
        const written = cut(frame, places).map((piece) => pieces.push(piece))
        equal(written.join("") + pieces.end(), framing.encode(frame), "the frame in pieces")
      }
    ),
    [`cutting the bytes of a ${name} anywhere gives the same frames`]: law(
      Arbitrary.all([messages, Garbage.edits, Garbage.places, Garbage.limit]),
      ([messages, edits, places, limit]) => {
        const limited = framing.withMaxLength(limit)
        const bytes = Garbage.edit(bytesOf(messages), edits)
        const whole = framesOf(limited, [bytes]).map(show)
        const chunks = framesOf(limited, cut(bytes, places)).map(show)
        equal(chunks.join(" | "), whole.join(" | "), "the frames of chunks")
        const single = framesOf(limited, cut(bytes, places), 1).map(show)
        equal(single.join(" | "), whole.join(" | "), "the frames that are taken one at a time")
      }
    ),
    [`garbage in place of a ${name} never throws`]: law(
      Arbitrary.all([messages, Garbage.edits, Garbage.places]),
      ([messages, edits, places]) => {
        const bytes = Garbage.edit(bytesOf(messages), edits)
        for (const frame of framesOf(channel.framing, cut(bytes, places))) {
          if (!(frame instanceof Protocol.InvalidFrame)) decode(frame)
        }
      }
    )
  }
}

const law = <A>(arbitrary: Arbitrary.Arbitrary<A>, check: (value: A) => void): Law => ({
  arbitraries: [Arbitrary.map(arbitrary, (value) => new Example(value, () => check(value)))],
  property: ([example]) => example.check()
})

/** A law is broken. */
export class Violation extends Error {
  override readonly name = "Violation"
}

const equal = <A>(actual: A, expected: A, what: string): void => {
  if (actual !== expected) throw new Violation(`${what}: ${String(actual)} instead of ${String(expected)}`)
}

/** The frames of chunks, each of which comes in the same memory, at most `max` at a time. */
const framesOf = <F extends Frame>(
  framing: Framing<F>,
  chunks: ReadonlyArray<Uint8Array>,
  max?: number
): ReadonlyArray<F | Protocol.InvalidFrame> => {
  const decoder = framing.decoder()
  const memory = new Uint8Array(Math.max(0, ...chunks.map(({ length }) => length)))
  const frames: Array<F | Protocol.InvalidFrame> = []
  for (const chunk of chunks) {
    memory.set(chunk)
    const view = memory.subarray(0, chunk.length)
    for (let start = 0; start < view.length; start = decoder.consumed) {
      frames.push(...decoder.push(view, start, max))
    }
  }
  return [...frames, ...decoder.finish()]
}

const join = (chunks: ReadonlyArray<Uint8Array>): Uint8Array =>
  toBytes(chunks.map(fromLatin1).join(""), "latin1")

/** Cuts at these places, modulo the length. */
const cut = <A extends Frame>(whole: A, places: ReadonlyArray<number>): ReadonlyArray<A> => {
  const sorted = [0, ...places.map((place) => place % (whole.length + 1)), whole.length].toSorted(
    (a, b) => a - b
  )
  return sorted.slice(1).map((end, at) => slice(whole, sorted[at]!, end))
}

// `slice` of a union of types is none of a generic one.
const slice = <A extends Frame>(whole: A, start: number, end: number): A => whole.slice(start, end) as A

const show = (frame: Frame | Protocol.InvalidFrame): string => {
  if (frame instanceof Protocol.InvalidFrame) return frame.reason
  return typeof frame === "string" ? JSON.stringify(frame) : `bytes ${JSON.stringify(fromLatin1(frame))}`
}
