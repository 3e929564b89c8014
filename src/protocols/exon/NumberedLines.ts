/**
 * Cuts the bytes of a file into lines that know their number.
 *
 * Unlike `Framing.lines`, which serves connections, it counts the empty lines and gives the last one also where no LF
 * ends it; and a line keeps its LF, so that the lines together are the text. As there, a line that cannot be read comes
 * out in its place.
 */
import { Stream } from "effect"

/** A line. */
export interface Line {
  /** The first is 1. */
  readonly number: number
  /** With its LF, save perhaps the last; what is not UTF-8 is replaced, and what is too long is left out. */
  readonly text: string
  /** Why it cannot be read. */
  readonly problem?: "not UTF-8" | "too long"
}

/**
 * The longest line in bytes: the longest comments as JSON may escape them, six bytes for one, and as much again for the
 * rest.
 */
export const maxLine = 4_194_304

/** The lines of a file. */
export const decode = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Line, E, R> =>
  Stream.suspend(() => {
    const reader = new Reader()
    return bytes.pipe(
      Stream.map((chunk) => reader.push(chunk)),
      Stream.concat(Stream.sync(() => reader.end())),
      Stream.flattenIterable
    )
  })

const LF = 10
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder("utf-8", { ignoreBOM: true })

class Reader {
  private number = 0
  private held: Array<Uint8Array> = []
  private heldLength = 0
  private tooLong = false

  push(chunk: Uint8Array): ReadonlyArray<Line> {
    const lines: Array<Line> = []
    let start = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      this.hold(chunk.subarray(start, end + 1))
      lines.push(this.take())
      start = end + 1
    }
    // What is incomplete is copied, for the chunk's memory may be used again.
    if (start < chunk.length) this.hold(chunk.slice(start))
    return lines
  }

  end(): ReadonlyArray<Line> {
    return this.heldLength > 0 ? [this.take()] : []
  }

  private hold(bytes: Uint8Array): void {
    this.heldLength += bytes.length
    if (this.heldLength > maxLine) {
      this.tooLong = true
      this.held = []
    } else {
      this.held.push(bytes)
    }
  }

  private take(): Line {
    const line = this.read(this.held.length === 1 ? this.held[0]! : Buffer.concat(this.held))
    this.held = []
    this.heldLength = 0
    this.tooLong = false
    return line
  }

  private read(bytes: Uint8Array): Line {
    const number = ++this.number
    if (this.tooLong) return { number, text: "", problem: "too long" }
    try {
      return { number, text: strict.decode(bytes) }
    } catch {
      return { number, text: lenient.decode(bytes), problem: "not UTF-8" }
    }
  }
}
