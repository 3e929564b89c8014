import type { Block, FrameEncoding } from "./encoding.ts"
import { type Decoder, decodeFrame, type Frame, FrameBuffer, type InvalidFrame, tooLong } from "./frame.ts"

/** How lines are cut, resolved from the options of `lines`. */
export interface LineFormat {
  /** The bytes that end a line; one at least. */
  readonly delimiter: Uint8Array
  /** The byte that keeps a delimiter in the line; -1 where there is none. */
  readonly escape: number
  readonly dropCarriageReturn: boolean
  readonly keepEmpty: boolean
  /** Whether the end of input ends a line. */
  readonly keepUnterminated: boolean
}

/**
 * Lines are decoded in blocks, because a call of a `TextDecoder` costs more than what it does for a short line. A
 * string cut out of a block keeps the block alive, so a block is small: a session that keeps one word holds on to this
 * much, and not to the 64 KiB that it arrived in.
 */
const blockSize = 512

const CR = 0x0d

/** Most chunks are one line or a few; a view on a part costs as much as decoding it. */
const part = (bytes: Uint8Array, start: number, end: number): Uint8Array =>
  start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)

/**
 * Cuts lines. `buffer` has the line that is incomplete; while one is skipped that was reported as too long, only its
 * last bytes, which decide whether it ends.
 */
export class LineDecoder<F extends Frame> implements Decoder<F> {
  consumed = 0

  private readonly buffer = new FrameBuffer()
  /** Inside a line that was already reported as too long. */
  private skipping = false

  private readonly maxLength: number
  private readonly encoding: FrameEncoding<F>
  private readonly format: LineFormat
  private readonly dropCarriageReturn: boolean
  private readonly keepEmpty: boolean
  /** The last byte of the delimiter, and how many precede it. */
  private readonly last: number
  private readonly lastText: string
  private readonly preceding: number
  /** Every last byte of the delimiter ends a line. */
  private readonly simple: boolean
  /** How many bytes may follow a line of the largest length before it is certain that they belong to it. */
  private readonly slack: number

  constructor(maxLength: number, encoding: FrameEncoding<F>, format: LineFormat) {
    this.maxLength = maxLength
    this.encoding = encoding
    this.format = format
    this.dropCarriageReturn = format.dropCarriageReturn
    this.keepEmpty = format.keepEmpty
    this.preceding = format.delimiter.length - 1
    this.last = format.delimiter[this.preceding]!
    this.lastText = String.fromCharCode(this.last)
    this.simple = this.preceding === 0 && format.escape < 0
    this.slack = this.preceding + (format.dropCarriageReturn ? 1 : 0)
  }

  push(chunk: Uint8Array, start = 0, max = Infinity): ReadonlyArray<F | InvalidFrame> {
    const frames: Array<F | InvalidFrame> = []
    let line = start
    /** Where the block begins whose lines are known but not read yet, and how many more these may be. */
    let block = start
    let room = max
    let continues = this.buffer.length > 0 || this.skipping
    for (let end = this.endOf(chunk, line); end > 0; end = this.endOf(chunk, line)) {
      if (continues) {
        this.complete(chunk, line, end, frames)
        continues = false
        room = max - frames.length
        block = end
      } else {
        if (end - block > blockSize) {
          this.readBlock(chunk, block, line, frames)
          room = max - frames.length
          block = line
        }
        if (--room <= 0) {
          this.readBlock(chunk, block, end, frames)
          room = max - frames.length
          block = end
        }
      }
      line = end
      if (room <= 0) {
        this.consumed = line
        return frames
      }
    }
    this.readBlock(chunk, block, line, frames)
    if (line < chunk.length && this.hold(chunk, line, chunk.length)) frames.push(tooLong(this.maxLength))
    this.consumed = chunk.length
    return frames
  }

  finish(): ReadonlyArray<F | InvalidFrame> {
    const frames: Array<F | InvalidFrame> = []
    if (this.format.keepUnterminated && !this.skipping && this.buffer.length > 0) {
      this.readBuffer(this.buffer.length, frames)
    }
    this.release()
    return frames
  }

  /** Drops what is left of the current line, up to and with its delimiter. */
  skipLine(): void {
    this.release()
    this.skipping = true
  }

  /** The place behind the delimiter that ends the line which begins or goes on at `line`; 0 where it has not come. */
  private endOf(chunk: Uint8Array, line: number): number {
    let at = chunk.indexOf(this.last, line)
    if (!this.simple) while (at >= 0 && !this.isEnd(chunk, line, at)) at = chunk.indexOf(this.last, at + 1)
    return at + 1
  }

  /** Whether the last byte of a delimiter, at `at`, completes one that is not escaped. */
  private isEnd(chunk: Uint8Array, line: number, at: number): boolean {
    const { delimiter, escape } = this.format
    if (this.preceding === 0 && at > line && chunk[at - 1] !== escape) return true
    for (let i = 1; i <= this.preceding; i++) {
      if (this.byteAt(chunk, line, at - i) !== delimiter[this.preceding - i]) return false
    }
    return escape < 0 || !this.isEscaped(chunk, line, at - this.preceding)
  }

  /** Whether an odd number of escapes precedes this place. */
  private isEscaped(chunk: Uint8Array, line: number, place: number): boolean {
    const { escape } = this.format
    let at = place - 1
    while (at >= line && chunk[at] === escape) at--
    if (at < line) while (this.byteAt(chunk, line, at) === escape) at--
    return (place - 1 - at) % 2 === 1
  }

