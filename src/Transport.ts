/**
 * What the loop of a connection needs of the connection: chunks that are handed to it as they come, and writes that are done
 * when they return.
 *
 * A `Socket` of Effect is read by suspending a fiber for every chunk, which costs more than answering the few requests in it.
 * A transport hands the chunk to a function instead. The sockets that `Endpoint`'s servers give to their handlers carry
 * their transport; every other `Socket`, a wrapped one too, is read and written through its own methods.
 */
import { Cause, Duration, Effect, Exit, Scope } from "effect"
import * as Socket from "effect/socket/Socket"
import { type Charset, toBytes } from "./Framing.ts"

/** Takes what comes in. */
export interface Reader {
  readonly chunk: (chunk: Uint8Array) => void
  /**
   * The input has ended, after everything before has been taken. `byPeer` is false where the connection broke or the server
   * drains, so that more may have been on its way.
   */
  readonly end: (byPeer: boolean) => void
}

export interface Transport {
  /** Hands over what comes in, and what has come since the last pause, until the next one. */
  readonly resume: (reader: Reader) => void
  readonly pause: () => void
  /** Writes; returns what to wait for where more is to be sent than should be waiting. */
  readonly send: (text: string, charset: Charset) => Effect.Effect<void, Socket.SocketError> | undefined
  /** Encrypts the connection, and forgets what came before; `undefined` where that is not possible. */
  readonly startTls: Effect.Effect<void, Socket.SocketError> | undefined
  readonly isEncrypted: boolean
  /** Ends the output, after what was sent; the input goes on. */
  readonly end: Effect.Effect<void>
  /** Ends the output and closes as soon as everything is flushed, or the peer has had its time to read it. */
  readonly close: Effect.Effect<void>
  /** Closes at once, whatever is still to be flushed. */
  readonly destroy: Effect.Effect<void>
}

/** How long the peer of a finished connection may take to read what is still to be flushed. */
export const flushTimeout = Duration.seconds(5)

/** How a connection ended. */
export const closed = (code: number) =>
  new Socket.SocketError({ reason: new Socket.SocketCloseError({ code }) })

/** A socket that carries its transport. Whatever wraps it does not, and is read and written as a `Socket`. */
export interface Carrier extends Socket.Socket {
  readonly transport: Transport
}

/** The transport of a socket: its own, or one over its reader and writer for as long as the scope lives. */
export const of = (socket: Socket.Socket): Effect.Effect<Transport, Socket.SocketError, Scope.Scope> =>
  "transport" in socket ? Effect.succeed((socket as Carrier).transport) : fromSocket(socket)

/** A transport over any socket. */
export const fromSocket = Effect.fnUntraced(function* (socket: Socket.Socket) {
  const pull = yield* Socket.readerBytes(socket)
  const writerScope = yield* Scope.fork(yield* Effect.scope)
  const writer = yield* Scope.provide(socket.writer, writerScope)
  const end = Scope.close(writerScope, Exit.void)
  const input = new Input()
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.flatMap(pull, (chunks) => {
        for (const chunk of chunks) input.push(chunk)
        return input.taken
      })
    ).pipe(Effect.onExit((exit) => Effect.sync(() => input.end(isEndOfInput(exit)))))
  )
  const transport: Transport = {
    resume: (reader) => input.resume(reader),
    pause: () => input.pause(),
    send: (text, charset) => writer.write(charset === "latin1" ? toBytes(text, charset) : text),
    startTls: undefined,
    isEncrypted: false,
    end,
    close: end,
    destroy: Effect.ignore(writer.write(new Socket.CloseEvent()))
  }
  return transport
})

/** Whether a socket is read to its end, and not interrupted or broken. */
const isEndOfInput = (exit: Exit.Exit<never, Socket.SocketError>): boolean => {
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  return Socket.isSocketError(error) && error.reason._tag === "SocketCloseError" && error.reason.code === 1000
}

/**
 * What comes in, kept while no reader takes it. Chunks are handed over one by one, for as long as the reader does not pause; the end
 * follows the last of them.
 */
export class Input {
  // Most connections never have a chunk that waits.
  private chunks: Array<Uint8Array> | undefined
  private reader: Reader | undefined
  private hasEnded = false
  private isEndedByPeer = false
  private onTaken: (() => void) | undefined

  private get isEmpty(): boolean {
    return this.chunks === undefined || this.chunks.length === 0
  }

  get isPaused(): boolean {
    return this.reader === undefined
  }

  push(chunk: Uint8Array): void {
    if (this.reader !== undefined && this.isEmpty) this.reader.chunk(chunk)
    else (this.chunks ??= []).push(chunk)
  }

  end(byPeer: boolean): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.isEndedByPeer = byPeer
    if (this.isEmpty) this.handOver()
  }

  resume(reader: Reader): void {
    this.reader = reader
    this.handOver()
  }

  pause(): void {
    this.reader = undefined
  }

  /** Forgets the chunks that wait. */
  clear(): void {
    this.chunks = undefined
  }

  /** Waits until every chunk is taken, and the reader takes more. */
  get taken(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.isEmpty && this.reader !== undefined) return resume(Effect.void)
      this.onTaken = () => resume(Effect.void)
    })
  }

  private handOver(): void {
    while (this.reader !== undefined) {
      const chunk = this.chunks?.shift()
      if (chunk === undefined) break
      this.reader.chunk(chunk)
    }
    if (this.reader === undefined || !this.isEmpty) return
    const { onTaken } = this
    this.onTaken = undefined
    onTaken?.()
    if (this.hasEnded) this.reader?.end(this.isEndedByPeer)
  }
}
