import { latin1 } from "./encoding.ts"
import type { Framing } from "./frame.ts"
import { RespDecoder } from "./resp-decoder.ts"

/** How RESP is cut. */
export interface RespOptions {
  /** The largest value in bytes, with its headers and line ends; or the largest inline command without its own. */
  readonly maxLength: number
  /** How deep arrays may be nested. Default: 32. */
  readonly maxDepth?: number
  /**
   * For servers: takes what Redis takes. A frame is an array of bulk strings, or else an inline command, which is a
   * line, without its line end. Empty ones are ignored. Default: `false`.
   */
  readonly inline?: boolean
}

/**
 * Frames that are values of RESP, the protocol of Redis, version 2 or 3. A frame is all of a value, with what is nested
 * in it, as text with one character per byte. `respWords` and `parseResp` read it.
 *
 * **Details**
 *
 * - `encode` writes a frame as it is. An inline command gets the line end that it lacks.
 * - A header that is not one is `Malformed`, with Redis' words as its `problem`: "invalid bulk length". No mark in RESP
 *   lets a reader begin anew, so the decoder drops whatever follows.
 * - A value is `TooLong` as soon as a header announces it. It is skipped, and reading continues behind it.
 * - Streamed strings and aggregates (`$?`) are `Malformed`; Redis never sends them.
 */
export const resp = (options: RespOptions): Framing => ({
  maxLength: options.maxLength,
  withMaxLength: (maxLength) => resp({ ...options, maxLength }),
  decoder: () => new RespDecoder(options.maxLength, options.maxDepth ?? 32, options.inline ?? false),
  charset: latin1.charset,
  encode: (frame) => latin1.encode(frame) + missingEnd(frame),
  pieces: () => {
    const pieces = latin1.pieces()
    let end = ""
    return {
      push: (piece) => {
        end = (end + piece).slice(-2)
        return pieces.push(piece)
      },
      end: () => missingEnd(end)
    }
  }
})

/** Every value of RESP ends with CRLF, and no inline command does. */
const missingEnd = (frame: string): string => (frame.endsWith("\r\n") ? "" : "\r\n")
