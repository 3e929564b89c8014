/**
 * A connection of a server without sockets: its chunks are those that the test cuts, and the test says when what was sent is
 * taken.
 */
import { Deferred, Effect, Fiber, Layer, type Scope } from "effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import { toBytes } from "../../src/Framing.ts"
import { type Carrier, closed, Input, type Transport } from "../../src/Transport.ts"

/** The other end. */
export class Peer {
  /** All that the server has sent, as latin1 text. */
  received = ""
  /** Whether the connection was closed because of what the peer did or left undone. */
  isDestroyed = false
  readonly transport: Transport

  private readonly input = new Input()
  private isDeaf = false
  private taken = Deferred.makeUnsafe<void, Socket.SocketError>()

  constructor() {
    const { input } = this
    this.transport = {
      resume: (reader) => input.resume(reader),
      pause: () => input.pause(),
      send: (text, charset) => {
        this.received += Buffer.from(toBytes(text, charset)).toString("latin1")
        return this.isDeaf ? Deferred.await(this.taken) : undefined
      },
      startTls: undefined,
      isEncrypted: false,
      end: Effect.void,
      close: Effect.void,
      destroy: Effect.suspend(() => {
        this.isDestroyed = true
        this.end()
        return Deferred.fail(this.taken, closed(1006))
      })
    }
  }

  send(...chunks: ReadonlyArray<string | Uint8Array>): void {
    for (const chunk of chunks) this.input.push(typeof chunk === "string" ? toBytes(chunk, "latin1") : chunk)
  }

  end(): void {
    this.input.end(true)
  }

  /** Takes nothing that the server sends from now on. */
  stopTaking(): void {
    this.isDeaf = true
  }

  /** Takes all that the server has sent, and sends. */
  readonly take = Effect.suspend(() => {
    const { taken } = this
    this.isDeaf = false
    this.taken = Deferred.makeUnsafe()
    return Deferred.succeed(taken, undefined)
  })
}

/** Serves one peer; the fiber ends with the connection. */
export const serve = <E, R>(
  layer: Layer.Layer<never, E, R | SocketServer.SocketServer>
): Effect.Effect<
  { readonly peer: Peer; readonly connection: Fiber.Fiber<void> },
  E,
  Exclude<R, SocketServer.SocketServer> | Scope.Scope
> =>
  Effect.gen(function* () {
    const peer = new Peer()
    const socket: Carrier = {
      [Socket.TypeId]: Socket.TypeId as typeof Socket.TypeId,
      reader: Effect.die(new Error("the transport is read")),
      writer: Effect.die(new Error("the transport is written to")),
      transport: peer.transport
    }
    const over = yield* Deferred.make<void>()
    const server = SocketServer.SocketServer.of({
      address: NetAddress.unixPathAddress(""),
      run: (handler) =>
        handler(socket).pipe(
          Effect.orDie,
          Effect.ensuring(Deferred.succeed(over, undefined)),
          Effect.andThen(Effect.never)
        )
    })
    yield* Layer.build(Layer.provide(layer, Layer.succeed(SocketServer.SocketServer, server)))
    return { peer, connection: yield* Effect.forkScoped(Deferred.await(over)) }
  })

/** All that a server sends to a peer that sends these chunks and half-closes, as latin1 text. */
export const answersTo = <E>(
  layer: Layer.Layer<never, E, SocketServer.SocketServer>,
  chunks: ReadonlyArray<Uint8Array>
): Effect.Effect<string, E> =>
  Effect.gen(function* () {
    const { connection, peer } = yield* serve(layer)
    peer.send(...chunks)
    peer.end()
    yield* Fiber.join(connection)
    return peer.received
  }).pipe(Effect.scoped)
