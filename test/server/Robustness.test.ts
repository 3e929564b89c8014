/** What must not be bypassed, and what must not end a connection. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema, SchemaGetter, Stream } from "effect"
import { Socket, SocketServer } from "effect/socket"
import { Command, Endpoint, Framing, Message, Protocol, Server, Syntax } from "../../src/index.ts"
import { withLogs } from "../support/Happenings.ts"
import { layer as probe, open, serveOn, Stage, unix } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { answersOf } from "../support/Talk.ts"
import { turn } from "../support/Time.ts"

describe("A SocketServer that wraps another", () => {
  it.effect("has every byte go through the sockets that it hands out", () =>
    Effect.gen(function* () {
      const seen = { read: "", written: "" }
      const endpoint = yield* unix
      const wrapped = Layer.effect(
        SocketServer.SocketServer,
        Effect.map(SocketServer.SocketServer, (server) =>
          SocketServer.SocketServer.of({
            address: server.address,
            run: (handler) =>
              server.run((socket) =>
                handler(
                  Socket.make({
                    reader: Effect.map(socket.reader, ({ pull, upgrade }) => ({
                      upgrade,
                      pull: Effect.tap(pull, (chunks) =>
                        Effect.sync(() =>
                          chunks.forEach((chunk) => (seen.read += Buffer.from(chunk).toString()))
                        )
                      )
                    })),
                    writer: Effect.map(socket.writer, ({ write, writeAll }) => ({
                      writeAll,
                      write: (chunk) => {
                        if (typeof chunk === "string") seen.written += chunk
                        return write(chunk)
                      }
                    }))
                  })
                )
              )
          })
        )
      ).pipe(Layer.provide(Endpoint.layerServer(endpoint)))
      yield* open("g")
      yield* Layer.build(Layer.provide(probe(), wrapped))
      assert.strictEqual(yield* answersOf({ endpoint }, "say a\nwait g\nbye b\n"), "said a\nsaid g\nsaid b\n")
      assert.deepStrictEqual(seen, { read: "say a\nwait g\nbye b\n", written: "said a\nsaid g\nsaid b\n" })
    }).pipe(Effect.provide(Stage.layer))
  )

  it.effect("loses no reply that the peer has not read yet when it half-closes", () =>
    Effect.gen(function* () {
      const endpoint = yield* unix
      const wrapped = Layer.effect(
        SocketServer.SocketServer,
        Effect.map(SocketServer.SocketServer, (server) =>
          SocketServer.SocketServer.of({
            address: server.address,
            run: (handler) => server.run(({ reader, writer }) => handler(Socket.make({ reader, writer })))
          })
        )
      ).pipe(Layer.provide(Endpoint.layerServer(endpoint)))
      yield* Layer.build(Layer.provide(probe(), wrapped))
      const peer = yield* RawPeer.connect(endpoint)
      peer.socket.pause()
      // The kernel takes less than that, and what is left in the process is not enough to be waited for.
      const count = 21
      for (let i = 0; i < count; i++) {
        yield* peer.send("big 15000\n")
        for (let i = 0; i < 5; i++) yield* turn
      }
      yield* peer.end
      for (let i = 0; i < 50; i++) yield* turn
      peer.socket.resume()
      const big = `said ${"x".repeat(15_000)}\n`
      assert.strictEqual(yield* peer.rest, big.repeat(count))
    }).pipe(Effect.provide(Stage.layer))
  )
})

/** Text at which the codec of a field throws. */
const Touchy = Schema.String.pipe(
  Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transform((text) => {
      if (text === "in") throw new TypeError("the codec of a field threw")
      return text
    }),
    encode: SchemaGetter.transform((text) => {
      if (text === "out") throw new TypeError("the codec of a field threw")
      return text
    })
  })
)
const Echo = Message.make("echo", { text: Touchy })
const Echoed = Message.make("echoed", { text: Touchy })
const Failed = Message.make("failed", {})

const Fragile = Protocol.make({
  name: "fragile",
  framing: Framing.lines({ maxLength: 100 }),
  request: Syntax.words([Echo]),
  reply: Syntax.words([Echoed, Failed]),
  onInvalid: { _tag: "failed" },
  onDefect: { _tag: "failed" }
})

describe("A codec that throws", () => {
  for (const [way, handler] of [
    ["a plain answer", ({ text }: { readonly text: string }) => ({ _tag: "echoed", text }) as const],
    [
      "an Effect",
      ({ text }: { readonly text: string }) => Effect.as(Effect.yieldNow, { _tag: "echoed", text } as const)
    ],
    ["a Stream", ({ text }: { readonly text: string }) => Stream.make({ _tag: "echoed", text } as const)]
  ] as const) {
    it.effect(`ends neither the connection nor the replies before it, for ${way}`, () =>
      withLogs((logs) =>
        Effect.gen(function* () {
          const server = Server.layer(Fragile, {
            commands: { echo: Command.layer(Fragile, "echo", handler) }
          })
          const { endpoint } = yield* serveOn(yield* unix, server)
          const peer = yield* RawPeer.connect(endpoint)
          yield* peer.send("echo a\necho in\necho b\necho out\necho c\n")
          assert.deepStrictEqual(yield* peer.lines(5), [
            "echoed a",
            "failed",
            "echoed b",
            "failed",
            "echoed c"
          ])
          assert.strictEqual(logs.count(/level=ERROR.*the codec of a field threw/), 2)
          assert.strictEqual(logs.count(/a command died.*command=echo.*protocol=fragile.*request=.?1-4/), 1)
        })
      )
    )
  }
})

