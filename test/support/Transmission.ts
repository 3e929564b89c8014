/** The bytes of frames on their way, cut anywhere. */
import { Schema } from "effect"
import type * as Framing from "../../src/Framing.ts"

/** The sizes of pieces. */
export const cuts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })))

/** What arrives of these frames when their bytes come in pieces of these sizes, the last one all that is left. */
export const transmit = (
  framing: Framing.Framing,
  frames: ReadonlyArray<string>,
  sizes: ReadonlyArray<number>
): ReadonlyArray<string | Framing.InvalidFrame> => {
  const bytes = new TextEncoder().encode(frames.map((frame) => framing.encode(frame)).join(""))
  const decoder = framing.withMaxLength(1_000_000).decoder()
  const received: Array<string | Framing.InvalidFrame> = []
  let start = 0
  for (const size of [...sizes, bytes.length]) {
    received.push(...decoder.push(bytes.subarray(start, start + size)))
    start += size
  }
  return received
}
