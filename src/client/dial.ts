/**
 * How a client gets its connection from a `Socket`. The writer of a `Socket` is that of whichever connection was made last;
 * with two clients on one `Socket`, requests would go out on the connection of the other.
 */
import { Effect, type Scope } from "effect"
import type * as Socket from "effect/socket/Socket"

/** Both directions of one connection. */
export interface Wires {
  readonly reader: Socket.Reader
  readonly writer: Socket.Writer
}

/** A socket from which every client gets a connection of its own. */
interface Dialer extends Socket.Socket {
  readonly dial: Effect.Effect<Wires, Socket.SocketError, Scope.Scope>
}

/** Gives every client on this socket a new one from `make`. */
export const dialer = (socket: Socket.Socket, make: Effect.Effect<Socket.Socket>): Socket.Socket => {
  const dialer: Dialer = { ...socket, dial: Effect.flatMap(make, wiresOf) }
  return dialer
}

/** Connects for as long as the scope lives. It is a defect if another client has the socket. */
export const dial = (socket: Socket.Socket): Effect.Effect<Wires, Socket.SocketError, Scope.Scope> =>
  "dial" in socket ? (socket as Dialer).dial : Effect.andThen(reserve(socket), wiresOf(socket))

const wiresOf = (socket: Socket.Socket): Effect.Effect<Wires, Socket.SocketError, Scope.Scope> =>
  Effect.all({ reader: socket.reader, writer: socket.writer })

const reserved = new WeakSet<Socket.Socket>()

const reserve = (socket: Socket.Socket): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() =>
      reserved.has(socket)
        ? Effect.die(new Error("another client has this Socket, which carries one connection at a time"))
        : Effect.sync(() => void reserved.add(socket))
    ),
    () => Effect.sync(() => reserved.delete(socket))
  )
