/** One side of a connection in memory, which a server's loop and a `Socket` can be run on. */
import { Effect } from "effect"
import type * as Socket from "effect/socket/Socket"
import { type Charset, toBytes } from "../framing/encoding.ts"
import { closed, flushTimeout, type Reader, type Transport } from "../Transport.ts"
import { Pipe, type PipeOptions } from "./Pipe.ts"

export class MemoryTransport implements Transport {
  readonly startTls = undefined
  readonly isEncrypted = false
  readonly input: Pipe
  readonly output: Pipe
  private hasEnded = false

  constructor(input: Pipe, output: Pipe) {
    this.input = input
    this.output = output
  }

  resume(reader: Reader): void {
    this.input.resume(reader)
  }

  pause(): void {
    this.input.pause()
  }

  send(text: string, charset: Charset): Effect.Effect<void, Socket.SocketError> | undefined {
    return this.write(toBytes(text, charset))
  }

  /** Writes; returns what to wait for where more is under way than should be. */
  write(bytes: Uint8Array): Effect.Effect<void, Socket.SocketError> | undefined {
    if (this.hasEnded || this.output.isBroken) return Effect.fail(closed(1006))
    this.output.write(bytes)
    return this.output.isFull ? this.output.drained : undefined
  }

  get end(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.hasEnded = true
      this.output.end()
    })
  }

  get close(): Effect.Effect<void> {
    return Effect.andThen(this.end, Effect.timeoutOption(this.flushed, flushTimeout)).pipe(
      Effect.andThen(this.destroy)
    )
  }

  /** Closes when the operating system has taken all output, however long that takes. */
  get closeFlushed(): Effect.Effect<void> {
    return Effect.andThen(Effect.andThen(this.end, this.flushed), this.destroy)
  }

  private get flushed(): Effect.Effect<void> {
    return Effect.ignore(this.output.drained)
  }

  /**
   * As an operating system closes a socket: what it has taken of the output still arrives. Input that was not read makes it a
   * reset.
   */
  get destroy(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.input.isBroken) return
      this.hasEnded = true
      this.output.close(this.input.size > 0)
      this.input.break()
    })
  }

  /** Breaks the connection off, for both sides at once. */
  get reset(): Effect.Effect<void> {
    return Effect.sync(() => {
      this.hasEnded = true
      this.output.break()
      this.input.break()
    })
  }
}

/** Both sides of a connection. */
export const connection = (
  options: PipeOptions
): readonly [client: MemoryTransport, server: MemoryTransport] => {
  const [up, down] = [new Pipe(options), new Pipe(options)]
  return [new MemoryTransport(down, up), new MemoryTransport(up, down)]
}
