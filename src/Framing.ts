/**
 * Framing cuts the bytes of a connection into frames, and knows nothing of what a frame says.
 *
 * It is the first step of every protocol: delimiters, escapes of delimiters, the largest frame, and UTF-8 are its
 * business; words, pairs and JSON are the business of `Syntax`. A frame is a string without its delimiter. A frame
 * that cannot be one (too long, not UTF-8) comes out as a `BadFrame` in its place among the others, never as a
 * failed stream, because the protocol has to answer it.
 *
 * What it promises: however the bytes are cut into chunks, the frames are the same; never more than one incomplete
 * frame is held, and of that never more than the limit; an incomplete frame at the end of input is dropped.
 *
 * Pure: imports only `effect`.
 */
import { Channel, Data, Effect, type Pull } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"

/**
 * How a protocol cuts bytes into frames. Make one with `lines`.
 */
export interface Framing {
  /** The largest frame in bytes, the delimiter not counted. */
  readonly maxLength: number
  /** The same framing with another limit. */
  readonly withMaxLength: (maxLength: number) => Framing
  /** A decoder with state of its own: one a connection and direction. */
  readonly decoder: () => Decoder
  /** The frame with its delimiter. The frame must be one that a `Syntax` encoded, so that it holds no bare delimiter. */
  readonly encode: (frame: string) => string
}

/**
 * The state of cutting one stream of bytes.
 */
export interface Decoder {
  /**
   * The frames that `chunk` completes, in order. The chunk is not kept: what is incomplete is copied, so that the
   * caller may reuse its memory.
   */
  readonly push: (chunk: Uint8Array) => ReadonlyArray<Frame>
}

/** A frame, or what stands in the place of one that cannot be read. */
export type Frame = string | BadFrame

/**
 * A frame that cannot be read: it was longer than the limit (it is reported as soon as the limit is passed, and
 * skipped to its end without being kept), or it was not UTF-8.
 */
export class BadFrame extends Data.TaggedClass("BadFrame")<{
  readonly reason: "TooLong" | "NotUtf8"
  /** The largest frame that the framing takes, in bytes. */
  readonly maxLength: number
}> {}

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

/**
 * The channel from chunks of bytes to batches of frames, for `Stream.pipeThroughChannel`: what is not a server or a
 * client of this library (a file, a recorded conversation) is cut into frames with it.
 */
export const decode = <IE = never, Done = unknown>(
  framing: Framing
): Channel.Channel<NonEmptyReadonlyArray<Frame>, IE, Done, NonEmptyReadonlyArray<Uint8Array>, IE, Done> =>
  Channel.fromTransform((upstream, _scope) =>
    Effect.sync(() => {
      const decoder = framing.decoder()
      const pull: Pull.Pull<NonEmptyReadonlyArray<Frame>, IE, Done> = Effect.flatMap(upstream, (chunks) => {
        const frames: Array<Frame> = []
        for (const chunk of chunks) for (const frame of decoder.push(chunk)) frames.push(frame)
        return isNonEmpty(frames) ? Effect.succeed(frames) : pull
      })
      return pull
    })
  )

const isNonEmpty = <A>(items: ReadonlyArray<A>): items is NonEmptyReadonlyArray<A> => items.length > 0

const LF = 0x0a
const CR = 0x0d
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

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
  /** The beginning of a line whose end has not come; its capacity grows by doubling. */
  private held: Uint8Array | undefined
  private heldLength = 0
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

  push(chunk: Uint8Array): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
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
  private readBlock(chunk: Uint8Array, from: number, to: number, frames: Array<Frame>): void {
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
    return start === 0 && (this.heldLength > 0 || this.skipping)
  }

  private endsEscaped(): boolean {
    if (this.skipping) return this.skippedEscape
    let at = this.heldLength - 1
    while (at >= 0 && this.held![at] === this.escape) at--
    return (this.heldLength - 1 - at) % 2 === 1
  }

  /** Ends the line that began in an earlier chunk. */
  private complete(chunk: Uint8Array, end: number, frames: Array<Frame>): void {
    const wasReported = this.skipping
    const bad = this.hold(chunk, 0, end)
    const frame = wasReported ? undefined : (bad ?? this.read(this.held!, 0, this.heldLength))
    if (frame !== undefined) frames.push(frame)
    this.release()
    this.skipping = false
  }

  /** Reads one line, out of the text of its block where that is known. */
  private read(
    bytes: Uint8Array,
    start: number,
    end: number,
    text?: string,
    textStart = 0
  ): Frame | undefined {
    const length = this.lengthOf(bytes, start, end)
    if (length > this.maxLength) return this.bad("TooLong")
    if (length === 0) return undefined
    if (text !== undefined) return text.slice(start - textStart, start - textStart + length)
    try {
      return utf8.decode(bytes.subarray(start, start + length))
    } catch {
      return this.bad("NotUtf8")
    }
  }

  /** The length of the line in these bytes, less a CR that is dropped. */
  private lengthOf(bytes: Uint8Array, start: number, end: number): number {
    return this.dropCarriageReturn && end > start && bytes[end - 1] === CR ? end - start - 1 : end - start
  }

  private hold(chunk: Uint8Array, start: number, end: number): BadFrame | undefined {
    if (this.skipping) {
      this.skippedEscape = this.isEscaped(chunk, start, end)
      return undefined
    }
    const length = this.heldLength + (end - start)
    // One byte more than the limit is kept: it may be a CR that an LF follows.
    if (length > this.maxLength + 1) return this.skip(chunk, start, end)
    if (this.held === undefined || this.held.length < length) {
      const grown = new Uint8Array(Math.min(Math.max(length * 2, 64), this.maxLength + 1))
      if (this.held !== undefined) grown.set(this.held.subarray(0, this.heldLength))
      this.held = grown
    }
    this.held.set(chunk.subarray(start, end), this.heldLength)
    this.heldLength = length
    return this.lengthOf(this.held, 0, length) > this.maxLength ? this.skip(chunk, end, end) : undefined
  }

  private skip(chunk: Uint8Array, start: number, end: number): BadFrame {
    const escaped =
      this.escape >= 0 && (start === end ? this.endsEscaped() : this.isEscaped(chunk, start, end))
    this.release()
    this.skipping = true
    this.skippedEscape = escaped
    return this.bad("TooLong")
  }

  private release(): void {
    this.held = undefined
    this.heldLength = 0
  }

  private bad(reason: BadFrame["reason"]): BadFrame {
    return new BadFrame({ reason, maxLength: this.maxLength })
  }
}
