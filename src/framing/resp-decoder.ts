import { latin1 } from "./encoding.ts"
import { FrameBatch } from "./frame-batch.ts"
import { type Decoder, FrameBuffer, InvalidFrame, tooLong } from "./frame.ts"
import { ARRAY, ATTRIBUTE, BULK, kinds, maxHeader, RespHeader } from "./resp-header.ts"

const LF = 0x0a
const CR = 0x0d

/**
 * Cuts values of RESP. `state` says what the next byte is; after one that breaks the rules, whether that was reported. `open` has, for each array around it, how many values are
 * missing. `length` counts the bytes of the value in earlier chunks; `buffer` has them, unless the value was reported
 * and is skipped.
 */
export class RespDecoder implements Decoder {
  consumed = 0

  private state:
    | "type"
    | "number"
    | "number-lf"
    | "line"
    | "inline"
    | "bulk"
    | "bulk-end"
    | "failed"
    | "malformed" = "type"
  private readonly open: Array<number> = []
  private readonly buffer = new FrameBuffer()
  private length = 0
  private skipping = false
  /** Where the value begins in the chunk, or goes on. */
  private from = 0

  private readonly header = new RespHeader()
  /** How much of a bulk string is to come, its line end not counted. */
  private remaining = 0
  private afterCarriageReturn = false
  private failure: InvalidFrame | undefined

  private readonly maxLength: number
  private readonly maxDepth: number
  private readonly inline: boolean

  constructor(maxLength: number, maxDepth: number, inline: boolean) {
    this.maxLength = maxLength
    this.maxDepth = maxDepth
    this.inline = inline
  }

  push(chunk: Uint8Array, start = 0, max = Infinity): ReadonlyArray<string | InvalidFrame> {
    const batch = new FrameBatch(chunk)
    this.from = start
    let at = start
    while (at < chunk.length && batch.size < max) {
      switch (this.state) {
        case "type":
          if (this.readType(chunk, at)) at++
          break
        case "number":
          at = this.readNumber(chunk, at)
          break
        case "number-lf":
          if (chunk[at] === LF) at = this.endHeader(chunk, at + 1, batch)
          else this.fail(at, this.header.problem)
          break
        case "bulk": {
          const end = Math.min(at + this.remaining, chunk.length)
          this.remaining -= end - at
          at = end
          if (this.remaining === 0) this.state = "bulk-end"
          break
        }
        case "bulk-end":
          if (this.endBulk(chunk, at, batch)) at++
          break
        case "line":
        case "inline":
          at = this.readLine(chunk, at, batch)
          break
        case "failed":
          batch.push(this.failure!)
          this.state = "malformed"
          break
        case "malformed":
          at = chunk.length
          break
      }
    }
    this.keep(chunk, at)
    batch.decode()
    this.consumed = at
    return batch.frames
  }

  finish(): ReadonlyArray<never> {
    return []
  }

  /** Begins a value; returns whether the byte is its type, and not the first of an inline command. */
  private readType(chunk: Uint8Array, at: number): boolean {
    const byte = chunk[at]!
    const kind = kinds[byte]
    this.afterCarriageReturn = false
    if (this.inline && this.open.length === 0 && byte !== ARRAY) {
      this.state = "inline"
      return false
    }
    if (kind === undefined || (this.inline && this.open.length > 0 && byte !== BULK)) {
      const found = `'${printable(byte)}'`
      this.fail(at, this.inline ? `expected '$', got ${found}` : `unknown type ${found}`)
      return false
    }
    this.header.begin(byte)
    this.state = kind === "line" ? "line" : "number"
    return true
  }

  /** Reads the number in a header; returns the place behind what it read. */
  private readNumber(chunk: Uint8Array, start: number): number {
    const at = this.header.read(chunk, start)
    if (this.header.status === "complete") this.state = "number-lf"
    else if (this.header.status === "invalid") this.fail(at, this.header.problem)
    return at
  }

  /** Ends the header of a bulk string or an aggregate, before `at`; returns the place behind what it read. */
  private endHeader(chunk: Uint8Array, at: number, batch: FrameBatch): number {
    const { isBulk, isNull, number } = this.header
    if (!this.header.isValid(this.inline)) {
      this.fail(at, this.header.problem)
      return at - 1
    }
    this.limit(at, isBulk && !isNull ? number + 2 : 0, batch)
    if (isNull) this.endValue(chunk, at, batch)
    else if (!isBulk) return this.beginValues(chunk, at, batch) ? at : at - 1
    else {
      // Most strings are whole in the chunk.
      const end = at + number
      if (chunk[end] === CR && chunk[end + 1] === LF) {
        this.endValue(chunk, end + 2, batch)
        return end + 2
      }
      this.remaining = number
      this.state = number === 0 ? "bulk-end" : "bulk"
    }
    return at
  }

