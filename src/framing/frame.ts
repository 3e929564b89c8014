/**
 * What the framings share: a frame, the decoder that cuts it, and the memory of one that is incomplete.
 */
import { Data } from "effect"

/**
 * How a protocol cuts bytes into frames. Make one with `lines` or `jsonObjects`.
 */
export interface Framing {
  /** The largest frame in bytes, the delimiter not counted. */
  readonly maxLength: number
  /** The same framing with another limit. */
  readonly withMaxLength: (maxLength: number) => Framing
  /** A decoder with state of its own: one a connection and direction. */
  readonly decoder: () => Decoder
  /** The frame with its delimiter. The frame must be one that a `Syntax` encoded, so that it holds no bare delimiter. */
  readonly encode: (frame: string) => string
}

/**
 * The state of cutting one stream of bytes.
 */
export interface Decoder {
  /**
   * The frames that `chunk` completes, in order. The chunk is not kept: what is incomplete is copied, so that the
   * caller may reuse its memory.
   */
  readonly push: (chunk: Uint8Array) => ReadonlyArray<string | InvalidFrame>
}

/** A frame: text in an encoding, or bytes. */
export type Frame = string | Uint8Array

/**
 * A frame that cannot be read: it was longer than the limit (it is reported as soon as the limit is passed, and
 * skipped to its end without being kept), or it was not text of the encoding.
 */
export class InvalidFrame extends Data.TaggedClass("InvalidFrame")<{
  readonly reason: "TooLong" | "NotText"
  /** The largest frame that the framing takes, in bytes. */
  readonly maxLength: number
  /** How long the frame was, in bytes; one more than the largest where it was too long, for the rest is not counted. */
  readonly length: number
}> {}

/** The place of a frame that was longer than this. */
export const tooLong = (maxLength: number): InvalidFrame =>
  new InvalidFrame({ reason: "TooLong", maxLength, length: maxLength + 1 })

/** Reads bytes as text, and throws where they are not UTF-8. */
export const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The beginning of a frame whose end has not come; its capacity grows by doubling. */
export class Held {
  bytes = nothing
  length = 0

  /** Copies bytes behind those that are held; `most` is how many there may ever be. */
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

  release(): void {
    this.bytes = nothing
    this.length = 0
  }
}

const nothing = new Uint8Array(0)
