import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import * as Example from "../../examples/memcached.ts"
import * as Client from "../../src/Client.ts"
import * as Endpoint from "../../src/Endpoint.ts"
import type * as Framing from "../../src/Framing.ts"
import * as Protocol from "../../src/Protocol.ts"
import { serve } from "../support/Example.ts"
import * as RawPeer from "../support/RawPeer.ts"

const { Memcached } = Example

class Server extends Context.Service<Server, Extract<Endpoint.Endpoint, { _tag: "Unix" }>>()("test/Server") {
  static readonly layer = Layer.effect(Server, serve(Example.layer))
}

const connect = Effect.gen(function* () {
  const context = yield* Layer.build(Endpoint.layerClient(yield* Server))
  return yield* Effect.provide(Client.make(Memcached), context)
})

/** What the server answers to these bytes, all of it. */
const answers = (sent: string) =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect(yield* Server)
    yield* peer.send(Buffer.from(sent, "latin1"))
    yield* peer.end
    return yield* peer.rest
  }).pipe(Effect.scoped)

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, "latin1"))
const item = (key: string, value: string) => ({ key, flags: 0, exptime: 0, value: text(value) })
const value = (key: string, value: string) => ({ _tag: "VALUE" as const, key, flags: 0, value: text(value) })

describe("the protocol of memcached", () => {
  const size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 }))

  /** The word after flush_all is the delay, so that noreply alone is a message of its own. */
  const isWritable = (request: Protocol.Request<typeof Memcached>) =>
    request._tag !== "flush_all" || request.noreply === undefined || request.delay !== undefined

  /** The number -0 is written as 0. */
  const withoutNegativeZero = (request: Protocol.Request<typeof Memcached>) =>
    "exptime" in request ? { ...request, exptime: request.exptime + 0 } : request

  /** What is read in chunks of this size of what is written. */
  const transmit = <M>(
    messages: ReadonlyArray<M>,
    framing: Framing.Framing,
    encode: (message: M) => string,
    decode: (frame: string) => unknown,
    size: number
  ) => {
    const bytes = Buffer.from(messages.map((message) => framing.encode(encode(message))).join(""), "latin1")
    const decoder = framing.decoder()
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size)
    )
    return chunks
      .flatMap((chunk) => decoder.push(chunk))
      .map((frame) => (frame instanceof Protocol.InvalidFrame ? frame : decode(frame)))
  }

  it.prop(
    "reads back every request that it wrote",
    [Schema.Array(Memcached.request), size],
    ([messages, size]) => {
      const sent = messages.filter(isWritable).map(withoutNegativeZero)
      const { decode, encode, framing } = Memcached.grammar
      assert.deepStrictEqual(transmit(sent, framing, encode, decode, size), sent)
    }
  )

  it.prop("reads back every reply that it wrote", [Schema.Array(Memcached.reply), size], ([sent, size]) => {
    const { decodeReply, encodeReply, replyFraming } = Memcached
    assert.deepStrictEqual(transmit(sent, replyFraming, encodeReply, decodeReply, size), [...sent])
  })

  it("reads a bare number as the answer to incr", () => {
    assert.deepStrictEqual(Memcached.decodeReply("18446744073709551615"), {
      _tag: "number",
      value: 18_446_744_073_709_551_615n
    })
  })
})

