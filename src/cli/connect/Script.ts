/**
 * Talks without a terminal: what is on standard input is sent, message by message, each when the one before has been
 * answered, and the replies are printed as the protocol has them.
 */
import { Effect, Schema, Stdio, Stream } from "effect"
import type * as Framing from "../../Framing.ts"
import type * as Protocol from "../../Protocol.ts"
import * as Output from "../Output.ts"
import type { Connection, ConnectionLost } from "./Connection.ts"
import type { Dialect } from "./Dialect.ts"

/** Standard input has what is no message, or cannot be read; nothing from there on was sent. */
export class BadInput extends Schema.TaggedError<BadInput>()("BadInput", { message: Schema.String }) {}

/** Talks until the input or the connection ends; tells whether all replies were such as one wants. */
export const run = Effect.fnUntraced(function* <P extends Protocol.Any>(
  dialect: Dialect<P>,
  { ask, lost }: Connection<P>,
  write: (reply: Protocol.Reply<P>) => string
): Effect.fn.Return<boolean, BadInput | ConnectionLost | Output.NotWritten, Stdio.Stdio> {
  const { protocol } = dialect
  const stdio = yield* Stdio.Stdio
  let good = true

  const answer = Effect.fnUntraced(function* ({ frame, line }: Typed) {
    const reading = typeof frame === "string" ? dialect.read(frame) : unreadable(frame)
    if (reading._tag === "Unreadable") {
      return yield* new BadInput({
        message: `line ${line} of standard input is no message of ${protocol.name}: ${reading.problem}`
      })
    }
    const replies = yield* ask(reading.request)
    if (replies?.some(protocol.isError) === true) good = false
    return replies?.map((reply: Protocol.Reply<P>) => `${write(reply)}\n`).join("")
  })

  yield* stdio.stdin.pipe(
    Stream.mapError(({ message }) => new BadInput({ message: `cannot read standard input: ${message}` })),
    Stream.interruptWhen(lost),
    framesOf(dialect.framing),
    Stream.mapEffect(answer),
    Stream.takeWhile((replies) => replies !== undefined),
    Output.toStandardOutput,
    // The process would go on for as long as somebody holds the other end open.
    Effect.ensuring(Effect.sync(() => process.stdin.destroy()))
  )
  return good
})

/** A frame, and the line of the input that it ends on. */
interface Typed {
  readonly frame: string | Framing.InvalidFrame
  readonly line: number
}

const LF = 0x0a

/** The frames of the input. Its last line may be without LF; what is begun and does not end is a bad frame. */
const framesOf =
  (framing: Framing.Framing) =>
  <E, R>(input: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Typed, E, R> =>
    Stream.suspend(() => {
      const decoder = framing.decoder()
      let line = 1
      const cut = (chunk: Uint8Array): ReadonlyArray<Typed> => {
        const typed: Array<Typed> = []
        let start = 0
        while (start < chunk.length) {
          const end = chunk.indexOf(LF, start)
          const to = end < 0 ? chunk.length : end + 1
          for (const frame of decoder.push(chunk.subarray(start, to))) typed.push({ frame, line })
          if (end >= 0) line++
          start = to
        }
        return typed
      }
      // One LF ends a line; where a frame is still open, so many are more than it can hold.
      const end = Stream.suspend(() => {
        const last = line
        const [typed] = cut(new Uint8Array(framing.maxLength + 1).fill(LF))
        return typed === undefined ? Stream.empty : Stream.succeed({ ...typed, line: last })
      })
      return Stream.concat(
        Stream.flatMap(input, (chunk) => Stream.fromIterable(cut(chunk))),
        end
      )
    })

const unreadable = ({ maxLength, reason }: Framing.InvalidFrame) =>
  ({
    _tag: "Unreadable",
    problem: reason === "NotText" ? "it is not UTF-8" : `it does not end within ${maxLength} bytes`
  }) as const
