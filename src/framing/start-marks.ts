import type { FrameEncoding } from "./encoding.ts"
import { type Decoder, decodeFrame, type Frame, FrameBuffer, InvalidFrame, tooLong } from "./frame.ts"
import type { LineFormat } from "./line-decoder.ts"

const CR = 0x0d

/**
 * Cuts lines that begin with a start mark, as the `$` of NMEA 0183, from bytes of which some may be missing.
 *
 * A segment is what is between two places where a frame may begin or end: marks and delimiters. It is a frame if it
 * begins with a mark and a delimiter ends it, and else `NoStart`. `length` bytes of the segment came so far; `buffer`
 * has those of earlier chunks, unless the segment is noise or was reported.
 */
export class StartMarkDecoder<F extends Frame> implements Decoder<F> {
  consumed = 0

  private readonly buffer = new FrameBuffer()
  private length = 0
  /** Whether the segment begins with a mark. */
  private marked = false
  private reported = false
  /** How many bytes of a delimiter the segment ends with, and where its last CR is, counted from one. */
  private matched = 0
  private lastCarriageReturn = 0

  private readonly maxLength: number
  private readonly encoding: FrameEncoding<F>
  private readonly format: LineFormat
  /** By byte, whether it is a mark. */
  private readonly marks: ReadonlyArray<boolean>
  /** For each beginning of the delimiter, the length of its longest end that is a shorter beginning. */
  private readonly shorter: ReadonlyArray<number>

  constructor(
    maxLength: number,
    encoding: FrameEncoding<F>,
    format: LineFormat,
    marks: ReadonlyArray<boolean>
  ) {
    this.maxLength = maxLength
    this.encoding = encoding
    this.format = format
    this.marks = marks
    this.shorter = shorterBeginnings(format.delimiter)
  }

  push(chunk: Uint8Array, start = 0, max = Infinity): ReadonlyArray<F | InvalidFrame> {
    const frames: Array<F | InvalidFrame> = []
    /** Where the bytes of the segment begin that are not in the buffer. */
    let from = start
    let at = start
    for (; at < chunk.length && frames.length < max; at++) {
      const byte = chunk[at]!
      if (this.marks[byte]!) {
        this.cutShort(frames)
        this.marked = true
        this.length = 1
        from = at
        continue
      }
      this.length++
      this.match(byte)
      if (this.matched === this.format.delimiter.length) {
        this.complete(chunk, from, at + 1, this.length - this.matched, frames)
        from = at + 1
      } else if (!this.reported && this.length - this.partOfEnd() > this.maxLength) {
        frames.push(this.marked ? tooLong(this.maxLength) : this.noStart(this.maxLength + 1))
        this.reported = true
        this.buffer.release()
      }
    }
    this.keep(chunk, from, at)
    this.consumed = at
    return frames
  }

  finish(): ReadonlyArray<F | InvalidFrame> {
    const frames: Array<F | InvalidFrame> = []
    if (this.format.keepUnterminated) this.complete(new Uint8Array(0), 0, 0, this.length, frames)
    this.next()
    return frames
  }

  private match(byte: number): void {
    if (byte === CR) this.lastCarriageReturn = this.length
    const { delimiter } = this.format
    while (this.matched > 0 && byte !== delimiter[this.matched]) {
      this.matched = this.shorter[this.matched - 1]!
    }
    if (byte === delimiter[this.matched]) this.matched++
  }

  /** How many of the last bytes may belong to a delimiter, or are a CR that is dropped before one. */
  private partOfEnd(): number {
    return this.matched + this.droppedAt(this.length - this.matched)
  }

  private droppedAt(length: number): number {
    return this.format.dropCarriageReturn && length > 0 && this.lastCarriageReturn === length ? 1 : 0
  }

  /** Ends the segment where another frame begins. */
  private cutShort(frames: Array<F | InvalidFrame>): void {
    if (this.length > 0 && !this.reported) {
      frames.push(
        this.marked && this.length > this.maxLength
          ? tooLong(this.maxLength)
          : this.noStart(Math.min(this.length, this.maxLength + 1))
      )
    }
    this.next()
  }

  /** Ends the segment where its line ends, after `end` bytes. */
  private complete(
    chunk: Uint8Array,
    from: number,
    to: number,
    end: number,
    frames: Array<F | InvalidFrame>
  ): void {
    const length = end - this.droppedAt(end)
    if (!this.reported && length > 0) {
      if (!this.marked) frames.push(this.noStart(Math.min(length, this.maxLength + 1)))
      else if (length > this.maxLength) frames.push(tooLong(this.maxLength))
      else {
        this.keep(chunk, from, to)
        frames.push(decodeFrame(this.encoding, this.buffer.bytes.subarray(0, length), this.maxLength))
      }
    }
    this.next()
  }

  private keep(chunk: Uint8Array, from: number, to: number): void {
    if (!this.marked || this.reported || from === to) return
    this.buffer.append(chunk, from, to, this.maxLength + this.format.delimiter.length + 1)
  }

  private noStart(length: number): InvalidFrame {
    return new InvalidFrame({ reason: "NoStart", maxLength: this.maxLength, length })
  }

  private next(): void {
    this.buffer.release()
    this.length = 0
    this.marked = false
    this.reported = false
    this.matched = 0
    this.lastCarriageReturn = 0
  }
}

const shorterBeginnings = (delimiter: Uint8Array): ReadonlyArray<number> => {
  const lengths = [0]
  for (let at = 1; at < delimiter.length; at++) {
    let length = lengths[at - 1]!
    while (length > 0 && delimiter[at] !== delimiter[length]) length = lengths[length - 1]!
    lengths.push(delimiter[at] === delimiter[length] ? length + 1 : 0)
  }
  return lengths
}
