/**
 * The headers of RESP: a type, and after some of them a number.
 */
const CR = 0x0d
const MINUS = 0x2d
const ZERO = 0x30

export const ARRAY = 0x2a
export const BULK = 0x24
export const ATTRIBUTE = 0x7c

/** What follows a type: a line, a length and as many bytes, or a number of values or of pairs. */
export type Kind = "line" | "bulk" | "values" | "pairs"

/** By type. */
export const kinds: ReadonlyArray<Kind | undefined> = Array.from({ length: 256 }, (_, type) => {
  const character = String.fromCharCode(type)
  if ("+-:_#,(".includes(character)) return "line"
  if ("$!=".includes(character)) return "bulk"
  if ("*~>".includes(character)) return "values"
  return "%|".includes(character) ? "pairs" : undefined
})

/** What Redis allows: `proto-max-bulk-len`, and the elements of an array. */
const maxBulk = 512 * 1024 * 1024
const maxCount = 2 ** 31 - 1
const maxDigits = 10

/** A header is no longer than this. */
export const maxHeader = 32

/** The header that is read: its type, and the number so far. */
export class RespHeader {
  type = 0
  number = 0
  status: "incomplete" | "complete" | "invalid" = "incomplete"
  private digits = 0
  private negative = false

  begin(type: number): void {
    this.type = type
    this.number = 0
    this.digits = 0
    this.negative = false
  }

  get isBulk(): boolean {
    return kinds[this.type] === "bulk"
  }

  /** Minus one. */
  get isNull(): boolean {
    return this.negative && this.number === 1
  }

  /** How many values follow an aggregate. */
  get values(): number {
    return kinds[this.type] === "pairs" ? this.number * 2 : this.number
  }

  /**
   * Reads the number and the CR that ends it; returns the place behind what it read, which is that of a byte that is
   * wrong where `status` is `invalid`.
   */
  read(chunk: Uint8Array, start: number): number {
    let { digits, number } = this
    let at = start
    for (this.status = "incomplete"; at < chunk.length; at++) {
      const byte = chunk[at]!
      const digit = byte - ZERO
      if (digit >= 0 && digit <= 9) {
        // Redis refuses leading zeros.
        if (digits === maxDigits || (digits > 0 && number === 0)) this.status = "invalid"
        number = number * 10 + digit
        digits++
      } else if (byte === CR && digits > 0) this.status = "complete"
      else if (byte === MINUS && digits === 0 && !this.negative) this.negative = true
      else this.status = "invalid"
      if (this.status !== "incomplete") break
    }
    this.number = number
    this.digits = digits
    return this.status === "complete" ? at + 1 : at
  }

  /**
   * Whether the number is one of its type. RESP 2 has null strings and null arrays; in a request, Redis ignores the
   * array and refuses the string.
   */
  isValid(isRequest: boolean): boolean {
    if (!this.negative) return this.number <= (this.isBulk ? maxBulk : maxCount)
    return this.isNull && (this.type === ARRAY || (this.type === BULK && !isRequest))
  }

  /** What is wrong with a number that is not valid, in Redis' words. */
  get problem(): string {
    return this.isBulk ? "invalid bulk length" : "invalid multibulk length"
  }
}
