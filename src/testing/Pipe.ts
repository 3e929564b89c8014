/**
 * One direction of a connection in memory. Bytes go through it in order, and arrive in a later turn than the one in which
 * they are written, as on a socket.
 */
import { Effect } from "effect"
import type * as Socket from "effect/socket/Socket"
import { closed, type Reader } from "../Transport.ts"

export interface PipeOptions {
  /**
   * How many bytes the operating system takes that are not read by the other side; 65,536 by default. A writer has to wait when
   * it has 16 KiB more than that.
   */
  readonly capacity?: number
  /** The largest chunk in bytes that arrives at once; 65,536 by default. With 1, every byte arrives alone. */
  readonly maxChunk?: number
}

/** How many bytes a process keeps of what the operating system does not take. */
const writeBuffer = 16_384

/**
 * The bytes under way. At the end of its life it has ended (what is under way still arrives, and then the end, or a reset),
 * or it is broken (nothing arrives any more).
 */
export class Pipe {
  /** How many bytes are under way. */
  size = 0
  isBroken = false
  /** Whether it does not end as the writer meant it to. */
  isReset = false
  private chunks: Array<Uint8Array> = []
  private hasEnded = false
  private isEndedByReader = false
  private reader: Reader | undefined
  private isScheduled = false
  /** Resume the writers that wait. */
  private waiting: Array<(exit: Effect.Effect<void, Socket.SocketError>) => void> = []
  private readonly capacity: number
  private readonly maxChunk: number

  constructor({ capacity = 65_536, maxChunk = 65_536 }: PipeOptions) {
    this.capacity = capacity
    this.maxChunk = maxChunk
  }

  /** Whether a writer has to wait. */
  get isFull(): boolean {
    return this.size > this.capacity + writeBuffer && !this.isBroken
  }

  /** Whether the operating system has taken everything. */
  get isFlushed(): boolean {
    return this.size <= this.capacity
  }

  /** Copies the bytes; drops them where nothing is to arrive any more. */
  write(bytes: Uint8Array): void {
    if (this.hasEnded || this.isBroken) return
    for (let start = 0; start < bytes.length; start += this.maxChunk) {
      this.chunks.push(bytes.slice(start, start + this.maxChunk))
    }
    this.size += bytes.length
    this.schedule()
  }

  /** There is no more to come after what is under way. */
  end(): void {
    this.hasEnded = true
    this.schedule()
  }

  /** The reader takes no more than what is under way, whatever the writer does. */
  endInput(): void {
    this.isEndedByReader = true
    this.hasEnded = true
    this.schedule()
  }

  /** Loses what is under way. */
  break(): void {
    if (this.isBroken) return
    this.isBroken = true
    this.isReset = true
    this.chunks = []
    this.size = 0
    this.schedule()
  }

  /** The writer closes its socket: what does not fit is lost. */
  close(isReset: boolean): void {
    this.isReset = isReset
    let size = 0
    const kept = this.chunks.findIndex((chunk) => (size += chunk.length) > this.capacity)
    if (kept >= 0) {
      this.chunks.length = kept
      this.size = this.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    }
    this.end()
  }

  /** Hands over what arrives, until the reader pauses. */
  resume(reader: Reader): void {
    this.reader = reader
    this.schedule()
  }

  pause(): void {
    this.reader = undefined
  }

  /** Waits until the operating system has taken everything; fails where the bytes are lost. */
  readonly drained: Effect.Effect<void, Socket.SocketError> = Effect.callback((resume) => {
    if (this.isFlushed) return resume(Effect.void)
    this.waiting.push(resume)
    return Effect.sync(() => {
      this.waiting = this.waiting.filter((other) => other !== resume)
    })
  })

  private schedule(): void {
    if (this.isScheduled) return
    this.isScheduled = true
    queueMicrotask(() => {
      this.isScheduled = false
      this.deliver()
    })
  }

  private deliver(): void {
    while (this.reader !== undefined) {
      const chunk = this.chunks.shift()
      if (chunk === undefined) break
      this.size -= chunk.length
      this.reader.chunk(chunk)
    }
    if (this.isFlushed) {
      const { waiting } = this
      this.waiting = []
      for (const resume of waiting) resume(this.isBroken ? Effect.fail(closed(1006)) : Effect.void)
    }
    if (this.hasEnded || this.isBroken) this.reader?.end(!this.isReset && !this.isEndedByReader)
  }
}
