import { DotBlockReader, dotStuffing } from "./dot-block.ts"
import { type FrameEncoding, fromLatin1 } from "./encoding.ts"
import { type Decoder, decodeFrame, FrameBuffer, InvalidFrame, type Pieces } from "./frame.ts"
import { LineDecoder, type LineFormat } from "./line-decoder.ts"

/** Which lines a payload follows. */
export interface Payload {
  /**
   * What follows a line: a payload of this many bytes and a delimiter (memcached's `set k 0 0 5`, NATS' `PUB a 5`), a
   * block that a line with a dot ends (`dot`), or nothing, also where the number is negative or not an integer.
   */
  readonly length: (line: string) => number | "dot" | undefined
  /** The largest payload in bytes. */
  readonly maxLength: number
}

/** Whether this is the length of a payload: a number of too many digits is one that is too long. */
const isLength = (length: number | "dot" | undefined): length is number =>
  typeof length === "number" && length >= 0 && (Number.isInteger(length) || length === Infinity)

/** Encodes a line and its payload; `end` is what ends both. */
export const payloadPieces = (encoding: FrameEncoding<string>, end: string, payload: Payload): Pieces => {
  const text = encoding.pieces()
  /** The line, until its end is known; then what the rest is: a payload, or more of a line that announced none. */
  let head = ""
  let rest: Pieces | undefined
  const push = (piece: string): string => {
    if (rest !== undefined) return rest.push(text.push(piece))
    const lineEnd = piece.indexOf("\n")
    if (lineEnd < 0) {
      head += piece
      return ""
    }
    head += piece.slice(0, lineEnd)
    const length = payload.length(head)
    const hasPayload = length === "dot" || isLength(length)
    rest = length === "dot" ? dotStuffing() : ended(end)
    // Where no payload follows, LF is a character of the line, which another delimiter ends.
    return text.push(head) + (hasPayload ? end : "\n") + rest.push(text.push(piece.slice(lineEnd + 1)))
  }
  return {
    push,
    end: () => (rest === undefined ? text.push(head) + text.end() + end : rest.push(text.end()) + rest.end())
  }
}

const ended = (end: string): Pieces => ({ push: (piece) => piece, end: () => end })

const CR = 0x0d

/**
 * Cuts lines and the payloads after them.
 *
 * `state` says what the next bytes are: a line; bytes of a payload, of which `remaining` are to come; the delimiter
 * after it, of which `matched` bytes came, perhaps behind a CR that is dropped; a block that a dot ends. Except in `line`, `head` is the line that announced
 * it. A payload whose frame was already reported is `skipping`.
 */
export class PayloadDecoder implements Decoder {
  consumed = 0

  private state: "line" | "bytes" | "delimiter" | "block" = "line"
  private head = ""
  private skipping = false
  private remaining = 0
  private matched = 0
  private sawCarriageReturn = false
  private readonly buffer = new FrameBuffer()

  private readonly lines: LineDecoder<string>
  private readonly block: DotBlockReader
  /** The last line that was not text. */
  private notText = ""

  private readonly encoding: FrameEncoding<string>
  private readonly format: LineFormat
  private readonly payload: Payload

  constructor(maxLength: number, encoding: FrameEncoding<string>, format: LineFormat, payload: Payload) {
    this.encoding = encoding
    this.format = format
    this.payload = payload
    this.block = new DotBlockReader(payload.maxLength)
    this.lines = new LineDecoder(
      maxLength,
      { ...encoding, decode: (bytes) => this.decodeLine(bytes) },
      format
    )
  }