describe("A request that is answered with nothing", () => {
  const Do = Message.make("do", { how: Syntax.Word, noreply: Schema.optionalKey(Schema.Literal("noreply")) })
  const Quiet = Protocol.make({
    name: "quiet",
    framing: Framing.lines({ maxLength: 100 }),
    request: Syntax.words([Do]),
    reply: Syntax.words([Echoed, Failed]),
    replyEnd: ({ noreply }) => (noreply === undefined ? "frames" : "nothing"),
    onDefect: { _tag: "failed" }
  })
  const handler = ({ how }: { readonly how: string }) => {
    const answer = { _tag: "echoed", text: how } as const
    switch (how) {
      case "effect":
        return Effect.as(Effect.yieldNow, answer)
      case "stream":
        return Stream.make(answer, answer)
      case "throws":
        throw new Error("a handler threw")
      default:
        return answer
    }
  }

  it.effect("gets none, whatever its handler says, and takes nothing from the others", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        const server = Server.layer(Quiet, { commands: { do: Command.layer(Quiet, "do", handler) } })
        const { endpoint } = yield* serveOn(yield* unix, server)
        const ways = ["plain", "effect", "stream", "throws"]
        assert.strictEqual(
          yield* answersOf({ endpoint }, ways.map((way) => `do ${way} noreply\ndo ${way}\n`).join("")),
          "echoed plain\nechoed effect\nechoed stream\nechoed stream\nfailed\n"
        )
        assert.strictEqual(logs.count(/a handler threw/), 2)
      })
    )
  )
})

describe("The Stream forms of a protocol", () => {
  const chunks = (text: string) =>
    Stream.fromIterable(text.match(/.{1,3}/gs) ?? []).pipe(
      Stream.map((part) => new TextEncoder().encode(part))
    )
  const messages = Effect.fnUntraced(function* <A>(stream: Stream.Stream<A>) {
    return Array.from(yield* Stream.runCollect(stream))
  })

  it.effect("read requests and replies out of bytes, with what is none of them in its place", () =>
    Effect.gen(function* () {
      const requests = yield* messages(
        Protocol.decodeRequests(Fragile)(chunks("echo a\nwhat\necho b\necho c"))
      )
      assert.deepStrictEqual(
        requests.map((request) => (request._tag === "Malformed" ? request.reason._tag : request)),
        [{ _tag: "echo", text: "a" }, "UnknownMessage", { _tag: "echo", text: "b" }]
      )
      const replies = yield* messages(Protocol.decodeReplies(Fragile)(chunks("echoed a\nfailed\n")))
      assert.deepStrictEqual(replies, [{ _tag: "echoed", text: "a" }, { _tag: "failed" }])
    })
  )

  it.effect("write them, and fail at what is no message", () =>
    Effect.gen(function* () {
      const text = (bytes: Stream.Stream<Uint8Array, unknown>) =>
        Effect.map(Stream.runCollect(bytes), (chunks) => Buffer.concat(Array.from(chunks)).toString())
      const requests = Stream.make({ _tag: "echo", text: "a" } as const, { _tag: "echo", text: "b" } as const)
      assert.strictEqual(yield* text(Protocol.encodeRequests(Fragile)(requests)), "echo a\necho b\n")
      const replies = Stream.make({ _tag: "failed" } as const, { _tag: "echoed", text: "a" } as const)
      assert.strictEqual(yield* text(Protocol.encodeReplies(Fragile)(replies)), "failed\nechoed a\n")
      const none = Stream.make({ _tag: "echo", text: 1 } as unknown as { _tag: "echo"; text: string })
      const error = yield* Effect.flip(text(Protocol.encodeRequests(Fragile)(none)))
      assert.isTrue(Schema.isSchemaError(error))
    })
  )
})

describe("A table of commands", () => {
  it.effect("may have commands that are there and commands that are loaded", () =>
    Effect.gen(function* () {
      class Prefix extends Context.Service<Prefix, string>()("test/Prefix") {}
      const Two = Protocol.make({
        name: "two",
        framing: Framing.lines({ maxLength: 100 }),
        request: Syntax.words([Message.make("eager", {}), Message.make("lazy", {})]),
        reply: Syntax.words([Echoed]),
        onInvalid: () => ({ _tag: "echoed", text: "what" }),
        onDefect: { _tag: "echoed", text: "died" }
      })
      const eager = Command.layer(
        Two,
        "eager",
        Effect.map(Prefix, (prefix) => () => ({ _tag: "echoed", text: `${prefix}eager` }))
      )
      const lazy = Command.layer(Two, "lazy", () => ({ _tag: "echoed", text: "lazy" }))
      const server = Server.layer(Two, { commands: { eager, lazy: async () => ({ default: lazy }) } })
      const { endpoint } = yield* serveOn(yield* unix, Layer.provide(server, Layer.succeed(Prefix, "so ")))
      assert.strictEqual(
        yield* answersOf({ endpoint }, "lazy\neager\nwhat\neager\n"),
        "echoed lazy\nechoed so\\ eager\nechoed what\nechoed so\\ eager\n"
      )
    })
  )
})
