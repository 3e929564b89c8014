/**
 * The input of a connection as frames.
 *
 * Where the grammar can change between two frames, they are decoded one at a time, so that what follows a change is cut by
 * the new framing; else all frames of a chunk at once, which is faster.
 */
import type * as Framing from "../Framing.ts"
import type { Frame, InvalidFrame } from "../framing/frame.ts"

export class FrameSource {
  private decoder: Framing.Decoder<Frame>
  private readonly oneAtATime: boolean
  private chunk: Uint8Array = nothing
  private offset = 0
  private frames: ReadonlyArray<Frame | InvalidFrame> = none
  private next = 0
  private hasEnded = false

  constructor(framing: Framing.Framing<Frame>, oneAtATime: boolean) {
    this.decoder = framing.decoder()
    this.oneAtATime = oneAtATime
  }

  /** Adds a chunk, when all frames of the one before are taken. Returns whether it completes a frame. */
  push(chunk: Uint8Array): boolean {
    this.chunk = chunk
    this.offset = 0
    this.decode()
    return this.frames.length > 0
  }

  /** Takes the next frame. */
  shift(): Frame | InvalidFrame | undefined {
    if (this.next === this.frames.length && this.offset < this.chunk.length) this.decode()
    if (this.next < this.frames.length) return this.frames[this.next++]
    // An idle connection must not keep its last chunk alive.
    this.clear()
    if (!this.hasEnded) return undefined
    this.hasEnded = false
    this.frames = this.decoder.finish()
    return this.frames[this.next++]
  }

  /** Takes what is left after the last delimiter for a frame, where the framing does. */
  end(): void {
    this.hasEnded = true
  }

  /** Cuts whatever follows the frame that was taken last with another framing. */
  switchTo(framing: Framing.Framing<Frame>): void {
    this.decoder = framing.decoder()
  }

  /** Forgets what is not taken. */
  clear(): void {
    this.frames = none
    this.next = 0
    this.chunk = nothing
    this.offset = 0
  }

  private decode(): void {
    this.next = 0
    if (this.oneAtATime) {
      this.frames = this.decoder.push(this.chunk, this.offset, 1)
      this.offset = this.decoder.consumed
    } else {
      this.frames = this.decoder.push(this.chunk)
      this.offset = this.chunk.length
    }
  }
}

const nothing = new Uint8Array(0)
const none: ReadonlyArray<Frame> = []