  /** A byte of the line that begins or goes on at `line`: of the chunk, or of what came before it. */
  private byteAt(chunk: Uint8Array, line: number, at: number): number | undefined {
    return at >= line ? chunk[at] : this.buffer.bytes[this.buffer.length + at - line]
  }

  /** Reads whole lines, up to and with the delimiter of the last. */
  private readBlock(chunk: Uint8Array, start: number, to: number, frames: Array<F | InvalidFrame>): void {
    if (start === to) return
    const block = to - start > blockSize ? undefined : this.encoding.decodeBlock(part(chunk, start, to))
    if (block === undefined) this.readLines(chunk, start, to, frames)
    else this.cutLines(chunk, start, to, block, frames)
  }

  /** Decodes lines one by one. */
  private readLines(chunk: Uint8Array, start: number, to: number, frames: Array<F | InvalidFrame>): void {
    for (let line = start; line < to;) {
      const end = this.endOf(chunk, line)
      const length = this.lengthOf(chunk, line, end - this.preceding - 1)
      if (length > this.maxLength) frames.push(tooLong(this.maxLength))
      else if (length > 0 || this.keepEmpty) {
        frames.push(decodeFrame(this.encoding, chunk.subarray(line, line + length), this.maxLength))
      }
      line = end
    }
  }

  /** Cuts lines out of the text of their block, in which a byte is found faster. */
  private cutLines(
    chunk: Uint8Array,
    start: number,
    to: number,
    block: Block<F>,
    frames: Array<F | InvalidFrame>
  ): void {
    const { lastText, maxLength, preceding, simple } = this
    for (let line = start; line < to;) {
      let last = start + block.indexOf(lastText, line - start)
      if (!simple) {
        while (!this.isEnd(chunk, line, last)) last = start + block.indexOf(lastText, last + 1 - start)
      }
      const length = this.lengthOf(chunk, line, last - preceding)
      if (length > maxLength) frames.push(tooLong(maxLength))
      else if (length > 0 || this.keepEmpty) frames.push(block.slice(line - start, line - start + length))
      line = last + 1
    }
  }

  /** The length of a line, less a CR that is dropped. */
  private lengthOf(bytes: Uint8Array, start: number, end: number): number {
    return this.dropCarriageReturn && end > start && bytes[end - 1] === CR ? end - start - 1 : end - start
  }

  /** Reads the line in the buffer, which is that long. */
  private readBuffer(end: number, frames: Array<F | InvalidFrame>): void {
    const { bytes } = this.buffer
    const length = this.lengthOf(bytes, 0, end)
    if (length > this.maxLength) frames.push(tooLong(this.maxLength))
    else if (length > 0 || this.keepEmpty) {
      frames.push(decodeFrame(this.encoding, bytes.subarray(0, length), this.maxLength))
    }
  }

  /** Ends the line that began in an earlier chunk. */
  private complete(chunk: Uint8Array, start: number, end: number, frames: Array<F | InvalidFrame>): void {
    if (!this.skipping) {
      const length = this.buffer.length + (end - start) - this.preceding - 1
      const most = this.maxLength + this.slack + 1
      if (length + this.preceding + 1 > most) frames.push(tooLong(this.maxLength))
      else {
        this.buffer.append(chunk, start, end, most)
        this.readBuffer(length, frames)
      }
    }
    this.release()
  }

  private release(): void {
    this.buffer.release()
    this.skipping = false
  }

  /** Keeps bytes of a line that is incomplete; returns whether they make it too long. */
  private hold(chunk: Uint8Array, start: number, end: number): boolean {
    if (this.skipping) {
      this.keepTail(chunk, start, end)
      return false
    }
    if (this.buffer.length + (end - start) <= this.maxLength + this.slack) {
      this.buffer.append(chunk, start, end, this.maxLength + this.slack)
      if (this.buffer.length - this.partOfEnd() <= this.maxLength) return false
      start = end
    }
    this.keepTail(chunk, start, end)
    this.skipping = true
    return true
  }

  /** How many of the last bytes of a line may belong to its delimiter, or are a CR that is dropped before one. */
  private partOfEnd(): number {
    const { bytes, length } = this.buffer
    const { delimiter, dropCarriageReturn } = this.format
    for (let part = this.preceding; part >= 0; part--) {
      const from = length - part
      if (from < 0 || bytes.subarray(from, length).some((byte, i) => byte !== delimiter[i])) continue
      const dropped = dropCarriageReturn && bytes[from - 1] === CR ? 1 : 0
      if (part + dropped > 0) return part + dropped
    }
    return 0
  }

  /** Keeps of a line that is skipped what decides whether it ends: an escape, and as many bytes as a delimiter has. */
  private keepTail(chunk: Uint8Array, start: number, end: number): void {
    const tail: Array<number> = []
    for (let at = end - this.preceding; at < end; at++) {
      const byte = this.byteAt(chunk, start, at)
      if (byte !== undefined) tail.push(byte)
    }
    const { escape } = this.format
    if (escape >= 0 && this.isEscaped(chunk, start, end - this.preceding)) tail.unshift(escape)
    this.buffer.release()
    this.buffer.append(Uint8Array.from(tail), 0, tail.length, this.slack + 2)
  }
}
