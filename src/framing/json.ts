import { textEncoding } from "./encoding.ts"
import { type Decoder, decodeFrame, FrameBuffer, type Framing, type InvalidFrame, tooLong } from "./frame.ts"

/**
 * Frames that are JSON objects, one after another: one is complete with the `}` that closes it, whether an LF comes
 * after it or not. White space between frames is skipped.
 *
 * **Details**
 *
 * - What begins with anything else than `{` is a frame up to the next LF, which no JSON syntax will take: the protocol
 *   answers it in its place.
 * - Only braces outside of strings are looked at. Whether the object is JSON is for the syntax to say.
 * - `maxLength`: the longest frame in bytes, from its first to its last; an LF that ends one is not counted.
 *
 * **Gotchas**
 *
 * An object that is never closed swallows what comes after it, until the limit.
 */
export const jsonObjects = (options: { readonly maxLength: number }): Framing => ({
  maxLength: options.maxLength,
  withMaxLength: (maxLength) => jsonObjects({ maxLength }),
  decoder: () => new JsonObjectDecoder(options.maxLength),
  charset: utf8.charset,
  encode: (frame) => utf8.encode(frame) + "\n",
  pieces: () => {
    const pieces = utf8.pieces()
    return { push: pieces.push, end: () => pieces.end() + "\n" }
  }
})

const utf8 = textEncoding("utf-8")

const LF = 0x0a
const quote = 0x22
const backslash = 0x5c
const opening = 0x7b
const closing = 0x7d

/** Space, tab, LF and CR: what JSON calls white space. */
const isSpace = (byte: number): boolean => byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09

class JsonObjectDecoder implements Decoder {
  consumed = 0

  private readonly buffer = new FrameBuffer()
  private place: "between" | "object" | "line" = "between"
  /** Inside a frame that was already reported as too long. */
  private skipping = false

  // Where in an object the last byte was.
  private depth = 0
  private inString = false
  private afterBackslash = false

  private readonly maxLength: number

  constructor(maxLength: number) {
    this.maxLength = maxLength
  }

  push(chunk: Uint8Array, start = 0, max = Infinity): ReadonlyArray<string | InvalidFrame> {
    const frames: Array<string | InvalidFrame> = []
    let at = start
    while (at < chunk.length && frames.length < max) {
      if (this.place === "between") {
        if (isSpace(chunk[at]!)) {
          at++
          continue
        }
        this.place = chunk[at] === opening ? "object" : "line"
      }
      const end = this.place === "object" ? this.endOfObject(chunk, at) : chunk.indexOf(LF, at)
      this.take(chunk, at, end, frames)
      // The LF after a line is white space before the next frame.
      at = end < 0 ? chunk.length : end
    }
    this.consumed = at
    return frames
  }

  finish(): ReadonlyArray<never> {
    return []
  }

  /** The place after the brace that closes the object; -1 where it has not come. */
  private endOfObject(chunk: Uint8Array, from: number): number {
    let { afterBackslash, depth, inString } = this
    let end = -1
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (inString) {
        if (afterBackslash) afterBackslash = false
        else if (byte === quote) inString = false
        else if (byte === backslash) afterBackslash = true
      } else if (byte === quote) inString = true
      else if (byte === opening) depth++
      else if (byte === closing && --depth === 0) {
        end = at + 1
        break
      }
    }
    this.depth = depth
    this.inString = inString
    this.afterBackslash = afterBackslash
    return end
  }

  /** Takes bytes of a frame, which ends at `end`, or is incomplete where that is -1. */
  private take(chunk: Uint8Array, start: number, end: number, frames: Array<string | InvalidFrame>): void {
    const to = end < 0 ? chunk.length : end
    const length = this.buffer.length + (to - start)
    if (!this.skipping && length > this.maxLength) {
      frames.push(tooLong(this.maxLength))
      this.skipping = true
      this.buffer.release()
    }
    if (end < 0) {
      if (!this.skipping) this.buffer.append(chunk, start, to, this.maxLength)
      return
    }
    if (!this.skipping) frames.push(this.read(chunk, start, end))
    this.place = "between"
    this.skipping = false
  }

  private read(chunk: Uint8Array, start: number, end: number): string | InvalidFrame {
    if (this.buffer.length > 0) this.buffer.append(chunk, start, end, this.maxLength)
    const bytes = this.buffer.length > 0 ? this.buffer.view() : chunk.subarray(start, end)
    this.buffer.release()
    return decodeFrame(utf8, bytes, this.maxLength)
  }
}
