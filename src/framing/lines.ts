import { type FrameEncoding, type TextEncoding, bytes, textEncoding, toBytes } from "./encoding.ts"
import type { Frame, Framing } from "./frame.ts"
import { LineDecoder, type LineFormat } from "./line-decoder.ts"
import { type Payload, PayloadDecoder, payloadPieces } from "./payload.ts"
import { StartMarkDecoder } from "./start-marks.ts"

/** How lines are cut, whatever their frames are. */
export interface LineOptions {
  /** The largest line in bytes, neither its delimiter nor a dropped CR counted. */
  readonly maxLength: number
  /**
   * What ends a line: one or more ASCII characters. With CRLF, a bare CR or LF is an ordinary character. Default: LF.
   */
  readonly delimiter?: string
  /** What ends a line on output, so that a server may take LF and send CRLF. Default: `delimiter`. */
  readonly write?: string
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
  /** Whether an empty line is a frame. Default: `ignore`. */
  readonly emptyLines?: "ignore" | "keep"
  /**
   * Whether the end of input ends a line, where the peer has ended its output; a connection that breaks, or a server that
   * drains, ends none. Default: `drop`, because the rest of the line may have been lost.
   */
  readonly unterminated?: "drop" | "keep"
  /**
   * Start marks, each an ASCII character, as `$` and `!` of NMEA 0183; a frame contains its own. What precedes a mark,
   * up to the last delimiter, is `NoStart`: noise, or a frame that lacks its end. Empty lines are ignored.
   */
  readonly start?: ReadonlyArray<string>
}

/** Lines of text. */
export interface TextLineOptions extends LineOptions {
  /** Default: `utf-8`. */
  readonly encoding?: TextEncoding
  /**
   * Which lines a payload follows. The frame is then the line, LF, and the payload as it came; `encode` takes the
   * same. Use `latin1`, unless every payload is text.
   */
  readonly payload?: Payload
}

/** Lines of bytes. */
export interface ByteLineOptions extends LineOptions {
  readonly encoding: "bytes"
}

/**
 * Frames that are lines.
 *
 * **Details**
 *
 * - A payload that its delimiter does not follow is `BadPayload`; reading continues after the next delimiter.
 * - A payload over its limit is `TooLong`; reading continues behind it. Both have the line as `head`.
 * - A payload that a dot ends is dot-stuffed, as `dotBlock` describes.
 *
 * **Gotchas**
 *
 * Throws a `RangeError` for options that contradict each other: `escape`, `start` and `payload` exclude each other, no
 * start mark and no escape may be part of the delimiter, and `carriageReturn: "drop"` excludes a delimiter with a CR.
 *
 * With `carriageReturn: "drop"`, a frame that ends in CR arrives without it. Where the last field of a message may end in
 * one, keep it (`carriageReturn: "keep"`), or refuse it in the field's Schema; `Testing.laws` finds such a field.
 */
export function lines(options: ByteLineOptions): Framing<Uint8Array>
export function lines(options: TextLineOptions): Framing
export function lines(options: TextLineOptions | ByteLineOptions): Framing | Framing<Uint8Array> {
  if (options.encoding === "bytes") {
    return make(options, bytes, (maxLength) => lines({ ...options, maxLength }))
  }
  const again = (maxLength: number) => lines({ ...options, maxLength })
  const framing = make(options, textEncoding(options.encoding), again)
  const { payload } = options
  return payload === undefined ? framing : withPayload(framing, options, payload)
}

const make = <F extends Frame>(
  options: LineOptions,
  encoding: FrameEncoding<F>,
  withMaxLength: (maxLength: number) => Framing<F>
): Framing<F> => {
  const { maxLength, start } = options
  const format = formatOf(options)
  const marks = start === undefined ? undefined : markTable(start)
  const end = writtenEnd(options)
  return {
    maxLength,
    withMaxLength,
    decoder: () =>
      marks === undefined
        ? new LineDecoder(maxLength, encoding, format)
        : new StartMarkDecoder(maxLength, encoding, format, marks),
    charset: encoding.charset,
    encode: (frame) => encoding.encode(frame) + end,
    pieces: () => {
      const pieces = encoding.pieces()
      return { push: pieces.push, end: () => pieces.end() + end }
    }
  }
}

/** By byte, whether it is a start mark. */
const markTable = (start: ReadonlyArray<string>): ReadonlyArray<boolean> =>
  Array.from({ length: 256 }, (_, byte) => start.includes(String.fromCharCode(byte)))

/** Lines of which some announce a payload. */
const withPayload = (framing: Framing, options: TextLineOptions, payload: Payload): Framing => {
  if (options.escape !== undefined || options.start !== undefined) {
    throw new RangeError("Lines with a payload have neither escapes nor start marks")
  }
  const encoding = textEncoding(options.encoding)
  const format = formatOf(options)
  const pieces = () => payloadPieces(encoding, writtenEnd(options), payload)
  return {
    ...framing,
    decoder: () => new PayloadDecoder(options.maxLength, encoding, format, payload),
    encode: (frame) => {
      // Most lines have no payload.
      if (!frame.includes("\n")) return framing.encode(frame)
      const writer = pieces()
      return writer.push(frame) + writer.end()
    },
    pieces
  }
}

const writtenEnd = ({ delimiter = "\n", write = delimiter }: LineOptions): string => write

const isAscii = (text: string): boolean => text !== "" && !/[\u0080-\uffff]/.test(text)

const formatOf = (options: LineOptions): LineFormat => {
  const { delimiter = "\n", emptyLines, escape, start, unterminated } = options
  const { carriageReturn = delimiter === "\n" ? "drop" : "keep" } = options
  if (!isAscii(delimiter)) throw new RangeError("A delimiter is one or more ASCII characters")
  if (escape !== undefined && start !== undefined) {
    throw new RangeError("Lines with start marks have no escapes")
  }
  for (const character of [...(escape === undefined ? [] : [escape]), ...(start ?? [])]) {
    if (character.length !== 1 || !isAscii(character) || delimiter.includes(character)) {
      throw new RangeError("An escape or start mark is one ASCII character that is not in the delimiter")
    }
  }
  if (carriageReturn === "drop" && delimiter.includes("\r")) {
    throw new RangeError("A CR cannot be dropped before a delimiter that contains one")
  }
  return {
    delimiter: toBytes(delimiter, "latin1"),
    escape: escape === undefined ? -1 : escape.charCodeAt(0),
    dropCarriageReturn: carriageReturn === "drop",
    keepEmpty: emptyLines === "keep",
    keepUnterminated: unterminated === "keep"
  }
}
