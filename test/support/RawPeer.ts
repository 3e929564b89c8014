/**
 * A peer that knows nothing of protocols: it sends bytes over a real socket and reads the lines that come back. Tests
 * use it where the typed client would hide what is on the wire.
 */
import { Effect, type Scope } from "effect"
import { once } from "node:events"
import * as Net from "node:net"
import type * as Endpoint from "../../src/Endpoint.ts"

export interface RawPeer {
  readonly socket: Net.Socket
  readonly send: (bytes: string | Uint8Array) => Effect.Effect<void>
  /** The next so many lines, without their LF; dies when the connection ends before. */
  readonly lines: (count: number) => Effect.Effect<ReadonlyArray<string>>
  /** All that is still to come, until the server ends the connection. */
  readonly rest: Effect.Effect<string>
  /** Half-closes: there is no more to send. */
  readonly end: Effect.Effect<void>
}

/** Connects; the socket is destroyed with the scope. */
export const connect = (
  endpoint: Extract<Endpoint.Endpoint, { _tag: "Tcp" | "Unix" }>
): Effect.Effect<RawPeer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const socket = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const socket = Net.createConnection(
          endpoint._tag === "Unix" ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port }
        )
        socket.allowHalfOpen = true
        await once(socket, "connect")
        return socket
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )
    const state = { received: "", ended: false }
    let changed = Promise.withResolvers<void>()
    const change = () => {
      changed.resolve()
      changed = Promise.withResolvers<void>()
    }
    socket.setEncoding("utf8")
    socket.on("data", (text) => {
      state.received += String(text)
      change()
    })
    const finish = () => {
      state.ended = true
      change()
    }
    // A reset is an end too: what had come before it is there to be looked at.
    socket.on("error", finish)
    socket.on("end", finish)
    socket.on("close", finish)

    return {
      socket,
      send: (bytes) => Effect.sync(() => void socket.write(bytes)),
      lines: (count) =>
        Effect.promise(async () => {
          for (;;) {
            const parts = state.received.split("\n")
            if (parts.length > count) {
              state.received = parts.slice(count).join("\n")
              return parts.slice(0, count)
            }
            if (state.ended) throw new Error(`the connection ended after ${JSON.stringify(state.received)}`)
            await changed.promise
          }
        }),
      rest: Effect.promise(async () => {
        while (!state.ended) await changed.promise
        const rest = state.received
        state.received = ""
        return rest
      }),
      end: Effect.sync(() => void socket.end())
    }
  })
