import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Context, Deferred, Effect, Fiber, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Client, Command, Endpoint, Framing, Message, Protocol, Server, Syntax } from "../../src/index.ts"
import { answersTo, type Peer, serve } from "../support/Conversation.ts"
import { serveOn, unix } from "../support/Probe.ts"
import { turn } from "../support/Time.ts"

const Text = { text: Syntax.Word }

const Chat = Protocol.make({
  name: "chat",
  framing: Framing.lines({ maxLength: 1000 }),
  request: Syntax.words(
    [
      Message.make("say", Text),
      // Offers an event, and answers.
      Message.make("push", Text),
      // Offers an event, waits, sends another and answers.
      Message.make("wait", Text),
      // Answers with one frame in two pieces; the second waits.
      Message.make("pieces", Text),
      Message.make("wrong", {}),
      Message.make("bye", {})
    ],
    { escape: "none" }
  ),
  reply: Syntax.words([Message.make("said", Text), Message.make("event", Text)]),
  unsolicited: ["event"],
  onDefect: { _tag: "said", text: "internal" }
})

const said = (text: string) => ({ _tag: "said", text }) as const
const event = (text: string) => ({ _tag: "event", text }) as const

/** The connections of a server, and the gate of the handlers that wait. */
class Room extends Context.Service<
  Room,
  { readonly connections: Array<Server.Connection<typeof Chat>>; readonly gate: Deferred.Deferred<void> }
>()("test/Room") {
  static readonly layer = Layer.sync(Room, () => ({ connections: [], gate: Deferred.makeUnsafe<void>() }))
}

class Session extends Context.Service<Session, {}>()("test/Pushes/Session") {
  static readonly layer = Layer.effect(
    Session,
    Effect.gen(function* () {
      const { connections } = yield* Room
      connections.push(yield* Server.connectionOf(Chat))
      return {}
    })
  )
}

const command = Command.define(Chat, Session)

const commands = {
  say: command("say", ({ text }) => said(text)),
  push: command("push", ({ text }, connection) => said(`${text}-${connection.offer(event(text))}`)),
  wait: command(
    "wait",
    Effect.map(Room, ({ gate }) => ({ text }, connection) => {
      connection.offer(event(`${text}-before`))
      return Deferred.await(gate).pipe(
        Effect.andThen(connection.send(event(`${text}-after`))),
        Effect.as(said(text))
      )
    })
  ),
  pieces: command(
    "pieces",
    Effect.map(
      Room,
      ({ gate }) =>
        ({ text }) =>
          Stream.concat(
            Stream.succeed(Protocol.fragment("said ")),
            Stream.fromEffect(Effect.as(Deferred.await(gate), Protocol.lastFragment(text)))
          )
    )
  ),
  wrong: command("wrong", (_, connection) => {
    connection.offer(event("\0"))
    return said("not-here")
  }),
  bye: command("bye", () => Protocol.closing(said("bye")))
}

const layer = (limits: Server.Limits = {}) =>
  Server.layer(Chat, { ...limits, session: Session.layer, commands })

/** Serves one peer, and waits for its session. */
const open = (limits: Server.Limits = {}) =>
  Effect.gen(function* () {
    const room = yield* Room
    const { connection: fiber, peer } = yield* serve(layer(limits))
    while (room.connections.length === 0) yield* Effect.yieldNow
    return { ...room, fiber, peer, connection: room.connections[0]! }
  })

type Opened = Effect.Success<ReturnType<typeof open>>

const withRoom = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, Room.layer, { local: true })

const lines = (...texts: ReadonlyArray<string>) => texts.map((text) => `${text}\n`).join("")

/** What is received in the end, when nothing is left to be done. */
const settled = (peer: Peer) =>
  Effect.gen(function* () {
    for (let i = 0; i < 5; i++) yield* turn
    return peer.received
  })

/** Offers events until the server takes no more; says how many it took. */
const offerAll = ({ offer }: Server.Connection<typeof Chat>, text: string): number => {
  for (let i = 0; i < 100_000; i++) if (!offer(event(text))) return i
  return assert.fail("the server takes everything")
}

