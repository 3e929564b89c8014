/**
 * The transport of a connection on a stream of Node.js.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { Effect } from "effect"
import * as Socket from "effect/socket/Socket"
import type * as Stream from "node:stream"
import type { Charset } from "./framing/encoding.ts"
import { type Carrier, closed, flushTimeout, Input, type Reader, type Transport } from "./Transport.ts"

/** Makes a server's side of TLS of a connected stream. */
export type Encrypt = (stream: Stream.Duplex) => Effect.Effect<Stream.Duplex, Socket.SocketError>

/** Whether a stream is encrypted, and what encrypts it. */
export interface StreamTls {
  readonly isEncrypted?: boolean
  readonly encrypt?: Encrypt | undefined
}

/** A transport on a stream, which must be paused. */
export class StreamTransport implements Transport {
  private stream: Stream.Duplex
  private readonly encrypt: Encrypt | undefined
  private readonly input = new Input()
  private isReading = false
  isEncrypted: boolean

  constructor(stream: Stream.Duplex, { encrypt, isEncrypted = false }: StreamTls = {}) {
    this.stream = stream
    this.isEncrypted = isEncrypted
    this.encrypt = encrypt
  }

  resume(reader: Reader): void {
    if (!this.isReading) this.read()
    this.input.resume(reader)
    if (!this.input.isPaused) this.stream.resume()
  }

  pause(): void {
    this.input.pause()
    this.stream.pause()
  }

  private read(): void {
    this.isReading = true
    this.stream.on("data", this.onData).on("end", this.onEnd).on("close", this.onClose)
    if (this.stream.destroyed) this.input.end(false)
  }

  private readonly onData = (chunk: Uint8Array): void => this.input.push(chunk)

  private readonly onEnd = (): void => this.input.end(true)

  private readonly onClose = (): void => this.input.end(false)

  /** Makes the input end after what has been read of it; the output stays open. */
  endInput(): void {
    // What is buffered while the input is paused comes out as `data`, so the loop has nothing else to do.
    if (this.isReading && this.input.isPaused) while (this.stream.read() !== null);
    this.input.end(false)
    // Who reads the stream itself, as a `Socket` does, hears of it too.
    this.stream.emit("end")
  }

  send(text: string, charset: Charset): Effect.Effect<void, Socket.SocketError> | undefined {
    return this.stream.write(text, charset) ? undefined : this.drained
  }

  private get drained(): Effect.Effect<void, Socket.SocketError> {
    return Effect.callback((resume) => {
      const { stream } = this
      if (stream.destroyed) return resume(Effect.fail(closed(1006)))
      if (!stream.writableNeedDrain) return resume(Effect.void)
      const forget = () => stream.off("drain", onDrain).off("close", onClose)
      const onDrain = () => {
        forget()
        resume(Effect.void)
      }
      const onClose = () => {
        forget()
        resume(Effect.fail(closed(1006)))
      }
      stream.on("drain", onDrain).on("close", onClose)
      return Effect.sync(forget)
    })
  }

  get startTls(): Effect.Effect<void, Socket.SocketError> | undefined {
    const { encrypt } = this
    if (encrypt === undefined) return undefined
    return Effect.suspend(() => {
      this.stream.off("data", this.onData).off("end", this.onEnd).off("close", this.onClose)
      this.isReading = false
      this.input.clear()
      // What the stream has read and not handed over is not encrypted either.
      while (this.stream.read() !== null);
      return Effect.map(encrypt(this.stream), (stream) => {
        this.stream = stream
        this.isEncrypted = true
      })
    })
  }

  get end(): Effect.Effect<void> {
    return Effect.sync(() => void this.stream.end())
  }

  get destroy(): Effect.Effect<void> {
    return Effect.sync(() => void this.stream.destroy())
  }

  get close(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.stream.closed) return resume(Effect.void)
      this.stream.once("close", () => resume(Effect.void))
      this.stream.end(() => this.stream.destroy())
    }).pipe(Effect.timeoutOption(flushTimeout), Effect.andThen(this.destroy))
  }
}

/** A socket of Node.js as its server hands it out. Its reader and its writer are made when they are asked for. */
export class StreamSocket implements Carrier {
  readonly [Socket.TypeId] = Socket.TypeId as typeof Socket.TypeId
  readonly transport: StreamTransport
  private readonly stream: Stream.Duplex
  private adapted: Socket.Socket | undefined

  constructor(stream: Stream.Duplex, transport: StreamTransport) {
    this.stream = stream
    this.transport = transport
  }

  get reader(): Socket.Socket["reader"] {
    return this.socket.reader
  }

  get writer(): Socket.Socket["writer"] {
    return this.socket.writer
  }

  private get socket(): Socket.Socket {
    this.adapted ??= Effect.runSync(NodeSocket.fromDuplex(Effect.succeed(this.stream)))
    return this.adapted
  }
}
