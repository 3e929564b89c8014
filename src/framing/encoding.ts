/**
 * Encodings of frames: how the bytes of a frame become text, and back.
 */
import type { Frame, Pieces } from "./frame.ts"

/** How text becomes bytes: as UTF-8, or one character per byte (ISO-8859-1). */
export type Charset = "utf-8" | "latin1"

/**
 * An encoding that the library does not know, for instance Shift_JIS.
 *
 * **Gotchas**
 *
 * A framing looks for its delimiters in the bytes, so the bytes of a delimiter must not be part of another character.
 */
export interface TextCodec {
  /** Throws where the bytes are not text. They are valid during the call only. */
  readonly decode: (bytes: Uint8Array) => string
  readonly encode: (text: string) => Uint8Array
}

/**
 * The encoding of text frames.
 *
 * **Details**
 *
 * - `utf-8`: bytes that are not UTF-8 are `NotText`. A byte order mark stays in the text.
 * - `latin1`: ISO-8859-1, one character per byte. Every byte is text, so that it suits binary data. On output, `?`
 *   replaces a character that is not in it.
 * - `ascii`: bytes from 0x80 on are `NotText`. On output, `?` replaces a character that is not in it.
 */
export type TextEncoding = "utf-8" | "latin1" | "ascii" | TextCodec

/** The encoding of frames that are text or bytes. */
export interface FrameEncoding<in out F extends Frame> {
  readonly charset: Charset
  /** The frame in these bytes, which are not kept. Throws where they are not text. */
  readonly decode: (bytes: Uint8Array) => F
  /** Several frames at once: text in which the positions are those of the bytes, where there is one. */
  readonly decodeBlock: (bytes: Uint8Array) => Block<F> | undefined
  /** The frame as text in `charset`. */
  readonly encode: (frame: F) => string
  readonly pieces: () => Pieces<F>
}

/** Frames are cut out of it. */
export interface Block<out F> {
  readonly slice: (start: number, end: number) => F
  readonly indexOf: (text: string, from: number) => number
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Text where each byte is an ASCII character, else nothing. */
const decodeAscii = (bytes: Uint8Array): string | undefined => {
  try {
    const text = strict.decode(bytes)
    return text.length === bytes.length ? text : undefined
  } catch {
    return undefined
  }
}

// Each is the fastest for some bytes: a loop for few, windows-1252 for what is almost ASCII, UTF-16 for all others.
const fewBytes = 12
const windows1252 = new TextDecoder("windows-1252")
const beyondLatin1 = /[\u0100-\uffff]/
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
const utf16 = new TextDecoder(littleEndian ? "utf-16le" : "utf-16be", { ignoreBOM: true })

/** The text in bytes of ISO-8859-1. (`TextDecoder` knows it as a name of windows-1252 only.) */
export const fromLatin1 = (bytes: Uint8Array): string => {
  if (bytes.length <= fewBytes) {
    let text = ""
    for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at]!)
    return text
  }
  // The two differ from 0x80 to 0x9f: there, windows-1252 has characters of other blocks, or the same controls.
  const text = windows1252.decode(bytes)
  return beyondLatin1.test(text) ? utf16.decode(new Uint16Array(bytes)) : text
}

/** From this length on, the encoder is faster than a loop. */
const long = 128

/** The bytes of text. In `latin1`, `?` replaces a character that is not in it. */
export const toBytes = (text: string, charset: Charset): Uint8Array => {
  if (charset === "utf-8" || text.length >= long) {
    const bytes = encoder.encode(text)
    // As many bytes as characters: it is all ASCII, which is the same in both.
    if (charset === "utf-8" || bytes.length === text.length) return bytes
  }
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    bytes[at] = code > 0xff ? 0x3f : code
  }
  return bytes
}

/** Pieces that are encoded one by one. */
const separate =
  <F extends Frame>(encode: (frame: F) => string) =>
  (): Pieces<F> => ({
    push: encode,
    end: () => ""
  })

/** Pieces of text that may be cut within a surrogate pair, which must be encoded together. */
const keepingPairs = (encode: (text: string) => string) => (): Pieces => {
  let high = ""
  return {
    push: (piece) => {
      const text = high + piece
      const last = text.charCodeAt(text.length - 1)
      high = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : ""
      return encode(high === "" ? text : text.slice(0, -1))
    },
    end: () => (high === "" ? "" : encode(high))
  }
}

const replacing =
  (pattern: RegExp) =>
  (text: string): string =>
    text.replace(pattern, "?")

const unchanged = (text: string): string => text

const utf8: FrameEncoding<string> = {
  charset: "utf-8",
  decode: (bytes) => strict.decode(bytes),
  decodeBlock: decodeAscii,
  encode: unchanged,
  pieces: keepingPairs(unchanged)
}

const encodeLatin1 = replacing(/[\u0100-\uffff]/g)

export const latin1: FrameEncoding<string> = {
  charset: "latin1",
  decode: fromLatin1,
  decodeBlock: fromLatin1,
  encode: encodeLatin1,
  pieces: separate(encodeLatin1)
}

const encodeAscii = replacing(/[\u0080-\uffff]/g)

const ascii: FrameEncoding<string> = {
  charset: "latin1",
  decode: (bytes) => {
    const text = decodeAscii(bytes)
    if (text === undefined) throw new TypeError("The bytes are not ASCII")
    return text
  },
  decodeBlock: decodeAscii,
  encode: encodeAscii,
  pieces: separate(encodeAscii)
}

/** Frames that are bytes. */
export const bytes: FrameEncoding<Uint8Array> = {
  charset: "latin1",
  // Not `slice`, which copies nothing where the chunk is a `Buffer`.
  decode: (bytes) => new Uint8Array(bytes),
  decodeBlock: () => undefined,
  encode: fromLatin1,
  pieces: separate(fromLatin1)
}

const ofCodec = (codec: TextCodec): FrameEncoding<string> => {
  const encode = (text: string): string => fromLatin1(codec.encode(text))
  return {
    charset: "latin1",
    decode: codec.decode,
    decodeBlock: () => undefined,
    encode,
    pieces: keepingPairs(encode)
  }
}

/** The encoding that an option names. */
export const textEncoding = (encoding: TextEncoding = "utf-8"): FrameEncoding<string> =>
  typeof encoding === "object" ? ofCodec(encoding) : { "utf-8": utf8, latin1, ascii }[encoding]
