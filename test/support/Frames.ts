/** Bytes cut into chunks, and the frames that a framing makes of them. */
import { Arbitrary, Schema } from "effect"
import type * as Framing from "../../src/Framing.ts"

/** What a frame looks like in a comparison. */
export const show = (frame: string | Framing.InvalidFrame): string =>
  typeof frame === "string" ? `= ${frame}` : frame.reason

/** The frames of chunks; each chunk comes in the same memory, which is overwritten before the next. */
export const framesOf = (
  framing: Framing.Framing,
  chunks: ReadonlyArray<Uint8Array>
): ReadonlyArray<string> => {
  const decoder = framing.decoder()
  const memory = new Uint8Array(Math.max(0, ...chunks.map(({ length }) => length)))
  const frames: Array<string> = []
  for (const chunk of chunks) {
    memory.set(chunk)
    frames.push(...decoder.push(memory.subarray(0, chunk.length)).map(show))
    memory.fill(0x0a)
  }
  return frames
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
