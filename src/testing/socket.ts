/** `Socket`s on connections in memory. */
import { Effect, Latch, type Scope } from "effect"
import * as Socket from "effect/socket/Socket"
import { type Carrier, closed } from "../Transport.ts"
import type { MemoryTransport } from "./MemoryTransport.ts"

/** The server's side of a connection. Its transport is used where the socket is not wrapped. */
export const serverSocket = (transport: MemoryTransport): Carrier => ({
  ...make(Effect.succeed(transport)),
  transport
})

/** A socket that connects whenever its reader is acquired, for as long as the reader's scope lives. */
export const make = (
  open: Effect.Effect<MemoryTransport, Socket.SocketError, Scope.Scope>
): Socket.Socket => {
  let current: MemoryTransport | undefined
  const isConnected = Latch.makeUnsafe(false)

  const reader: Socket.Socket["reader"] = Effect.gen(function* () {
    const transport = yield* open
    const incoming = new Incoming(transport)
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        incoming.close()
        isConnected.closeUnsafe()
        current = undefined
        // What was written still arrives, as fast as the peer takes it.
        return Effect.forkDetach(transport.closeFlushed)
      })
    )
    current = transport
    isConnected.openUnsafe()
    return { pull: incoming.pull, upgrade: () => Effect.fail(cannotUpgrade) }
  })

  const whenConnected = (
    use: (transport: MemoryTransport) => Effect.Effect<void, Socket.SocketError>
  ): Effect.Effect<void, Socket.SocketError> =>
    Effect.suspend(() =>
      current === undefined ? Effect.andThen(isConnected.await, whenConnected(use)) : use(current)
    )
  const write: Socket.Writer["write"] = (chunk) =>
    whenConnected((transport) =>
      Socket.isCloseEvent(chunk) ? transport.destroy : (transport.write(bytesOf(chunk)) ?? Effect.void)
    )
  const writer: Socket.Socket["writer"] = Effect.acquireRelease(
    Effect.succeed<Socket.Writer>({
      write,
      writeAll: (chunks) => Effect.forEach(chunks, write, { discard: true })
    }),
    () => Effect.suspend(() => current?.end ?? Effect.void)
  )
  return Socket.make({ reader, writer })
}

/** What arrives, one chunk a pull. */
export class Incoming {
  private error: Socket.SocketError | undefined
  private waiter: ((error: Socket.SocketError) => void) | undefined
  private readonly transport: MemoryTransport

  constructor(transport: MemoryTransport) {
    this.transport = transport
  }

  readonly pull: Effect.Effect<readonly [Uint8Array], Socket.SocketError> = Effect.callback((resume) => {
    const { transport } = this
    if (this.error !== undefined) return resume(Effect.fail(this.error))
    const leave = () => {
      transport.pause()
      this.waiter = undefined
    }
    this.waiter = (error) => {
      leave()
      resume(Effect.fail(error))
    }
    transport.resume({
      chunk: (chunk) => {
        leave()
        resume(Effect.succeed([chunk]))
      },
      end: () => this.waiter?.(transport.input.isReset ? reset : closed(1000))
    })
    return Effect.sync(leave)
  })

  /** Fails the pull that waits, and all that follow. */
  close(): void {
    this.error = closed(1006)
    this.waiter?.(this.error)
  }
}

const reset = new Socket.SocketError({
  reason: new Socket.SocketReadError({ cause: new Error("the connection was reset") })
})

const cannotUpgrade = new Socket.SocketError({
  reason: new Socket.SocketUpgradeError({ cause: new Error("a connection in memory cannot be encrypted") })
})

const utf8 = new TextEncoder()

export const bytesOf = (chunk: string | Uint8Array): Uint8Array =>
  typeof chunk === "string" ? utf8.encode(chunk) : chunk
