import { latin1 } from "./encoding.ts"
import type { InvalidFrame } from "./frame.ts"

/** Frames are decoded in blocks, as lines are. */
const blockSize = 512

/** The frames of a chunk; those that are whole in it are decoded together. */
export class FrameBatch {
  readonly frames: Array<string | InvalidFrame> = []
  /** The beginning and the end of each frame that is not decoded yet. */
  private readonly places: Array<number> = []
  private readonly chunk: Uint8Array

  constructor(chunk: Uint8Array) {
    this.chunk = chunk
  }

  get size(): number {
    return this.frames.length + this.places.length / 2
  }

  add(start: number, end: number): void {
    if (this.places.length > 0 && end - this.places[0]! > blockSize) this.decode()
    this.places.push(start, end)
  }

  push(frame: string | InvalidFrame): void {
    this.decode()
    this.frames.push(frame)
  }

  decode(): void {
    const { chunk, frames, places } = this
    if (places.length === 0) return
    const from = places[0]!
    const text = latin1.decode(chunk.subarray(from, places.at(-1)))
    for (let i = 0; i < places.length; i += 2) {
      frames.push(text.slice(places[i]! - from, places[i + 1]! - from))
    }
    places.length = 0
  }
}
