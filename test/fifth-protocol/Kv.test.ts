import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Deferred, Effect, Fiber, Layer, Schema } from "effect"
import { once } from "node:events"
import * as Net from "node:net"
import { Client, Endpoint } from "../../src/index.ts"
import { serveOn, tcp, unix } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { Kv, Reply, Request } from "./Protocol.ts"
import * as Server from "./Server.ts"
import { Store } from "./Store.ts"

type Address = Extract<Endpoint.Endpoint, { _tag: "Tcp" | "Unix" }>

const serve = <E extends Endpoint.Endpoint>(endpoint: E) =>
  serveOn(endpoint, Layer.provide(Server.layer(), Store.layer))

/** A client on a connection of its own, for as long as the scope lives. */
const connect = (endpoint: Address, options?: Parameters<typeof Client.make>[1]) =>
  Effect.provide(Client.make(Kv, options), Endpoint.layerClient(endpoint))

/** A server that answers every chunk by sending these bytes, or by closing when there are none. */
const impostor = (bytes: string | undefined) =>
  Effect.gen(function* () {
    const { path } = yield* unix
    yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const sockets = new Set<Net.Socket>()
        const server = Net.createServer((socket) => {
          sockets.add(socket)
          socket.on("error", () => {})
          socket.on("data", () => (bytes === undefined ? socket.destroy() : socket.write(bytes, "latin1")))
        }).listen(path)
        await once(server, "listening")
        return { server, sockets }
      }),
      ({ server, sockets }) =>
        Effect.sync(() => {
          server.close()
          for (const socket of sockets) socket.destroy()
        })
    )
    return { _tag: "Unix", path } as const
  })

const endpoints = [
  ["a Unix socket", unix],
  ["TCP", Effect.succeed(tcp)]
] as const

describe("Kv", () => {
  it.effect.prop("reads back every request and every reply", [Request, Reply], ([request, reply]) =>
    Effect.sync(() => {
      const { decodeReply, decodeRequest, encodeReply, encodeRequest } = Kv
      assert.deepStrictEqual(decodeRequest(encodeRequest(request)), request)
      // -0 is written as 0.
      assert.strictEqual(JSON.stringify(decodeReply(encodeReply(reply))), JSON.stringify(reply))
    })
  )

  for (const [name, where] of endpoints) {
    it.effect(`speaks its own lines on ${name}`, () =>
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* where)
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send(
          "put b two\\ words\r\nput a \nget b\nget a\nget c\nkeys\nput a\nkeys b\nquit\nget a\n"
        )
        assert.strictEqual(
          yield* peer.rest,
          "ok\nok\nvalue two\\ words\nvalue \nerror not-found\nkey a\nkey b\nend 2\nerror syntax\nkey b\nend 1\nok\n"
        )
      })
    )

    it.effect(`answers its typed client on ${name}`, () =>
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* where)
        const client = yield* connect(endpoint)
        assert.deepStrictEqual(yield* client.send({ _tag: "put", key: "a", value: "1\n2 \\" }), [
          { _tag: "ok" }
        ])
        assert.deepStrictEqual(yield* client.send({ _tag: "get", key: "a" }), [
          { _tag: "value", value: "1\n2 \\" }
        ])
        assert.deepStrictEqual(yield* client.send({ _tag: "keys" }), [
          { _tag: "key", key: "a" },
          { _tag: "end", count: 1 }
        ])
        assert.deepStrictEqual(yield* client.send({ _tag: "delete", key: "a" }), [{ _tag: "ok" }])
        assert.deepStrictEqual(yield* client.send({ _tag: "delete", key: "a" }), [
          { _tag: "Failure", reason: "not-found" }
        ])
      })
    )

    it.effect(`gives each of a thousand fibers its own answer, on one connection over ${name}`, () =>
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* where)
        const client = yield* connect(endpoint)
        const answers = yield* Effect.forEach(
          Array.from({ length: 1000 }, (_, i) => `key-${i}`),
          (key) =>
            Effect.gen(function* () {
              yield* client.send({ _tag: "put", key, value: `of ${key}` })
              yield* client.send({ _tag: "keys", prefix: key })
              return yield* client.send({ _tag: "get", key })
            }),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          answers,
          answers.map((_, i) => [{ _tag: "value", value: `of key-${i}` }])
        )
      })
    )
  }

  it.effect("keeps the namespaces of two connections apart and the store together", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serve(yield* unix)
      const [one, two] = [yield* connect(endpoint), yield* connect(endpoint)]
      yield* one.send({ _tag: "use", namespace: "n" })
      yield* one.send({ _tag: "put", key: "a", value: "1" })
      assert.deepStrictEqual(yield* two.send({ _tag: "get", key: "a" }), [
        { _tag: "Failure", reason: "not-found" }
      ])
      yield* two.send({ _tag: "use", namespace: "n" })
      assert.deepStrictEqual(yield* two.send({ _tag: "get", key: "a" }), [{ _tag: "value", value: "1" }])
    })
  )

  const Operation = Schema.Union([
    Schema.TaggedStruct("put", {
      key: Schema.Literals(["a", "b", "c"]),
      value: Schema.Literals(["", " ", "\n", "x"])
    }),
    Schema.TaggedStruct("get", { key: Schema.Literals(["a", "b", "c"]) }),
    Schema.TaggedStruct("delete", { key: Schema.Literals(["a", "b", "c"]) }),
    Schema.TaggedStruct("keys", {})
  ])

  it.effect.prop(
    "is a map",
    [Arbitrary.array(Arbitrary.schema(Operation), { maxLength: 30 })],
    ([operations]) =>
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const client = yield* connect(endpoint)
        const map = new Map<string, string>()
        const missing: Reply = { _tag: "Failure", reason: "not-found" }
        const expected = (operation: typeof Operation.Type): ReadonlyArray<Reply> => {
          switch (operation._tag) {
            case "put":
              map.set(operation.key, operation.value)
              return [{ _tag: "ok" }]
            case "get": {
              const value = map.get(operation.key)
              return [value === undefined ? missing : { _tag: "value", value }]
            }
            case "delete":
              return [map.delete(operation.key) ? { _tag: "ok" } : missing]
            case "keys":
              return [
                ...[...map.keys()].toSorted().map((key): Reply => ({ _tag: "key", key })),
                { _tag: "end", count: map.size }
              ]
          }
        }
        const answers = yield* Effect.forEach(operations, (request) => client.send(request), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(answers, operations.map(expected))
      }),
    { arbitrary: { runs: 30 } }
  )
})

