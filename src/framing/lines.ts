import { type Decoder, type Framing, Held, InvalidFrame, tooLong, utf8 } from "./frame.ts"

/**
 * Frames that are lines: LF ends one, empty ones are ignored.
 *
 * **Details**
 *
 * - `maxLength`: the largest line in bytes, neither LF nor a dropped CR counted.
 * - `escape`: an ASCII character. An LF after an odd number of them belongs to the line instead of ending it; both
 *   stay in the frame as they came, for the syntax to resolve. Without it, every LF ends a line.
 * - `carriageReturn`: `drop` (the default) takes one CR off the end of a line, `keep` makes it an ordinary character.
 */
export const lines = (options: {
  readonly maxLength: number
  readonly escape?: string
  readonly carriageReturn?: "drop" | "keep"
}): Framing => ({
  maxLength: options.maxLength,
  withMaxLength: (maxLength) => lines({ ...options, maxLength }),
  decoder: () =>
    new LineDecoder(
      options.maxLength,
      options.escape === undefined ? -1 : options.escape.charCodeAt(0),
      options.carriageReturn !== "keep"
    ),
  encode: (frame) => frame + "\n"
})

const LF = 0x0a
const CR = 0x0d

/** The next LF; it is found faster in the text of its block, where that is known. */
const lineFeed = (chunk: Uint8Array, from: number, text: string | undefined, textStart: number): number => {
  if (text === undefined) return chunk.indexOf(LF, from)
  const at = text.indexOf("\n", from - textStart)
  return at < 0 ? -1 : at + textStart
}

/** The text of these bytes where each is a character, so that positions are the same in both. */
const decodeAscii = (bytes: Uint8Array, from: number, to: number): string | undefined => {
  try {
    const text = utf8.decode(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to))
    return text.length === to - from ? text : undefined
  } catch {
    return undefined
  }
}

/**
 * Lines are decoded in blocks, for a call of the decoder costs more than what it does for a short line. A string cut
 * out of a block keeps the block alive, so a block is small: that much, and not the 64 KiB that it arrived in, is what
 * a session holds on to that keeps one word.
 */
const blockSize = 512

class LineDecoder implements Decoder {
  private readonly held = new Held()
  /** Inside a line that was already reported as too long. */
  private skipping = false
  /** While skipping: whether the skipped bytes end with an odd number of escapes. */
  private skippedEscape = false

  readonly maxLength: number
  readonly escape: number
  readonly dropCarriageReturn: boolean

  constructor(maxLength: number, escape: number, dropCarriageReturn: boolean) {
    this.maxLength = maxLength
    this.escape = escape
    this.dropCarriageReturn = dropCarriageReturn
  }

  push(chunk: Uint8Array): ReadonlyArray<string | InvalidFrame> {
    const frames: Array<string | InvalidFrame> = []
    let blockStart = 0
    let start = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, end + 1)) {
      if (this.escape >= 0 && this.isEscaped(chunk, start, end)) continue
      if (this.continues(start)) {
        this.complete(chunk, end, frames)
        blockStart = end + 1
      } else if (end - blockStart > blockSize) {
        this.readBlock(chunk, blockStart, start, frames)
        blockStart = start
      }
      start = end + 1
    }
    this.readBlock(chunk, blockStart, start, frames)
    if (start < chunk.length) {
      const bad = this.hold(chunk, start, chunk.length)
      if (bad !== undefined) frames.push(bad)
    }
    return frames
  }

  /** Reads whole lines, up to and with the LF of the last. */
  private readBlock(chunk: Uint8Array, from: number, to: number, frames: Array<string | InvalidFrame>): void {
    if (from === to) return
    const text = to - from > blockSize ? undefined : decodeAscii(chunk, from, to)
    let start = from
    for (
      let end = lineFeed(chunk, from, text, from);
      start < to;
      end = lineFeed(chunk, end + 1, text, from)
    ) {
      if (this.escape >= 0 && this.isEscaped(chunk, start, end)) continue
      const frame = this.read(chunk, start, end, text, from)
      if (frame !== undefined) frames.push(frame)
      start = end + 1
    }
  }

  /** Whether the byte at `end` comes after an odd number of escapes; these may reach back into what is held. */
  private isEscaped(chunk: Uint8Array, start: number, end: number): boolean {
    let at = end - 1
    while (at >= start && chunk[at] === this.escape) at--
    const odd = (end - 1 - at) % 2 === 1
    return at < start && this.continues(start) ? odd !== this.endsEscaped() : odd
  }

  /** Whether the line that goes on at `start` began in an earlier chunk: only the first line of a chunk can have. */
  private continues(start: number): boolean {
    return start === 0 && (this.held.length > 0 || this.skipping)
  }

  private endsEscaped(): boolean {
    if (this.skipping) return this.skippedEscape
    const { bytes, length } = this.held
    let at = length - 1
    while (at >= 0 && bytes[at] === this.escape) at--
    return (length - 1 - at) % 2 === 1
  }

  /** Ends the line that began in an earlier chunk. */
  private complete(chunk: Uint8Array, end: number, frames: Array<string | InvalidFrame>): void {
    const wasReported = this.skipping
    const bad = this.hold(chunk, 0, end)
    const frame = wasReported ? undefined : (bad ?? this.read(this.held.bytes, 0, this.held.length))
    if (frame !== undefined) frames.push(frame)
    this.held.release()
    this.skipping = false
  }

  /** Reads one line, out of the text of its block where that is known. */
  private read(
    bytes: Uint8Array,
    start: number,
    end: number,
    text?: string,
    textStart = 0
  ): string | InvalidFrame | undefined {
    const length = this.lengthOf(bytes, start, end)
    if (length > this.maxLength) return tooLong(this.maxLength)
    if (length === 0) return undefined
    if (text !== undefined) return text.slice(start - textStart, start - textStart + length)
    try {
      return utf8.decode(bytes.subarray(start, start + length))
    } catch {
      return new InvalidFrame({ reason: "NotText", maxLength: this.maxLength, length })
    }
  }

  /** The length of the line in these bytes, less a CR that is dropped. */
  private lengthOf(bytes: Uint8Array, start: number, end: number): number {
    return this.dropCarriageReturn && end > start && bytes[end - 1] === CR ? end - start - 1 : end - start
  }

  private hold(chunk: Uint8Array, start: number, end: number): InvalidFrame | undefined {
    if (this.skipping) {
      this.skippedEscape = this.isEscaped(chunk, start, end)
      return undefined
    }
    const length = this.held.length + (end - start)
    // One byte more than the limit is kept: it may be a CR that an LF follows.
    if (length > this.maxLength + 1) return this.skip(chunk, start, end)
    this.held.append(chunk, start, end, this.maxLength + 1)
    return this.lengthOf(this.held.bytes, 0, length) > this.maxLength ? this.skip(chunk, end, end) : undefined
  }

  private skip(chunk: Uint8Array, start: number, end: number): InvalidFrame {
    const escaped =
      this.escape >= 0 && (start === end ? this.endsEscaped() : this.isEscaped(chunk, start, end))
    this.held.release()
    this.skipping = true
    this.skippedEscape = escaped
    return tooLong(this.maxLength)
  }
}
