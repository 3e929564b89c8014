/** Replies that are Streams, where they meet closing, pushes, other connections, and the end of the connection. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Schema, Stream } from "effect"
import { Socket } from "effect/socket"
import { TestClock } from "effect/testing"
import { Command, Framing, Message, Protocol, Server, Syntax, Testing } from "../../src/index.ts"
import { withLogs } from "../support/Happenings.ts"
import { type Connection, event, layer, said, type Script, Scripted } from "../support/Scripted.ts"
import { turn } from "../support/Time.ts"

/** Serves a script on a network in memory. */
const serve = (script: Script, options?: Parameters<typeof layer>[1]) =>
  Effect.gen(function* () {
    const network = yield* Testing.network()
    const server = yield* network.serve(layer(script, options))
    return { network, server }
  })

const settled = Effect.replicateEffect(turn, 20, { discard: true })

/** All that comes for these requests, until the server closes the connection. */
const conversation = (network: Testing.Network, sent: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const peer = yield* network.connect
      yield* peer.send(sent)
      return yield* peer.rest
    })
  )

describe("A reply that is a Stream", () => {
  it.effect("ends with its closing answer, and so does the connection", () =>
    Effect.gen(function* () {
      const { network } = yield* serve({
        bye: () =>
          Stream.make(said("a"), Protocol.closing(said("b")), said("c")).pipe(
            Stream.rechunk(1),
            Stream.concat(Stream.never)
          ),
        chunk: () => Stream.make(said("a"), Protocol.closing(said("b")), said("c"))
      })
      assert.strictEqual(yield* conversation(network, "do bye\ndo after\n"), "said a\nsaid b\n")
      assert.strictEqual(yield* conversation(network, "do chunk\ndo after\n"), "said a\nsaid b\n")
    })
  )

  it.effect("lets no reply follow that closes the connection, though it is finished", () =>
    Effect.gen(function* () {
      const { network } = yield* serve({
        bye: () => Stream.fromEffect(Effect.as(turn, Protocol.closing(said("bye")))),
        half: () =>
          Stream.concat(
            Stream.make(Protocol.fragment("said ha")),
            Stream.fromEffect(Effect.andThen(turn, Effect.die(new Error("a handler died"))))
          )
      })
      assert.strictEqual(yield* conversation(network, "run bye\nrun a\nrun b\n"), "said bye\n")
      assert.strictEqual(yield* conversation(network, "run half\nrun a\nrun b\n"), "said ha")
    })
  )

  it.effect("closes the connection when it dies in a protocol that has no answer to that", () =>
    Effect.gen(function* () {
      const { network } = yield* serve(
        { dies: () => Stream.concat(Stream.make(said("a")), Stream.die(new Error("a handler died"))) },
        { protocol: { ...Scripted, onDefect: Protocol.closing() } }
      )
      assert.strictEqual(yield* conversation(network, "do dies\ndo after\n"), "said a\n")
    })
  )

  it.effect("does not keep the replies to others waiting while it waits for something itself", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { network } = yield* serve({
        slow: () => Stream.fromEffect(Effect.as(Deferred.await(gate), said("slow"))),
        quick: () => Stream.make(said("quick"))
      })
      const slow = yield* network.connect
      yield* slow.send("do slow\n")
      yield* settled
      const quick = yield* network.connect
      yield* quick.send("do quick\n")
      assert.strictEqual(yield* quick.line, "said quick")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* slow.line, "said slow")
    })
  )

  it.effect("may send more events than the peer takes at once while it is produced", () =>
    Effect.gen(function* () {
      const count = 3000
      const text = "x".repeat(1000)
      const { network } = yield* serve({
        push: ({ send }) =>
          Stream.fromEffect(
            Effect.as(Effect.replicateEffect(send(event(text)), count, { discard: true }), said("done"))
          )
      })
      const peer = yield* network.connect
      yield* peer.send("do push\n")
      for (let i = 0; i < count; i++) assert.strictEqual(yield* peer.line, `event ${text}`)
      assert.strictEqual(yield* peer.line, "said done")
    })
  )

  it.effect("says nothing to a request that is answered with nothing, also in pieces", () =>
    Effect.gen(function* () {
      const { network } = yield* serve({
        pieces: () => Stream.make(Protocol.fragment("said "), Protocol.lastFragment("a"))
      })
      const peer = yield* network.connect
      yield* peer.send("do pieces noreply\ndo pieces\ndo b\n")
      assert.deepStrictEqual(yield* peer.lines(2), ["said a", "said b"])
    })
  )

  for (const [how, stream] of [
    ["is interrupted", () => Stream.fromEffect(Effect.interrupt)],
    [
      "dies of another connection's error",
      () => Stream.die(new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1006 }) }))
    ]
  ] as const) {
    it.effect(`is answered as a handler that died when it ${how}`, () =>
      withLogs((logs) =>
        Effect.gen(function* () {
          const { network } = yield* serve({ bad: () => Stream.concat(Stream.make(said("a")), stream()) })
          const peer = yield* network.connect
          yield* peer.send("do bad\ndo b\n")
          assert.deepStrictEqual(yield* peer.lines(3), ["said a", "said internal", "said b"])
          assert.strictEqual(logs.count(/a command died/), 1)
        })
      )
    )
  }

  for (const [what, end] of [
    ["is disconnected", ({ disconnect }: Connection) => Effect.sync(disconnect)],
    [
      "takes no events and is idle too long",
      ({ offer }: Connection) =>
        Effect.gen(function* () {
          for (let i = 0; i < 200; i++) offer(event("x".repeat(900)))
          yield* settled
          yield* TestClock.adjust("11 seconds")
          yield* settled
        })
    ]
  ] as const) {
    it.effect(`is interrupted when its peer ${what}, though it waits for something`, () =>
      Effect.gen(function* () {
        let interrupted = 0
        const connections: Array<Connection> = []
        const { network } = yield* serve(
          {
            feed: (connection) => {
              connections.push(connection)
              return Stream.never.pipe(Stream.ensuring(Effect.sync(() => interrupted++)))
            }
          },
          { maxConnections: 1, idleTimeout: "10 seconds" }
        )
        const peer = yield* network.connect
        yield* peer.send("do feed\n")
        yield* settled
        yield* end(connections[0]!)
        yield* settled
        assert.strictEqual(interrupted, 1)
        const next = yield* network.connect
        yield* next.send("do a\n")
        assert.strictEqual(yield* next.line, "said a")
      })
    )
  }

  it.effect("of bytes in pieces is seen by an observer as text", () =>
    Effect.gen(function* () {
      const Bytes = Protocol.make({
        name: "bytes",
        framing: Framing.lines({ maxLength: 100, encoding: "bytes" }),
        request: Syntax.whole(Message.make("get", { key: Schema.Uint8Array })),
        reply: Syntax.whole(Message.make("value", { value: Schema.Uint8Array }))
      })
      const pieces = [Uint8Array.of(0x61, 0xff), Uint8Array.of(0x62)] as const
      const get = Command.layer(Bytes, "get", () =>
        Stream.make(Protocol.fragment(pieces[0]), Protocol.lastFragment(pieces[1]))
      )
      const seen: Array<string> = []
      const network = yield* Testing.network()
      yield* network.serve(
        Server.layer(Bytes, {
          commands: { get },
          observer: () => (direction, frame) => Effect.sync(() => seen.push(`${direction} ${frame}`))
        })
      )
      const peer = yield* network.connect
      yield* peer.send("x\n")
      yield* peer.expect(Uint8Array.of(0x61, 0xff, 0x62, 0x0a))
      yield* settled
      assert.deepStrictEqual(seen, ["received x", "sent a\u00ffb"])
    })
  )
})
