/**
 * Framing cuts the bytes of a connection into frames, and knows nothing of what a frame says.
 *
 * It is the first step of every protocol: delimiters, escapes of delimiters, the largest frame, and UTF-8 are its
 * business; words, pairs and JSON are the business of `Syntax`. A frame is a string without its delimiter. A frame
 * that cannot be one (too long, not UTF-8) comes out as an `InvalidFrame` in its place among the others, never as a
 * failed stream, because the protocol has to answer it.
 *
 * | | |
 * | --- | --- |
 * | `lines` | a frame is a line; an escape may keep an LF in it |
 * | `jsonObjects` | a frame is a JSON object, complete with the brace that closes it |
 *
 * What it promises: however the bytes are cut into chunks, the frames are the same; never more than one incomplete
 * frame is held, and of that never more than the limit; an incomplete frame at the end of input is dropped.
 *
 * Pure: imports only `effect`.
 */
import { Channel, Effect, type Pull } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Framing, InvalidFrame } from "./framing/frame.ts"

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
export { lines } from "./framing/lines.ts"

/**
 * The channel from chunks of bytes to batches of frames, for `Stream.pipeThroughChannel`: what is not a server or a
 * client of this library (a file, a recorded conversation) is cut into frames with it.
 */
export const decode = <IE = never, Done = unknown>(
  framing: Framing
): Channel.Channel<
  NonEmptyReadonlyArray<string | InvalidFrame>,
  IE,
  Done,
  NonEmptyReadonlyArray<Uint8Array>,
  IE,
  Done
> =>
  Channel.fromTransform((upstream, _scope) =>
    Effect.sync(() => {
      const decoder = framing.decoder()
      const pull: Pull.Pull<NonEmptyReadonlyArray<string | InvalidFrame>, IE, Done> = Effect.flatMap(
        upstream,
        (chunks) => {
          const frames: Array<string | InvalidFrame> = []
          for (const chunk of chunks) for (const frame of decoder.push(chunk)) frames.push(frame)
          return isNonEmpty(frames) ? Effect.succeed(frames) : pull
        }
      )
      return pull
    })
  )

const isNonEmpty = <A>(items: ReadonlyArray<A>): items is NonEmptyReadonlyArray<A> => items.length > 0
