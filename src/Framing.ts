/**
 * Framing cuts the bytes of a connection into frames. It does not know what a frame says.
 *
 * It is the first step of every protocol. Delimiters, escaped delimiters, announced lengths, the largest frame and the
 * encoding are matters of framing; words, pairs and JSON are matters of `Syntax`. A frame is text, or bytes, without its
 * delimiter. A frame that is invalid (too long, not text) comes out as an `InvalidFrame` in its place among the others,
 * never as a failed stream, because the protocol has to answer it.
 *
 * | | |
 * | --- | --- |
 * | `lines` | a frame is a line, or a line and the payload that it announces |
 * | `dotBlock` | a frame is all lines up to one that is a dot |
 * | `resp` | a frame is a value of RESP, the protocol of Redis |
 * | `jsonObjects` | a frame is a JSON object, complete with the brace that closes it |
 *
 * Guarantees: however the bytes are cut into chunks, the frames are the same. A decoder holds at most one incomplete
 * frame, and of that at most the limit. An incomplete frame at the end of input is dropped, unless the framing says
 * otherwise.
 *
 * Pure: imports only `effect`.
 */
import { Cause, Channel, Effect, Pull } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { toBytes } from "./framing/encoding.ts"
import type { Frame, Framing, InvalidFrame } from "./framing/frame.ts"

export { dotBlock } from "./framing/dot-block.ts"
export { type Charset, type TextCodec, type TextEncoding, toBytes } from "./framing/encoding.ts"
export {
  type Decoder,
  type Frame,
  type Framing,
  InvalidFrame,
  type Pieces,
  tooLong
} from "./framing/frame.ts"
export { jsonObjects } from "./framing/json.ts"
export { type ByteLineOptions, type LineOptions, lines, type TextLineOptions } from "./framing/lines.ts"
export type { Payload } from "./framing/payload.ts"
export { resp, type RespOptions } from "./framing/resp.ts"
export { formatResp, parseResp, respCommand, type RespValue, respWords } from "./framing/resp-values.ts"

/**
 * The channel from chunks of bytes to batches of frames, for `Stream.pipeThroughChannel`. Use it for bytes that are not
 * a connection of this library: a file, a recorded conversation.
 */
export const decode = <F extends Frame, IE = never, Done = unknown>(
  framing: Framing<F>
): Channel.Channel<
  NonEmptyReadonlyArray<F | InvalidFrame>,
  IE,
  Done,
  NonEmptyReadonlyArray<Uint8Array>,
  IE,
  Done
> =>
  Channel.fromTransform((upstream, _scope) =>
    Effect.sync(() => {
      type Frames = Pull.Pull<NonEmptyReadonlyArray<F | InvalidFrame>, IE, Done>
      const decoder = framing.decoder()
      const frames: Frames = Effect.flatMap(upstream, (chunks) => {
        const frames: Array<F | InvalidFrame> = []
        for (const chunk of chunks) for (const frame of decoder.push(chunk)) frames.push(frame)
        return emit(frames, again)
      })
      const again: Frames = Effect.suspend(() => frames)
      /** The end of input comes after the frames that are left then. */
      let ended: Frames | undefined
      return Effect.suspend(
        (): Frames =>
          ended ??
          Pull.matchEffect(frames, {
            onSuccess: (frames): Frames => Effect.succeed(frames),
            onFailure: (cause): Frames => Effect.failCause(cause),
            onDone: (done): Frames => emit(decoder.finish(), (ended = Cause.done(done)))
          })
      )
    })
  )

/**
 * The channel from batches of frames to chunks of bytes, one for each batch, for `Stream.pipeThroughChannel`.
 */
export const encode = <F extends Frame, IE = never, Done = unknown>(
  framing: Framing<F>
): Channel.Channel<NonEmptyReadonlyArray<Uint8Array>, IE, Done, NonEmptyReadonlyArray<F>, IE, Done> =>
  Channel.fromTransform((upstream, _scope) =>
    Effect.succeed(
      Effect.map(upstream, (frames): NonEmptyReadonlyArray<Uint8Array> => [
        toBytes(frames.map(framing.encode).join(""), framing.charset)
      ])
    )
  )

/** The items, or another effect where there are none. */
const emit = <A, E, R>(
  items: ReadonlyArray<A>,
  otherwise: Effect.Effect<NonEmptyReadonlyArray<A>, E, R>
): Effect.Effect<NonEmptyReadonlyArray<A>, E, R> => (isNonEmpty(items) ? Effect.succeed(items) : otherwise)

const isNonEmpty = <A>(items: ReadonlyArray<A>): items is NonEmptyReadonlyArray<A> => items.length > 0
