import { type FrameEncoding, type TextEncoding, bytes, textEncoding, toBytes } from "./encoding.ts"
import type { Frame, Framing } from "./frame.ts"
import { LineDecoder, type LineFormat } from "./line-decoder.ts"

interface LineOptions {
  /** The largest line in bytes, neither its delimiter nor a dropped CR counted. */
  readonly maxLength: number
  /**
   * An ASCII character. A delimiter after an odd number of them belongs to the line instead of ending it; both stay in
   * the frame as they came, for the syntax to resolve. Without it, every delimiter ends a line.
   */
  readonly escape?: string
  /**
   * `drop` takes one CR off the end of a line, `keep` makes it an ordinary character. Default: `drop` where the
   * delimiter is LF, else `keep`.
   */
  readonly carriageReturn?: "drop" | "keep"
}

export function lines(options: LineOptions & { readonly encoding: "bytes" }): Framing<Uint8Array>
export function lines(options: LineOptions & { readonly encoding?: TextEncoding }): Framing
export function lines(
  options: LineOptions & { readonly encoding?: TextEncoding | "bytes" }
): Framing | Framing<Uint8Array> {
  return options.encoding === "bytes" ? make(options, bytes) : make(options, textEncoding(options.encoding))
}

const make = <F extends Frame>(options: LineOptions, encoding: FrameEncoding<F>): Framing<F> => {
  const format: LineFormat = {
    delimiter: toBytes("\n", "latin1"),
    escape: options.escape === undefined ? -1 : options.escape.charCodeAt(0),
    dropCarriageReturn: options.carriageReturn !== "keep",
    keepEmpty: false,
    keepUnterminated: false
  }
  return {
    maxLength: options.maxLength,
    withMaxLength: (maxLength) => make({ ...options, maxLength }, encoding),
    decoder: () => new LineDecoder(options.maxLength, encoding, format),
    charset: encoding.charset,
    encode: (frame) => encoding.encode(frame) + "\n",
    pieces: () => {
      const pieces = encoding.pieces()
      return { push: pieces.push, end: () => pieces.end() + "\n" }
    }
  }
}