describe("Client", () => {
  it.effect("refuses a request that no line can carry, sends nothing of it, and goes on", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serve(yield* unix)
      const client = yield* connect(endpoint)
      const [, refusal, answer] = yield* Effect.all(
        [
          client.send({ _tag: "put", key: "a", value: "1" }),
          Effect.flip(client.send({ _tag: "put", key: "a", value: "\0" })),
          client.send({ _tag: "get", key: "a" })
        ],
        { concurrency: "unbounded" }
      )
      assert.instanceOf(refusal, Client.BadRequest)
      assert.match(refusal.message, /^not a request of this protocol: .*text without NUL/)
      assert.deepStrictEqual(answer, [{ _tag: "value", value: "1" }])
    })
  )

  it.effect("cannot be made where nobody listens", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(connect(yield* unix))
      assert.instanceOf(error, Client.Disconnected)
      assert.match(error.message, /^the connection could not be made, or ended .*: connect ENOENT /)
    })
  )

  it.effect("fails what waits and what comes later when the server closes the connection", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* impostor(undefined))
      const errors = yield* Effect.forEach(
        ["a", "b", "c"],
        (key) => Effect.flip(client.send({ _tag: "get", key })),
        { concurrency: "unbounded" }
      )
      for (const error of errors) assert.instanceOf(error, Client.Disconnected)
      assert.instanceOf(yield* Effect.flip(client.send({ _tag: "quit" })), Client.Disconnected)
    })
  )

  it.effect("gets the last answer and is disconnected from then on when it quits", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serve(yield* unix)
      const client = yield* connect(endpoint)
      const [answer, late] = yield* Effect.all(
        [client.send({ _tag: "quit" }), Effect.flip(client.send({ _tag: "keys" }))],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(answer, [{ _tag: "ok" }])
      assert.instanceOf(late, Client.Disconnected)
    })
  )

  for (const [name, bytes, problem] of [
    ["a line outside the grammar", "nonsense\n", "an unknown message"],
    ["a line that is too long", "x".repeat(2000), "TooLong"],
    ["a line that is not UTF-8", "\xff\n", "NotText"]
  ] as const) {
    it.effect(`fails for good when the server sends ${name}`, () =>
      Effect.gen(function* () {
        const client = yield* connect(yield* impostor(bytes), { maxFrame: 1000 })
        const errors = yield* Effect.forEach(
          ["a", "b"],
          (key) => Effect.flip(client.send({ _tag: "get", key })),
          { concurrency: "unbounded" }
        )
        for (const error of errors) {
          assert.instanceOf(error, Client.UnreadableReply)
          assert.include(error.message, problem)
        }
        assert.instanceOf(yield* Effect.flip(client.send({ _tag: "keys" })), Client.UnreadableReply)
      })
    )
  }

  it.effect("matches the answers that come after a request that nobody waits for any more", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serve(yield* unix)
      const client = yield* connect(endpoint)
      yield* client.send({ _tag: "put", key: "a", value: "1" })
      const left = yield* Effect.forkChild(client.send({ _tag: "keys" }), { startImmediately: true })
      yield* Fiber.interrupt(left)
      assert.deepStrictEqual(yield* client.send({ _tag: "get", key: "a" }), [{ _tag: "value", value: "1" }])
    })
  )

  it.effect("fails what waits when its own scope closes", () =>
    Effect.gen(function* () {
      const endpoint = yield* impostor("")
      const sent = yield* Deferred.make<Effect.Effect<unknown, unknown>>()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* connect(endpoint)
          const waiting = yield* Effect.forkDetach(Effect.flip(client.send({ _tag: "keys" })), {
            startImmediately: true
          })
          yield* Deferred.succeed(sent, Fiber.join(waiting))
        })
      )
      assert.instanceOf(yield* Effect.flatten(Deferred.await(sent)), Client.Disconnected)
    })
  )
})