layer(Server.layer)("memcached.ts", (it) => {
  it.effect("keeps values with CRLF, NUL and every other byte as they are", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const all = Uint8Array.from({ length: 256 }, (_, i) => i)
      yield* client.send({ _tag: "set", ...item("all", ""), value: all })
      yield* client.send({ _tag: "set", ...item("lines", "\r\n\0END\r\nVALUE") })
      assert.deepStrictEqual(yield* client.send({ _tag: "get", keys: ["all", "none", "lines"] }), [
        { ...value("all", ""), value: all },
        value("lines", "\r\n\0END\r\nVALUE"),
        { _tag: "END" }
      ])
    })
  )

  it.effect("gives each request its own answer where some of them have none", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const found = yield* Effect.all(
        [
          client.send({ _tag: "set", ...item("x", "1"), noreply: "noreply" }),
          client.send({ _tag: "delete", key: "x", noreply: "noreply" }),
          client.send({ _tag: "get", keys: ["x"] }),
          client.send({ _tag: "set", ...item("y", "41") }),
          client.send({ _tag: "incr", key: "y", delta: 1n, noreply: "noreply" }),
          client.send({ _tag: "get", keys: ["y"] }),
          client.send({ _tag: "decr", key: "y", delta: 100n })
        ],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(found, [
        [],
        [],
        [{ _tag: "END" }],
        [{ _tag: "STORED" }],
        [],
        [value("y", "42"), { _tag: "END" }],
        [{ _tag: "number", value: 0n }]
      ])
    })
  )

  it.effect("stores a value under cas only if it is the one that was read", () =>
    Effect.gen(function* () {
      const client = yield* connect
      yield* client.send({ _tag: "set", ...item("c", "1") })
      const [found] = yield* client.send({ _tag: "gets", keys: ["c"] })
      assert(found?._tag === "VALUE" && found.unique !== undefined)
      const cas = { _tag: "cas", ...item("c", "2"), unique: found.unique } as const
      assert.deepStrictEqual(yield* client.send(cas), [{ _tag: "STORED" }])
      assert.deepStrictEqual(yield* client.send(cas), [{ _tag: "EXISTS" }])
      assert.deepStrictEqual(yield* client.send({ ...cas, key: "none" }), [{ _tag: "NOT_FOUND" }])
    })
  )

  it.effect("evicts the item that was not used for the longest time", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const large = { ...item("", ""), value: new Uint8Array(1_048_576) }
      const set = (key: string) => client.send({ _tag: "set", ...large, key, noreply: "noreply" })
      yield* client.send({ _tag: "flush_all" })
      yield* Effect.forEach(
        Array.from({ length: 64 }, (_, i) => `large${i}`),
        set
      )
      const first = yield* client.send({ _tag: "get", keys: ["large0"] })
      yield* set("another")
      const left = yield* client.send({ _tag: "get", keys: ["large0", "large1", "large2"] })
      assert.deepStrictEqual(
        [first, left].map((replies) =>
          replies.map((reply) => (reply._tag === "VALUE" ? reply.key : reply._tag))
        ),
        [
          ["large0", "END"],
          ["large0", "large2", "END"]
        ]
      )
    })
  )

  it.effect("ends the connection after quit, without a reply", () =>
    Effect.gen(function* () {
      const client = yield* connect
      assert.deepStrictEqual(yield* client.send({ _tag: "quit" }), [])
      assert.strictEqual((yield* client.closed)._tag, "Disconnected")
    })
  )

  it.effect.each([
    ["an unknown command", "got a\r\n", "ERROR\r\n"],
    ["an empty line", "\r\n", "ERROR\r\n"],
    ["a command without its key", "get\r\n", "ERROR\r\n"],
    ["a key of 251 characters", `get ${"k".repeat(251)}\r\n`, "CLIENT_ERROR bad command line format\r\n"],
    ["flags that are no number", "set a x 0 3\r\nget\r\n", "CLIENT_ERROR bad command line format\r\n"],
    ["a delta that is no number", "incr a x\r\n", "CLIENT_ERROR invalid numeric delta argument\r\n"],
    ["a value that is longer than announced", "set a 0 0 3\r\nabcdef\r\n", "CLIENT_ERROR bad data chunk\r\n"],
    [
      "a value of more than 1 MiB",
      `set a 0 0 1048577\r\n${"x".repeat(1_048_577)}\r\n`,
      "SERVER_ERROR object too large for cache\r\n"
    ],
    ["the same without a reply", `set a 0 0 1048577 noreply\r\n${"x".repeat(1_048_577)}\r\n`, ""],
    ["a level that is missing, without a reply", "verbosity noreply\r\n", ""]
  ] as const)("answers %s and goes on", ([, sent, answer]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* answers(`${sent}version\r\n`), `${answer}VERSION wireline\r\n`)
    })
  )

  it.effect("closes the connection after a line without an end", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* answers("x".repeat(70_000)), "CLIENT_ERROR line too long\r\n")
    })
  )

  it.effect("accepts lines that end with a bare LF, and answers with CRLF", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* answers("set lf 0 0 2\nab\nget lf\n"),
        "STORED\r\nVALUE lf 0 2\r\nab\r\nEND\r\n"
      )
    })
  )
})
