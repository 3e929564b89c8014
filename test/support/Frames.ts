/** Bytes cut into chunks, and the frames that a framing makes of them. */
import { assert } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Framing from "../../src/Framing.ts"

/** What a frame looks like in a comparison. */
export const show = (frame: Framing.Frame | Framing.InvalidFrame): string =>
  typeof frame === "string"
    ? `= ${frame}`
    : frame instanceof Uint8Array
      ? `= ${Buffer.from(frame).toString("latin1")}`
      : frame.reason

/** All of an invalid frame, where the reason alone is not enough. */
export const showAll = (frame: Framing.Frame | Framing.InvalidFrame): unknown =>
  typeof frame === "string" || frame instanceof Uint8Array
    ? show(frame)
    : Object.fromEntries(Object.entries(frame))

/** The frames of chunks; each chunk comes in the same memory, which is overwritten before the next. */
export const framesOf = <F extends Framing.Frame, A = string>(
  framing: Framing.Framing<F>,
  chunks: ReadonlyArray<Uint8Array>,
  as: (frame: F | Framing.InvalidFrame) => A | string = show
): ReadonlyArray<A | string> => {
  const decoder = framing.decoder()
  const memory = new Uint8Array(Math.max(0, ...chunks.map(({ length }) => length)))
  const frames: Array<A | string> = []
  for (const chunk of chunks) {
    memory.set(chunk)
    frames.push(...decoder.push(memory.subarray(0, chunk.length)).map(as))
    assert.strictEqual(decoder.consumed, chunk.length)
    memory.fill(0x0a)
  }
  frames.push(...decoder.finish().map(as))
  return frames
}

/** The frames of chunks, of which each pull takes a fixed number from where the last one ended. */
export const pulledFrom = <F extends Framing.Frame>(
  framing: Framing.Framing<F>,
  chunks: ReadonlyArray<Uint8Array>,
  max: number
): ReadonlyArray<unknown> => {
  const decoder = framing.decoder()
  const frames: Array<unknown> = []
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start = decoder.consumed) {
      const pulled = decoder.push(chunk, start, max)
      assert.isAtMost(pulled.length, max)
      if (pulled.length < max) assert.strictEqual(decoder.consumed, chunk.length)
      frames.push(...pulled.map(showAll))
    }
  }
  frames.push(...decoder.finish().map(showAll))
  return frames
}

/** Checks that the frames are the same however bytes are cut and pulled, and returns them. */
export const framesAnyway = <F extends Framing.Frame>(
  framing: Framing.Framing<F>,
  bytes: Uint8Array,
  places: ReadonlyArray<number>
): ReadonlyArray<unknown> => {
  const chunks = cut(bytes, places)
  const whole = framesOf(framing, [bytes], showAll)
  assert.deepStrictEqual(framesOf(framing, chunks, showAll), whole, "in chunks")
  assert.deepStrictEqual(framesOf(framing, singly(bytes), showAll), whole, "byte by byte")
  assert.deepStrictEqual(framesOf(framing, [Buffer.from(bytes)], showAll), whole, "in a Buffer")
  assert.deepStrictEqual(pulledFrom(framing, [bytes], 1), whole, "one at a time")
  assert.deepStrictEqual(pulledFrom(framing, chunks, 2), whole, "two at a time, in chunks")
  return whole
}

/** The bytes of frames. */
export const written = <F extends Framing.Frame>(
  framing: Framing.Framing<F>,
  frames: ReadonlyArray<F>
): Uint8Array => Framing.toBytes(frames.map(framing.encode).join(""), framing.charset)

/** The bytes of a frame that is cut into pieces, of which each becomes bytes by itself. */
export const writtenInPieces = <F extends Framing.Frame>(
  framing: Framing.Framing<F>,
  pieces: ReadonlyArray<F>
): Uint8Array => {
  const writer = framing.pieces()
  const texts = [...pieces.map(writer.push), writer.end()]
  return new Uint8Array(Buffer.concat(texts.map((text) => Framing.toBytes(text, framing.charset))))
}

/** Text cut at these places, taken modulo the length. */
export const cutText = (text: string, places: ReadonlyArray<number>): ReadonlyArray<string> => {
  const sorted = [0, ...places.map((place) => place % (text.length + 1)), text.length].toSorted(
    (a, b) => a - b
  )
  return sorted.slice(1).map((to, i) => text.slice(sorted[i], to))
}

/** Cuts at these places, taken modulo the length. */
export const cut = (bytes: Uint8Array, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b
  )
  return sorted.slice(1).map((to, i) => bytes.subarray(sorted[i], to))
}

/** A chunk a byte. */
export const singly = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  cut(
    bytes,
    Array.from(bytes, (_, i) => i)
  )

const Place = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 }))

/** Places to cut at. */
export const Places = Arbitrary.array(Arbitrary.schema(Place), { maxLength: 30 })

/** Bytes that are not UTF-8, each in another way. */
export const notUtf8 = {
  neverUtf8: () => Uint8Array.of(0xff),
  cutShort: () => Uint8Array.of(0xe2, 0x82),
  continuation: () => Uint8Array.of(0x80),
  surrogate: () => Uint8Array.of(0xed, 0xa0, 0x80),
  overlong: () => Uint8Array.of(0xc0, 0x8a)
}

/** What bytes may be put together from, by name; some depend on the limit of the framing. */
export type Pieces = Record<string, (maxLength: number) => Uint8Array | string>

/** Bytes put together from pieces. */
export const assemble = (pieces: Pieces, names: ReadonlyArray<string>, maxLength: number): Uint8Array =>
  Buffer.concat(names.map((name) => Buffer.from(pieces[name]!(maxLength))))
