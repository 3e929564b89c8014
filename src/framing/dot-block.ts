import { type FrameEncoding, type TextEncoding, bytes, textEncoding } from "./encoding.ts"
import {
  type Decoder,
  decodeFrame,
  type Frame,
  FrameBuffer,
  type Framing,
  type InvalidFrame,
  type Pieces,
  tooLong
} from "./frame.ts"

interface DotBlockOptions {
  /** The largest block in bytes, as it is without dot-stuffing and terminator. */
  readonly maxLength: number
}

/**
 * Frames that are blocks of lines, each ended by a line that is a dot (RFC 5321 4.5.2, RFC 3977 3.1.1): mail, articles.
 *
 * **Details**
 *
 * - The frame is the text with the line ends as they came, the last one included. An empty block is an empty frame.
 * - Only CRLF ends a line, and only CRLF `.` CRLF ends a block. A bare CR or LF is an ordinary character, so that no
 *   mail can smuggle another past a peer that ends lines elsewhere.
 * - A dot that begins a line and is not alone on it is dropped; `encode` adds one.
 * - `encode` ends a text that does not end with CRLF with one.
 * - A block that is too long is an `InvalidFrame` at its end and not before, so that a session which leaves the mode for
 *   blocks then does not take the rest of a mail for commands.
 * - `encoding`: of the text, `bytes` for frames of bytes. Default: `utf-8`.
 */
export function dotBlock(options: DotBlockOptions & { readonly encoding: "bytes" }): Framing<Uint8Array>
export function dotBlock(options: DotBlockOptions & { readonly encoding?: TextEncoding }): Framing
export function dotBlock(
  options: DotBlockOptions & { readonly encoding?: TextEncoding | "bytes" }
): Framing | Framing<Uint8Array> {
  return options.encoding === "bytes"
    ? make(options.maxLength, bytes)
    : make(options.maxLength, textEncoding(options.encoding))
}

const make = <F extends Frame>(maxLength: number, encoding: FrameEncoding<F>): Framing<F> => ({
  maxLength,
  withMaxLength: (maxLength) => make(maxLength, encoding),
  decoder: () => new DotBlockDecoder(maxLength, encoding),
  charset: encoding.charset,
  encode: (frame) => {
    const stuffing = dotStuffing()
    return stuffing.push(encoding.encode(frame)) + stuffing.end()
  },
  pieces: () => {
    const pieces = encoding.pieces()
    const stuffing = dotStuffing()
    return {
      push: (piece) => stuffing.push(pieces.push(piece)),
      end: () => stuffing.push(pieces.end()) + stuffing.end()
    }
  }
})

/** Doubles the dots that begin a line, and ends the block. */
export const dotStuffing = (): Pieces => {
  /** What the text so far ends with, where it matters: a line end, or half of one. */
  let last: "line" | "cr" | "other" = "line"
  return {
    push: (piece) => {
      if (piece === "") return ""
      let text = piece.replaceAll("\r\n.", "\r\n..")
      if (last === "line" && text.startsWith(".")) text = "." + text
      else if (last === "cr" && text.startsWith("\n.")) text = "\n." + text.slice(1)
      const endsLine = piece.endsWith("\r\n") || (last === "cr" && piece === "\n")
      last = endsLine ? "line" : piece.endsWith("\r") ? "cr" : "other"
      return text
    },
    end: () => (last === "line" ? ".\r\n" : "\r\n.\r\n")
  }
}

const LF = 0x0a
const CR = 0x0d
const DOT = 0x2e

/** The bytes that a place in a block comes after, where they matter. */
type Place = "line" | "dot" | "dot-cr" | "cr" | "text"

/**
 * Reads one block at a time. `place` is where the bytes so far end. The buffer has the block so far, unless it is too
 * long: then it is empty, and the block is skipped.
 */
export class DotBlockReader {
  /** Whether the last call of `read` came to the end of the block. */
  ended = false
  tooLong = false

  private readonly buffer = new FrameBuffer()
  private place: Place = "line"
  private readonly maxLength: number

  constructor(maxLength: number) {
    this.maxLength = maxLength
  }

  /** The block, without dot-stuffing; valid until the next call. */
  get block(): Uint8Array {
    return this.buffer.view()
  }

  /** Begins another block. */
  next(): void {
    this.ended = false
    this.tooLong = false
    this.place = "line"
    this.buffer.release()
  }

  /** Reads to the end of the block or of the chunk; returns the place behind what it read. */
  read(chunk: Uint8Array, start: number): number {
    /** Where the bytes begin that belong to the block and are not in the buffer. */
    let from = start
    let at = start
    while (at < chunk.length && !this.ended) {
      if (this.place === "text") {
        const cr = chunk.indexOf(CR, at)
        if (cr < 0) {
          at = chunk.length
          break
        }
        at = cr
      }
      const byte = chunk[at]!
      if (this.place === "line" && byte === DOT) {
        // Whatever follows, this dot is not text.
        this.keep(chunk, from, at)
        from = at + 1
        this.place = "dot"
      } else if (this.place === "dot" && byte === CR) {
        from = at + 1
        this.place = "dot-cr"
      } else if (this.place === "dot-cr" && byte === LF) {
        from = at + 1
        this.ended = true
      } else {
        if (this.place === "dot-cr") this.keep(carriageReturn, 0, 1)
        const endsLine = byte === LF && (this.place === "cr" || this.place === "dot-cr")
        this.place = endsLine ? "line" : byte === CR ? "cr" : "text"
      }
      at++
    }
    this.keep(chunk, from, at)
    return at
  }

  private keep(chunk: Uint8Array, start: number, end: number): void {
    if (this.tooLong || start >= end) return
    if (this.buffer.length + (end - start) <= this.maxLength) {
      this.buffer.append(chunk, start, end, this.maxLength)
    } else {
      this.tooLong = true
      this.buffer.release()
    }
  }
}

class DotBlockDecoder<F extends Frame> implements Decoder<F> {
  consumed = 0

  private readonly reader: DotBlockReader
  private readonly maxLength: number
  private readonly encoding: FrameEncoding<F>

  constructor(maxLength: number, encoding: FrameEncoding<F>) {
    this.reader = new DotBlockReader(maxLength)
    this.maxLength = maxLength
    this.encoding = encoding
  }

  push(chunk: Uint8Array, start = 0, max = Infinity): ReadonlyArray<F | InvalidFrame> {
    const frames: Array<F | InvalidFrame> = []
    const { reader } = this
    let at = start
    while (at < chunk.length && frames.length < max) {
      at = reader.read(chunk, at)
      if (!reader.ended) break
      frames.push(
        reader.tooLong ? tooLong(this.maxLength) : decodeFrame(this.encoding, reader.block, this.maxLength)
      )
      reader.next()
    }
    this.consumed = at
    return frames
  }

  finish(): ReadonlyArray<never> {
    this.reader.next()
    return []
  }
}

const carriageReturn = Uint8Array.of(CR)