  /** Begins an aggregate; returns whether it may be nested here. */
  private beginValues(chunk: Uint8Array, at: number, batch: FrameBatch): boolean {
    const { open } = this
    const { type, values } = this.header
    this.state = "type"
    if (type === ATTRIBUTE && open.length > 0) {
      // An attribute is not a value: it precedes one.
      open[open.length - 1] = open[open.length - 1]! + values
    } else if (type === ATTRIBUTE) open.push(values + 1)
    else if (values === 0) this.endValue(chunk, at, batch)
    else if (open.length < this.maxDepth) open.push(values)
    else return this.fail(at, "nested too deep")
    return true
  }

  /** Takes a byte of the line end after a bulk string; returns whether it is one. */
  private endBulk(chunk: Uint8Array, at: number, batch: FrameBatch): boolean {
    const byte = chunk[at]
    if (this.afterCarriageReturn && byte === LF) this.endValue(chunk, at + 1, batch)
    else if (!this.afterCarriageReturn && byte === CR) this.afterCarriageReturn = true
    else return this.fail(at, "expected CRLF after a bulk string")
    return true
  }

  /** Reads to the end of a line or of the chunk; returns the place behind what it read. */
  private readLine(chunk: Uint8Array, at: number, batch: FrameBatch): number {
    const isInline = this.state === "inline"
    const lf = chunk.indexOf(LF, at)
    const end = lf < 0 ? chunk.length : lf
    if (end > at) this.afterCarriageReturn = chunk[end - 1] === CR
    // What ends an inline command is not part of it.
    const uncounted = isInline && this.afterCarriageReturn ? -1 : 0
    this.limit(end, lf < 0 || isInline ? uncounted : 1, batch)
    if (lf < 0) return end
    if (isInline) this.endInline(chunk, end, batch)
    else if (this.afterCarriageReturn) this.endValue(chunk, end + 1, batch)
    else {
      this.fail(end, "expected CRLF after a line")
      return end
    }
    return end + 1
  }

  private endInline(chunk: Uint8Array, lf: number, batch: FrameBatch): void {
    const dropped = this.afterCarriageReturn ? 1 : 0
    const isEmpty = this.length + (lf - this.from) === dropped
    this.give(chunk, lf, lf + 1, dropped, isEmpty, batch)
  }

  private endValue(chunk: Uint8Array, at: number, batch: FrameBatch): void {
    this.state = "type"
    this.afterCarriageReturn = false
    const { open } = this
    while (open.length > 0) {
      const missing = open[open.length - 1]! - 1
      if (missing > 0) {
        open[open.length - 1] = missing
        return
      }
      open.pop()
    }
    // A server gets a null or empty array.
    const isEmpty = this.inline && this.header.type === ARRAY
    this.give(chunk, at, at, 0, isEmpty, batch)
  }

  /** Ends the frame at `end`, less `dropped` bytes; the next begins at `next`. */
  private give(
    chunk: Uint8Array,
    end: number,
    next: number,
    dropped: number,
    isEmpty: boolean,
    batch: FrameBatch
  ): void {
    if (!this.skipping && !isEmpty) {
      if (this.length === 0) batch.add(this.from, end - dropped)
      else {
        this.buffer.append(chunk, this.from, end, this.maxLength + maxHeader)
        batch.push(latin1.decode(this.buffer.bytes.subarray(0, this.buffer.length - dropped)))
      }
    }
    this.buffer.release()
    this.length = 0
    this.skipping = false
    this.state = "type"
    this.from = next
  }

  /** Reports the value if it is longer than the limit, with what came before `at` and `more` bytes. */
  private limit(at: number, more: number, batch: FrameBatch): void {
    if (this.skipping || this.length + (at - this.from) + more <= this.maxLength) return
    batch.push(tooLong(this.maxLength))
    this.skipping = true
    this.buffer.release()
  }

  private keep(chunk: Uint8Array, at: number): void {
    if (this.state === "failed" || this.state === "malformed") return
    if (!this.skipping) this.buffer.append(chunk, this.from, at, this.maxLength + maxHeader)
    this.length += at - this.from
  }

  /**
   * Ends decoding at a byte that breaks the rules. It is consumed when the failure is reported, which may be in the next
   * call, because the same byte may make the value too long.
   */
  private fail(at: number, problem: string): false {
    const length = this.length + (at - this.from)
    this.failure = new InvalidFrame({ reason: "Malformed", maxLength: this.maxLength, length, problem })
    this.state = "failed"
    this.buffer.release()
    return false
  }
}

/** A byte in a message for people, which becomes part of a line. */
const printable = (byte: number): string => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?")
