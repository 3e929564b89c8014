import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Socket } from "effect/socket"
import { once } from "node:events"
import * as Net from "node:net"
import * as Client from "../../src/Client.ts"
import * as Endpoint from "../../src/Endpoint.ts"
import { begin, get, Talk } from "./Talk.ts"

/** A server on TCP whose connections are handled so. */
const listen = (handle: (socket: Net.Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const server = Net.createServer((socket) => {
          socket.on("error", () => {})
          handle(socket)
        }).listen(0, "127.0.0.1")
        await once(server, "listening")
        return server
      }),
      (server) => Effect.sync(() => server.close())
    ),
    (server) =>
      ({ _tag: "Tcp", host: "127.0.0.1", port: (server.address() as Net.AddressInfo).port }) as const
  )

const connect = (endpoint: Endpoint.Reachable) =>
  Effect.provide(Client.make(Talk), Endpoint.layerClient(endpoint))

/** The reason of a failure of a client. */
const reasonOf = (error: Client.RequestError) => {
  assert.instanceOf(error, Client.Disconnected)
  return error.reason
}

describe("Why a client has no connection any more", () => {
  it.effect("is that the server has closed it", () =>
    Effect.gen(function* () {
      const endpoint = yield* listen((socket) => socket.once("data", () => socket.end()))
      const client = yield* connect(endpoint)
      const error = yield* Effect.flip(client.send(get("a")))
      assert.strictEqual(reasonOf(error), "the server closed the connection")
      assert.strictEqual(
        error.message,
        "the connection could not be made, or ended before the answer came: the server closed the connection"
      )
      assert.strictEqual(reasonOf(yield* client.closed), "the server closed the connection")
    })
  )

  it.effect("is that the connection was reset", () =>
    Effect.gen(function* () {
      const endpoint = yield* listen((socket) => socket.once("data", () => socket.resetAndDestroy()))
      const client = yield* connect(endpoint)
      assert.match(reasonOf(yield* Effect.flip(client.send(get("a")))), /ECONNRESET/)
    })
  )

  it.effect("is that no server listens", () =>
    Effect.gen(function* () {
      const endpoint = yield* Effect.scoped(listen(() => {}))
      const error = yield* Effect.flip(connect(endpoint))
      assert.strictEqual(reasonOf(error), `connect ECONNREFUSED 127.0.0.1:${endpoint.port}`)
    })
  )

  it("is that of the first address where a host has several", () => {
    const cause = new AggregateError([
      new Error("connect ECONNREFUSED ::1:1"),
      new Error("connect ECONNREFUSED 127.0.0.1:1")
    ])
    const error = new Socket.SocketError({ reason: new Socket.SocketOpenError({ kind: "Unknown", cause }) })
    assert.strictEqual(new Client.Disconnected({ cause: error }).reason, "connect ECONNREFUSED ::1:1")
  })

  it("is that it was lost where nothing says why", () => {
    const error = new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1006 }) })
    assert.strictEqual(new Client.Disconnected({ cause: error }).reason, "the connection was lost")
  })

  it.effect("is that its own scope has closed", () =>
    Effect.gen(function* () {
      const endpoint = yield* listen(() => {})
      const waiting = yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* connect(endpoint)
          return yield* Effect.forkDetach(Effect.flip(client.send(get("a"))), { startImmediately: true })
        })
      )
      assert.strictEqual(reasonOf(yield* Fiber.join(waiting)), "the client was closed")
    })
  )
})

describe("A connection that cannot be understood", () => {
  for (const [name, bytes] of [
    ["what was not asked for", "value a\nvalue b\n"],
    ["what is no reply", "nonsense\n"]
  ] as const) {
    it.effect(`is closed by the client at ${name}, although its scope lives`, () =>
      Effect.gen(function* () {
        const closed = Promise.withResolvers<void>()
        const endpoint = yield* listen((socket) => {
          socket.on("close", () => closed.resolve()).resume()
          socket.write(bytes)
        })
        const client = yield* connect(endpoint)
        const waiting = yield* begin(Effect.exit(client.send(get("a"))))
        yield* Effect.promise(() => closed.promise)
        yield* Fiber.join(waiting)
        assert.notInstanceOf(yield* client.closed, Client.Disconnected)
      })
    )
  }
})