  push(chunk: Uint8Array, start = 0, max = Infinity): ReadonlyArray<string | InvalidFrame> {
    const frames: Array<string | InvalidFrame> = []
    let at = start
    while (at < chunk.length && frames.length < max) {
      switch (this.state) {
        case "line": {
          const [line] = this.lines.push(chunk, at, 1)
          at = this.lines.consumed
          if (line !== undefined) this.takeLine(line, frames)
          break
        }
        case "bytes": {
          const behind = this.buffer.length === 0 ? this.endOfWhole(chunk, at) : 0
          if (behind > 0) {
            this.complete(chunk.subarray(at, at + this.remaining), frames)
            at = behind
            break
          }
          const end = Math.min(at + this.remaining, chunk.length)
          if (!this.skipping) this.buffer.append(chunk, at, end, this.payload.maxLength)
          this.remaining -= end - at
          if (this.remaining === 0) this.state = "delimiter"
          at = end
          break
        }
        case "delimiter":
          // A byte that is not of the delimiter is read again, as one of the line that is skipped.
          if (this.matchDelimiter(chunk[at]!, frames)) at++
          break
        case "block":
          at = this.block.read(chunk, at)
          if (this.block.tooLong) this.report("TooLong", this.payload.maxLength + 1, frames)
          if (this.block.ended) this.complete(this.block.block, frames)
          break
      }
    }
    this.consumed = at
    return frames
  }

  finish(): ReadonlyArray<string | InvalidFrame> {
    const frames: Array<string | InvalidFrame> = []
    const left = this.lines.finish()
    // A line whose payload does not follow is not a frame.
    if (this.state === "line") for (const line of left) this.takeLine(line, frames)
    this.next()
    return frames
  }

  private decodeLine(bytes: Uint8Array): string {
    try {
      return this.encoding.decode(bytes)
    } catch (error) {
      this.notText = fromLatin1(bytes)
      throw error
    }
  }

  private takeLine(line: string | InvalidFrame, frames: Array<string | InvalidFrame>): void {
    if (typeof line !== "string" && line.reason !== "NotText") {
      frames.push(line)
      return
    }
    // The payload of a line that is not text must not be read as lines.
    const head = typeof line === "string" ? line : this.notText
    const length = this.payload.length(head)
    const isBlock = length === "dot"
    if (isBlock || isLength(length)) {
      this.head = head
      this.state = isBlock ? "block" : length === 0 ? "delimiter" : "bytes"
      if (!isBlock) {
        this.remaining = length
        if (length > this.payload.maxLength && typeof line === "string")
          this.report("TooLong", length, frames)
      }
    }
    if (typeof line !== "string") {
      frames.push(line)
      this.skipping = this.state !== "line"
    } else if (this.state === "line") frames.push(line)
  }

  /** The place behind a payload and its delimiter that are whole in the chunk, as most are; else 0. */
  private endOfWhole(chunk: Uint8Array, start: number): number {
    const { delimiter, dropCarriageReturn } = this.format
    let at = start + this.remaining
    if (dropCarriageReturn && chunk[at] === CR) at++
    for (const byte of delimiter) if (chunk[at++] !== byte) return 0
    return at
  }

  /** Takes a byte after the payload; returns whether it may belong to the delimiter. */
  private matchDelimiter(byte: number, frames: Array<string | InvalidFrame>): boolean {
    const { delimiter, dropCarriageReturn } = this.format
    if (byte === delimiter[this.matched]) {
      if (++this.matched === delimiter.length) this.complete(this.buffer.view(), frames)
      return true
    }
    if (dropCarriageReturn && this.matched === 0 && byte === CR && !this.sawCarriageReturn) {
      this.sawCarriageReturn = true
      return true
    }
    this.report("BadPayload", this.buffer.length, frames)
    this.lines.skipLine()
    this.lines.push(delimiter.subarray(0, this.matched))
    this.next()
    return false
  }

  private complete(bytes: Uint8Array, frames: Array<string | InvalidFrame>): void {
    if (!this.skipping) {
      const text = decodeFrame(this.encoding, bytes, this.payload.maxLength)
      if (typeof text === "string") frames.push(this.head + "\n" + text)
      else this.report("NotText", bytes.length, frames)
    }
    this.next()
  }

  /** Reports the payload, once. */
  private report(reason: InvalidFrame["reason"], length: number, frames: Array<string | InvalidFrame>): void {
    if (!this.skipping) {
      frames.push(new InvalidFrame({ reason, maxLength: this.payload.maxLength, length, head: this.head }))
    }
    this.skipping = true
  }

  /** Goes back to lines. */
  private next(): void {
    this.state = "line"
    this.head = ""
    this.skipping = false
    this.remaining = 0
    this.matched = 0
    this.sawCarriageReturn = false
    this.buffer.release()
    this.block.next()
  }
}
