/**
 * What a conversation needs of a connection: chunks that are handed to it as they come, and writes that are done when
 * they return.
 *
 * A `Socket` is read by suspending a fiber for every chunk, which costs more than answering the few requests in it. A
 * transport hands the chunk to a function instead; only where that has to wait for something, a fiber takes over, and
 * the input stops until it is done. `Endpoint`'s servers put the transport of each connection into its context; any
 * other `Socket` is adapted.
 */
import { Context, Duration, Effect, Exit, Scope } from "effect"
import * as Socket from "effect/socket/Socket"
import type * as Stream from "node:stream"

/** Takes a chunk; gives back an effect where it has to wait, and gets the next chunk when that has ended. */
export type Receiver<E, R> = (chunk: Uint8Array) => Effect.Effect<void, E, R> | undefined

export interface Connection {
  /**
   * Hands over what comes in, until the input ends: with a `SocketCloseError` of code 1000 where the peer has ended
   * it, after everything before has been taken.
   */
  readonly receive: <E, R>(receiver: Receiver<E, R>) => Effect.Effect<never, E | Socket.SocketError, R>
  /** Writes; gives back an effect where there is more to be sent than should be waiting, which ends when there is not. */
  readonly send: (text: string) => Effect.Effect<void, Socket.SocketError> | undefined
  /** Ends the output, after what was sent; the input goes on. */
  readonly end: Effect.Effect<void>
  /** Ends the output and closes as soon as everything is flushed, or the peer has had its time to read it. */
  readonly close: Effect.Effect<void>
  /** Closes at once, whatever is still to be flushed. */
  readonly destroy: Effect.Effect<void>
}

/** The transport of the connection that is being handled. */
export class Transport extends Context.Service<Transport, Connection>()("wireline/Transport") {}

/** How long the peer of a finished connection may take to read what is still to be flushed. */
const flushTimeout = Duration.seconds(5)

const closed = (code: number) => new Socket.SocketError({ reason: new Socket.SocketCloseError({ code }) })

/** A connection on a stream of Node.js, which must be paused. */
export class StreamConnection implements Connection {
  private readonly stream: Stream.Duplex
  private reading = false
  private ended: Socket.SocketError | undefined
  /** Who gets the chunks and the end; nobody while a fiber has taken over. */
  private reader: { readonly take: (chunk: Uint8Array) => void; readonly end: () => void } | undefined
  /** Chunks that came while nobody was there to take them. */
  private readonly left: Array<Uint8Array> = []

  constructor(stream: Stream.Duplex) {
    this.stream = stream
  }

  receive<E, R>(receiver: Receiver<E, R>): Effect.Effect<never, E | Socket.SocketError, R> {
    const next: Effect.Effect<never, E | Socket.SocketError, R> = Effect.callback((resume) => {
      this.startReading()
      const leave = () => {
        this.reader = undefined
        this.stream.pause()
      }
      const take = (chunk: Uint8Array) => {
        const waiting = attempt(receiver, chunk)
        if (waiting === undefined) return
        leave()
        resume(Effect.andThen(waiting, next))
      }
      const end = () => {
        leave()
        resume(Effect.fail(this.ended!))
      }
      this.reader = { take, end }
      while (this.reader !== undefined && this.left.length > 0) take(this.left.shift()!)
      if (this.reader === undefined) return
      if (this.ended !== undefined) return end()
      this.stream.resume()
      return Effect.sync(leave)
    })
    return next
  }

  private startReading(): void {
    if (this.reading) return
    this.reading = true
    this.stream.on("data", (chunk: Uint8Array) => {
      if (this.reader === undefined) this.left.push(chunk)
      else this.reader.take(chunk)
    })
    this.stream.on("end", () => this.stop(closed(1000)))
    this.stream.on("close", () => this.stop(closed(1006)))
    if (this.stream.destroyed) this.stop(closed(1006))
  }

  private stop(error: Socket.SocketError): void {
    this.ended ??= error
    this.reader?.end()
  }

  /** Makes the input end after what has been read of it; the output stays open. */
  endInput(): void {
    // What is buffered while nobody takes it comes out as `data`, so the loop has nothing else to do.
    if (this.reading && this.reader === undefined) while (this.stream.read() !== null);
    this.stop(closed(1000))
    // Who reads the stream itself, as a `Socket` does, is told so.
    this.stream.emit("end")
  }

  send(text: string): Effect.Effect<void, Socket.SocketError> | undefined {
    return this.stream.write(text) ? undefined : this.drained
  }

  private readonly drained = Effect.callback<void, Socket.SocketError>((resume) => {
    const { stream } = this
    if (stream.destroyed) return resume(Effect.fail(closed(1006)))
    const forget = () => {
      stream.off("drain", onDrain)
      stream.off("close", onClose)
    }
    const onDrain = () => {
      forget()
      resume(Effect.void)
    }
    const onClose = () => {
      forget()
      resume(Effect.fail(closed(1006)))
    }
    stream.on("drain", onDrain)
    stream.on("close", onClose)
    return Effect.sync(forget)
  })

  readonly end = Effect.sync(() => void this.stream.end())

  readonly destroy = Effect.sync(() => void this.stream.destroy())

  readonly close = Effect.callback<void>((resume) => {
    if (this.stream.closed) return resume(Effect.void)
    this.stream.once("close", () => resume(Effect.void))
    this.stream.end(() => this.stream.destroy())
  }).pipe(Effect.timeoutOption(flushTimeout), Effect.andThen(this.destroy))
}

/** The receiver is called from outside of any effect, so what it throws is made the defect that it would be in one. */
const attempt = <E, R>(receiver: Receiver<E, R>, chunk: Uint8Array): ReturnType<Receiver<E, R>> => {
  try {
    return receiver(chunk)
  } catch (defect) {
    return Effect.die(defect)
  }
}

/** Any other socket, read and written by effects, for as long as the scope lives. */
export const fromSocket = Effect.fnUntraced(function* (socket: Socket.Socket) {
  const pull = yield* Socket.readerBytes(socket)
  const writerScope = yield* Scope.fork(yield* Effect.scope)
  const writer = yield* Scope.provide(socket.writer, writerScope)
  const end = Scope.close(writerScope, Exit.void)

  const receive: Connection["receive"] = (receiver) =>
    Effect.forever(
      Effect.flatMap(pull, (chunks) =>
        Effect.forEach(chunks, (chunk) => attempt(receiver, chunk) ?? Effect.void, { discard: true })
      )
    )
  const connection: Connection = {
    receive,
    send: (text) => writer.write(text),
    end,
    close: end,
    destroy: Effect.ignore(writer.write(new Socket.CloseEvent()))
  }
  return connection
})
