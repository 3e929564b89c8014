/**
 * What the framings share: a framing, its decoder, the frame that is invalid, and the memory of one that is
 * incomplete.
 */
import { Data } from "effect"
import type { Charset, FrameEncoding } from "./encoding.ts"

/** A frame: text in an encoding, or bytes. */
export type Frame = string | Uint8Array

/**
 * How a protocol cuts bytes into frames. Make one with `lines`, `dotBlock`, `resp` or `jsonObjects`.
 */
export interface Framing<in out F extends Frame = string> {
  /** The largest frame in bytes, the delimiter not counted. */
  readonly maxLength: number
  /** The same framing with another limit. */
  readonly withMaxLength: (maxLength: number) => Framing<F>
  /** A decoder with state of its own: one per connection and direction. */
  readonly decoder: () => Decoder<F>
  /**
   * How the text that `encode` and `pieces` give becomes bytes; `toBytes` does it. `latin1` is one character per byte.
   */
  readonly charset: Charset
  /**
   * The frame with its delimiter, as text in `charset`. Frames of bytes, and text in an encoding of its own, come out
   * as `latin1`. The frame must be one that a `Syntax` encoded, so that it contains no bare delimiter.
   */
  readonly encode: (frame: F) => string
  /** Encodes one frame that is sent in pieces. */
  readonly pieces: () => Pieces<F>
}

/**
 * The encoder of one frame that is sent in pieces. What `push` returns for every piece, and `end` at last, is together
 * what `encode` returns for the whole frame, wherever it is cut.
 */
export interface Pieces<in F extends Frame = string> {
  readonly push: (piece: F) => string
  readonly end: () => string
}

/**
 * The state of cutting one stream of bytes.
 */
export interface Decoder<out F extends Frame = string> {
  /**
   * The frames that the chunk completes from `start` on, in order, at most `max` (one or more). The chunk is not kept:
   * what is incomplete is copied, so that the caller may reuse its memory.
   */
  readonly push: (chunk: Uint8Array, start?: number, max?: number) => ReadonlyArray<F | InvalidFrame>
  /**
   * After `push`, the offset of the first byte of the chunk that was not looked at: the length of the chunk, unless
   * `max` was reached. Another call of `push` continues there, with this decoder or with the one of another framing.
   */
  readonly consumed: number
  /**
   * The input has ended. Returns what is left where it is a frame all the same (lines with `unterminated: "keep"`),
   * else nothing.
   */
  readonly finish: () => ReadonlyArray<F | InvalidFrame>
}

/**
 * What stands in the place of a frame that cannot be read.
 *
 * **Details**
 *
 * - `TooLong`: the frame is longer than the limit. It is reported as soon as the limit is passed (by `dotBlock`, at its
 *   end), and skipped to its end without being kept.
 * - `NotText`: the frame is not text of the encoding.
 * - `NoStart`: bytes that no start mark precedes, or a frame that another start mark cuts short.
 * - `BadPayload`: the delimiter does not follow the payload where its announced length ends.
 * - `Malformed`: the bytes break the rules of the framing, and there is no way to find the next frame. Whatever
 *   follows is dropped.
 */
export class InvalidFrame extends Data.TaggedClass("InvalidFrame")<{
  readonly reason: "TooLong" | "NotText" | "NoStart" | "BadPayload" | "Malformed"
  /** The largest frame, or payload where there is a `head`, in bytes. */
  readonly maxLength: number
  /**
   * The length of the frame in bytes, or the announced one of a payload; one more than the largest where the frame
   * was too long, because the rest is not counted.
   */
  readonly length: number
  /** The line that announced a payload, where the payload is the problem. */
  readonly head?: string
  /** What is malformed, for people: "invalid bulk length". */
  readonly problem?: string
}> {}

/** The place of a frame that was longer than this. */
export const tooLong = (maxLength: number): InvalidFrame =>
  new InvalidFrame({ reason: "TooLong", maxLength, length: maxLength + 1 })

/** The frame in these bytes, or that they are not text. */
export const decodeFrame = <F extends Frame>(
  encoding: FrameEncoding<F>,
  bytes: Uint8Array,
  maxLength: number
): F | InvalidFrame => {
  try {
    return encoding.decode(bytes)
  } catch {
    return new InvalidFrame({ reason: "NotText", maxLength, length: bytes.length })
  }
}

/** The beginning of a frame whose end has not come; its capacity grows by doubling. */
export class FrameBuffer {
  bytes = nothing
  length = 0

  /** Copies bytes behind those that are there; `most` is how many there may ever be. */
  append(chunk: Uint8Array, start: number, end: number, most: number): void {
    const length = this.length + (end - start)
    if (this.bytes.length < length) {
      const grown = new Uint8Array(Math.min(Math.max(length * 2, 64), most))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    this.bytes.set(chunk.subarray(start, end), this.length)
    this.length = length
  }

  /** The bytes that are there; valid until the next change. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  release(): void {
    this.bytes = nothing
    this.length = 0
  }
}

const nothing = new Uint8Array(0)
