/** Connections in memory: what connects, and what accepts. */
import { Duration, Effect, Exit, Fiber, Layer, Scope } from "effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import * as Client from "../Client.ts"
import { dialer } from "../client/dial.ts"
import { Peer as CurrentPeer } from "../Peer.ts"
import type * as Protocol from "../Protocol.ts"
import { connection, type MemoryTransport } from "./MemoryTransport.ts"
import { Peer } from "./Peer.ts"
import type { PipeOptions } from "./Pipe.ts"
import * as MemorySocket from "./socket.ts"

export interface NetworkOptions extends PipeOptions {
  /** How long connections may take to finish when a server is released; 10 seconds by default. */
  readonly drainTimeout?: Duration.Input
}

/** One address to which clients connect, and where one server at a time, or the test itself, accepts. */
export class Network {
  /** What `Server.layer` runs on; `serve` provides it. */
  readonly server: SocketServer.SocketServer["Service"]
  /** What `Client.make` and `Client.layer` connect through. Each of them has a connection of its own. */
  readonly socket: Socket.Socket
  private readonly options: NetworkOptions
  /** The connections that are not accepted yet. */
  private backlog: Array<MemoryTransport> = []
  private accepting: ((transport: MemoryTransport) => void) | undefined
  private isListening = true
  private connected = 0

  constructor(options: NetworkOptions) {
    this.options = options
    const socket = Effect.sync(() => MemorySocket.make(this.dial))
    this.socket = dialer(Effect.runSync(socket), socket)
    this.server = SocketServer.SocketServer.of({
      address: NetAddress.unixPathAddress(""),
      run: (handler) => this.run(handler)
    })
  }

  /** A client that connects through the network, for as long as the scope lives. */
  client<P extends Protocol.Any>(
    protocol: P,
    options?: Client.Options
  ): Effect.Effect<Client.ConnectedOf<P>, Client.Disconnected, Scope.Scope> {
    return Effect.provideService(Client.make(protocol, options), Socket.Socket, this.socket)
  }

  /** Connects as a peer that knows no protocol; the connection is broken off with the scope. */
  get connect(): Effect.Effect<Peer, Socket.SocketError, Scope.Scope> {
    return Effect.flatMap(this.dial, peerOn)
  }

  /** Accepts the next connection as a peer that knows no protocol: a server that the test plays itself. */
  get accept(): Effect.Effect<Peer, never, Scope.Scope> {
    return Effect.callback<MemoryTransport>((resume) => {
      this.listen((transport) => {
        this.accepting = undefined
        resume(Effect.succeed(transport))
      })
      return Effect.sync(() => {
        this.accepting = undefined
      })
    }).pipe(Effect.flatMap(peerOn))
  }

  /** Refuses connections, those that were not accepted included, until something accepts again. */
  get refuse(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isListening = false
      this.accepting = undefined
      return Effect.forEach(this.backlog.splice(0), ({ reset }) => reset, { discard: true })
    })
  }

  /** Serves with the Layer of a server until the scope closes or `stop` is run, which drains the connections. */
  serve<A, E, R>(
    layer: Layer.Layer<A, E, R>
  ): Effect.Effect<
    { readonly stop: Effect.Effect<void> },
    E,
    Exclude<R, SocketServer.SocketServer> | Scope.Scope
  > {
    return Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const server = Layer.succeed(SocketServer.SocketServer, this.server)
      this.isListening = true
      yield* Layer.buildWithScope(Layer.provide(layer, server), scope)
      return { stop: Scope.close(scope, Exit.void) }
    })
  }

  private readonly dial: Effect.Effect<MemoryTransport, Socket.SocketError> = Effect.suspend(() => {
    if (!this.isListening) return Effect.fail(refused)
    const [client, server] = connection(this.options)
    if (this.accepting === undefined) this.backlog.push(server)
    else this.accepting(server)
    return Effect.succeed(client)
  })

  private listen(accept: (transport: MemoryTransport) => void): void {
    this.isListening = true
    this.accepting = accept
    while (this.accepting !== undefined) {
      const transport = this.backlog.shift()
      if (transport === undefined) return
      this.accepting(transport)
    }
  }

  private run<A, E, R>(
    handler: (socket: Socket.Socket) => Effect.Effect<A, E, R>
  ): Effect.Effect<never, never, R> {
    return Effect.gen({ self: this }, function* () {
      const context = yield* Effect.context<R>()
      const open = new Map<MemoryTransport, Fiber.Fiber<void>>()
      this.listen((transport) => {
        const fiber = handler(MemorySocket.serverSocket(transport)).pipe(
          Effect.ignoreCause({
            log: "Error",
            message: "a connection ended because of an error in the server"
          }),
          Effect.ensuring(transport.destroy),
          Effect.provideService(CurrentPeer, { address: `memory:${++this.connected}` }),
          Effect.runForkWith(context)
        )
        open.set(transport, fiber)
        fiber.addObserver(() => open.delete(transport))
      })
      return yield* Effect.onInterrupt(Effect.never, () => Effect.andThen(this.refuse, this.drain(open)))
    })
  }

  /** Ends the input of all connections, and waits until they have finished. */
  private drain(open: ReadonlyMap<MemoryTransport, Fiber.Fiber<void>>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (const { input } of open.keys()) input.endInput()
      const finished = yield* Fiber.awaitAll([...open.values()]).pipe(
        Effect.timeoutOption(this.options.drainTimeout ?? Duration.seconds(10))
      )
      if (finished._tag === "Some") return
      yield* Effect.logWarning(`closed ${open.size} connections that had not finished in time`)
      for (const [transport, fiber] of open) {
        yield* transport.destroy
        fiber.interruptUnsafe()
      }
    })
  }
}

const peerOn = (transport: MemoryTransport): Effect.Effect<Peer, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.succeed(new Peer(transport)), ({ reset }) => reset)

const refused = new Socket.SocketError({
  reason: new Socket.SocketOpenError({ kind: "Unknown", cause: new Error("the connection was refused") })
})
