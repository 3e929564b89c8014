import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Client, Command, Endpoint, Framing, Message, Protocol, Server, Syntax } from "../../src/index.ts"
import { answersTo } from "../support/Conversation.ts"
import { withLogs } from "../support/Happenings.ts"
import { serveOn, unix } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { turn } from "../support/Time.ts"

const Said = Message.make("said", { text: Syntax.Word })

const Greeting = Protocol.make({
  name: "greeting",
  framing: Framing.lines({ maxLength: 100 }),
  request: Syntax.words([Message.make("say", { text: Syntax.Word })]),
  reply: Syntax.words([Said]),
  // Until the second line.
  isLast: (_, request, index) => request !== undefined || index === 1,
  greeting: [
    { _tag: "said", text: "welcome" },
    { _tag: "said", text: "there" }
  ],
  onDefect: { _tag: "said", text: "internal" }
})

type Reply = Protocol.Reply<typeof Greeting>
const said = (text: string): Reply => ({ _tag: "said", text })

class Session extends Context.Service<Session, { readonly name: string }>()("test/Greeting/Session") {
  static readonly layer = Layer.effect(
    Session,
    Effect.map(Server.Peer, ({ address }) => ({ name: `guest-from-${address}` }))
  )
}

const command = Command.define(Greeting, Session)
const commands = { say: command("say", ({ text }) => said(text)) }

type Greet = (connection: Server.Connection<typeof Greeting>) => Command.Answering<Reply, Session>

const layer = (greeting?: Greet, limits: Server.Limits = {}) =>
  Server.layer(Greeting, {
    ...limits,
    session: Session.layer,
    commands,
    ...(greeting === undefined ? {} : { greeting })
  })

const ask = Buffer.from("say a\nsay b\n")

describe("a server's greeting", () => {
  it.effect("comes before any request", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serveOn(yield* unix, layer())
      const peer = yield* RawPeer.connect(endpoint)
      assert.deepStrictEqual(yield* peer.lines(2), ["said welcome", "said there"])
      yield* peer.send("say a\n")
      assert.deepStrictEqual(yield* peer.lines(1), ["said a"])
    })
  )

  it.effect("comes before the answers to requests that came first", () =>
    Effect.map(answersTo(layer(), [ask]), (received) =>
      assert.strictEqual(received, "said welcome\nsaid there\nsaid a\nsaid b\n")
    )
  )

  it.effect("is what the typed client gets as such, and no answer to its requests", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serveOn(yield* unix, layer())
      const client = yield* Effect.provide(Client.make(Greeting), Endpoint.layerClient(endpoint))
      assert.deepStrictEqual(yield* client.send({ _tag: "say", text: "a" }), [said("a")])
      assert.deepStrictEqual(yield* client.greeting, [said("welcome"), said("there")])
    })
  )

  it.effect("may be of the server, and of the session", () =>
    Effect.map(
      answersTo(
        layer((connection) => Session.useSync(({ name }) => [said(name), said(connection.peer.address)])),
        [ask]
      ),
      (received) => assert.strictEqual(received, "said guest-from-unknown\nsaid unknown\nsaid a\nsaid b\n")
    )
  )

  it.effect("is waited for by the requests behind it", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { endpoint } = yield* serveOn(
        yield* unix,
        layer(() => Effect.as(Deferred.await(gate), said("late")))
      )
      const peer = yield* RawPeer.connect(endpoint)
      yield* peer.send("say a\n")
      // By now, the request would have been answered.
      for (let i = 0; i < 10; i++) yield* turn
      assert.strictEqual(peer.socket.bytesRead, 0)
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* peer.lines(2), ["said late", "said a"])
    })
  )

  it.effect("may turn the peer away", () =>
    Effect.map(
      answersTo(
        layer(() => Protocol.closing(said("busy"))),
        [ask]
      ),
      (received) => assert.strictEqual(received, "said busy\n")
    )
  )

  for (const [how, greeting] of [
    ["throws", () => assert.fail("thrown by a greeting")],
    ["is an Effect that dies", () => Effect.die(new Error("died of a greeting"))]
  ] satisfies ReadonlyArray<readonly [string, Greet]>) {
    it.effect(`that ${how} is answered like a command that dies, and logged`, () =>
      withLogs((logs) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* answersTo(layer(greeting), [ask]), "said internal\nsaid a\nsaid b\n")
          yield* logs.until(/level=ERROR .*message="the greeting failed".*(thrown by|died of) a greeting/)
        })
      )
    )
  }

  it.effect("is where the time of an idle connection begins", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serveOn(yield* unix, layer(undefined, { idleTimeout: "10 seconds" }))
      const idle = yield* RawPeer.connect(endpoint)
      const busy = yield* RawPeer.connect(endpoint)
      yield* idle.lines(2)
      yield* busy.lines(2)
      yield* TestClock.adjust("9999 millis")
      yield* busy.send("say a\n")
      assert.deepStrictEqual(yield* busy.lines(1), ["said a"])
      assert.isFalse(idle.socket.readableEnded)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* idle.rest, "")
      yield* busy.send("say b\n")
      assert.deepStrictEqual(yield* busy.lines(1), ["said b"])
    })
  )

  it.effect("that waits for the server does not count as idleness of the peer", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { endpoint } = yield* serveOn(
        yield* unix,
        layer(() => Effect.as(Deferred.await(gate), said("late")), { idleTimeout: "10 seconds" })
      )
      const peer = yield* RawPeer.connect(endpoint)
      for (let i = 0; i < 10; i++) yield* turn
      yield* TestClock.adjust("1 hour")
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* peer.lines(1), ["said late"])
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* peer.rest, "")
    })
  )
})