describe("unsolicited messages", () => {
  it.effect.prop(
    "go out in the order in which they and the replies were made",
    [Arbitrary.schema(Schema.Array(Schema.Literals(["say", "push"])))],
    ([tags]) =>
      withRoom(
        Effect.gen(function* () {
          const sent = tags.map((tag, i) => `${tag} ${i}\n`).join("")
          const room = yield* Room
          assert.strictEqual(
            yield* answersTo(Layer.provide(layer(), Layer.succeed(Room, room)), [Buffer.from(sent)]),
            tags.map((tag, i) => (tag === "say" ? `said ${i}\n` : `event ${i}\nsaid ${i}-true\n`)).join("")
          )
        })
      ),
    { arbitrary: { runs: 100 } }
  )

  it.effect("go out at once behind the replies that are finished, and before those that are not", () =>
    withRoom(
      Effect.gen(function* () {
        const { connection, gate, peer } = yield* open()
        peer.send("say a\nwait b\nsay c\n")
        connection.offer(event("x"))
        assert.strictEqual(yield* settled(peer), lines("said a", "event b-before", "event x"))
        yield* connection.send(event("y"))
        yield* Deferred.succeed(gate, undefined)
        assert.strictEqual(
          yield* settled(peer),
          lines("said a", "event b-before", "event x", "event y", "event b-after", "said b", "said c")
        )
      })
    )
  )

  it.effect("wait for the end of a reply that is sent in pieces", () =>
    withRoom(
      Effect.gen(function* () {
        const { connection, gate, peer } = yield* open()
        peer.send("say a\npieces b\nsay c\n")
        assert.strictEqual(yield* settled(peer), "said a\nsaid ")
        connection.offer(event("x"))
        yield* connection.send(event("y"))
        assert.strictEqual(yield* settled(peer), "said a\nsaid ")
        yield* Deferred.succeed(gate, undefined)
        assert.strictEqual(yield* settled(peer), lines("said a", "said b", "event x", "event y", "said c"))
      })
    )
  )

  it.effect("come from the session to the typed client, which takes none of them for a reply", () =>
    withRoom(
      Effect.gen(function* () {
        const { connections } = yield* Room
        const { endpoint } = yield* serveOn(yield* unix, layer())
        const client = yield* Effect.provide(Client.make(Chat), Endpoint.layerClient(endpoint))
        assert.deepStrictEqual(yield* client.send({ _tag: "push", text: "a" }), [said("a-true")])
        yield* connections[0]!.send(event("b"))
        assert.deepStrictEqual(yield* client.send({ _tag: "say", text: "c" }), [said("c")])
        assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(client.pushes, 2)), [
          event("a"),
          event("b")
        ])
      })
    )
  )

  it.effect("are refused, or waited with, while the peer does not take them", () =>
    withRoom(
      Effect.gen(function* () {
        const { connection, peer } = yield* open({ maxPushed: 10_000 })
        peer.stopTaking()
        const text = "x".repeat(93)
        connection.offer(event("first"))
        yield* settled(peer)
        const count = offerAll(connection, text)
        assert.strictEqual(count, 101)
        const sending = yield* Effect.forkChild(connection.send(event("last")))
        const interrupted = yield* Effect.forkChild(connection.send(event("never")))
        yield* settled(peer)
        assert.isUndefined(sending.pollUnsafe())
        yield* Fiber.interrupt(interrupted)
        yield* peer.take
        yield* Fiber.join(sending)
        assert.strictEqual(
          yield* settled(peer),
          lines("event first", ...Array<string>(count).fill(`event ${text}`), "event last")
        )
      })
    )
  )

  it.effect("are refused, or waited with, while a reply that is sent in pieces takes its time", () =>
    withRoom(
      Effect.gen(function* () {
        const { connection, gate, peer } = yield* open({ maxPushed: 10_000 })
        peer.send("pieces a\n")
        yield* settled(peer)
        const text = "x".repeat(93)
        const count = offerAll(connection, text)
        assert.strictEqual(count, 101)
        const sending = yield* Effect.forkChild(connection.send(event("last")))
        yield* settled(peer)
        assert.isUndefined(sending.pollUnsafe())
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(sending)
        assert.strictEqual(
          yield* settled(peer),
          lines("said a", ...Array<string>(count).fill(`event ${text}`), "event last")
        )
      })
    )
  )

  it.effect("keep a connection from being idle, as long as the peer takes them", () =>
    withRoom(
      Effect.gen(function* () {
        const { connection, peer } = yield* open({ idleTimeout: "10 seconds" })
        for (let i = 0; i < 5; i++) {
          yield* settled(peer)
          yield* TestClock.adjust("9 seconds")
          connection.offer(event("x"))
        }
        yield* settled(peer)
        yield* TestClock.adjust("9999 millis")
        yield* settled(peer)
        assert.isFalse(peer.isDestroyed)
        yield* TestClock.adjust("1 millis")
        yield* settled(peer)
        assert.isTrue(peer.isDestroyed)
      })
    )
  )

  for (const [what, make] of [
    ["them", ({ connection }) => void connection.offer(event("x"))],
    ["its replies", ({ peer }) => peer.send("say x\n")]
  ] satisfies ReadonlyArray<readonly [string, (opened: Opened) => void]>) {
    it.effect(`do not keep a connection open whose peer does not take ${what}`, () =>
      withRoom(
        Effect.gen(function* () {
          const opened = yield* open({ idleTimeout: "10 seconds" })
          const { connection, fiber, peer } = opened
          // Commands are there from the first request on.
          make(opened)
          yield* settled(peer)
          peer.stopTaking()
          make(opened)
          for (let i = 0; i < 2; i++) {
            yield* settled(peer)
            yield* TestClock.adjust("4999 millis")
            connection.offer(event("x"))
          }
          yield* TestClock.adjust("1 millis")
          assert.isFalse(peer.isDestroyed)
          yield* TestClock.adjust("1 millis")
          yield* Fiber.join(fiber)
          assert.isTrue(peer.isDestroyed)
        })
      )
    )
  }

  it.effect("are forgotten behind the last reply, and when the connection is over", () =>
    withRoom(
      Effect.gen(function* () {
        const { connection, fiber, peer } = yield* open()
        yield* settled(peer)
        peer.stopTaking()
        connection.offer(event("x"))
        yield* settled(peer)
        peer.send("bye\n")
        yield* peer.take
        yield* settled(peer)
        assert.isTrue(connection.offer(event("y")))
        yield* connection.send(event("z"))
        peer.end()
        yield* Fiber.join(fiber)
        assert.isTrue(connection.offer(event("y")))
        yield* connection.send(event("z"))
        assert.strictEqual(yield* settled(peer), lines("event x", "said bye"))
      })
    )
  )

  it.effect("that the protocol cannot say are a defect of the one who sends them", () =>
    withRoom(
      Effect.gen(function* () {
        const { connection, peer } = yield* open()
        peer.send("wrong\nsay a\n")
        assert.throws(() => connection.offer(event("\0")))
        assert.match(String(yield* Effect.flip(Effect.sandbox(connection.send(event("\0"))))), /Die/)
        assert.strictEqual(yield* settled(peer), lines("said internal", "said a"))
      })
    )
  )
})
