import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { Socket } from "effect/socket"
import { TestClock } from "effect/testing"
import * as Client from "../../src/Client.ts"
import * as Testing from "../../src/Testing.ts"
import { begin, get, news, settled, Talk, TalkWithGreeting, TalkWithNews, value } from "./Talk.ts"

const everySecond = Schedule.spaced("1 second")

/** A client that connects again, in a network where the test accepts. */
const play = <P extends typeof Talk | typeof TalkWithNews>(
  protocol: P,
  options: Partial<Client.ReconnectOptions<P>> = {}
) =>
  Effect.gen(function* () {
    const network = yield* Testing.network()
    const client = yield* Effect.provideService(
      Client.reconnecting(protocol, { schedule: everySecond, ...options }),
      Socket.Socket,
      network.socket
    )
    return { network, client }
  })

/** Answers one request. */
const answer = (server: Testing.Peer, key: string) =>
  Effect.andThen(server.expect(`get ${key}\n`), server.send(`value ${key}\n`))

describe("A client that reconnects", () => {
  it.effect("fails what was sent when the connection was lost, and sends the rest on the next one", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(Talk)
      const one = yield* network.accept
      const sent = yield* begin(Effect.flip(client.send(get("sent"))))
      yield* one.expect("get sent\n")
      yield* one.close
      const error = yield* Fiber.join(sent)
      assert.instanceOf(error, Client.Disconnected)
      assert.strictEqual(error.reason, "the server closed the connection")

      const waiting = yield* begin(client.send(get("waiting")))
      const accepting = yield* begin(network.accept)
      yield* TestClock.adjust("999 millis")
      yield* settled
      assert.isUndefined(accepting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const two = yield* Fiber.join(accepting)
      yield* answer(two, "waiting")
      assert.deepStrictEqual(yield* Fiber.join(waiting), [value("waiting")])
    })
  )

  it.effect("sends what is sent again at once on the next connection", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(Talk)
      const one = yield* network.accept
      const retried = yield* begin(Effect.retry(client.send(get("a")), { times: 1 }))
      yield* one.expect("get a\n")
      yield* one.reset
      yield* settled
      yield* TestClock.adjust("1 second")
      yield* answer(yield* network.accept, "a")
      assert.deepStrictEqual(yield* Fiber.join(retried), [value("a")])
    })
  )

  it.effect("waits for a server that cannot be reached", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network()
      yield* network.refuse
      const client = yield* Effect.provideService(
        Client.reconnecting(Talk, { schedule: everySecond }),
        Socket.Socket,
        network.socket
      )
      const streaming = yield* begin(Stream.runCollect(client.stream(get("a"))))
      yield* TestClock.adjust("10 seconds")
      const accepting = yield* begin(network.accept)
      yield* TestClock.adjust("1 second")
      yield* answer(yield* Fiber.join(accepting), "a")
      assert.deepStrictEqual(yield* Fiber.join(streaming), [value("a")])
    })
  )

  it.effect("does on every new connection what comes before any request", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(Talk, {
        onConnect: (client) => Effect.asVoid(client.send(get("login")))
      })
      for (const key of ["a", "b"]) {
        const waiting = yield* begin(client.send(get(key)))
        const server = yield* network.accept
        yield* answer(server, "login")
        yield* answer(server, key)
        assert.deepStrictEqual(yield* Fiber.join(waiting), [value(key)])
        yield* server.close
        yield* settled
        yield* TestClock.adjust("1 second")
      }
    })
  )

  it.effect("closes a connection on which that fails, and tries again on its schedule", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(Talk, {
        onConnect: (client) => Effect.asVoid(client.send(get("login"), { timeout: "5 seconds" }))
      })
      const waiting = yield* begin(client.send(get("a")))
      const one = yield* network.accept
      yield* one.expect("get login\n")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* one.rest, "")
      yield* TestClock.adjust("1 second")
      const two = yield* network.accept
      yield* answer(two, "login")
      yield* answer(two, "a")
      assert.deepStrictEqual(yield* Fiber.join(waiting), [value("a")])
    })
  )

  it.effect("waits for the next connection where one is lost while that runs, even if it does not mind", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(Talk, {
        onConnect: (client) => Effect.ignore(client.send(get("login")))
      })
      const waiting = yield* begin(client.send(get("a")))
      yield* (yield* network.accept).close
      yield* settled
      yield* TestClock.adjust("1 second")
      const two = yield* network.accept
      yield* answer(two, "login")
      yield* answer(two, "a")
      assert.deepStrictEqual(yield* Fiber.join(waiting), [value("a")])
    })
  )

  it.effect("fails everything with the last reason when the schedule gives up", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(TalkWithNews, { schedule: Schedule.recurs(2) })
      yield* begin(Effect.exit(client.send(get("a"))))
      for (let i = 0; i < 3; i++) yield* (yield* network.accept).close
      const reason = yield* client.closed
      assert.instanceOf(reason, Client.Disconnected)
      const failures = [
        yield* Effect.flip(client.send(get("b"))),
        yield* Effect.flip(Stream.runDrain(client.stream(get("b")))),
        yield* Effect.flip(Stream.runDrain(client.pushes)),
        yield* Effect.flip(client.greeting)
      ]
      for (const error of failures) assert.strictEqual(error, reason)
    })
  )

  it.effect("begins its schedule anew when a server has said something, and not when one only accepts", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(Talk, { schedule: Schedule.recurs(1) })
      for (const key of ["a", "b", "c", "d"]) {
        const sent = yield* begin(client.send(get(key)))
        const server = yield* network.accept
        yield* answer(server, key)
        assert.deepStrictEqual(yield* Fiber.join(sent), [value(key)])
        yield* server.close
        yield* settled
      }
      yield* (yield* network.accept).close
      assert.instanceOf(yield* client.closed, Client.Disconnected)
    })
  )

  it.effect("gives the unsolicited messages of all its connections in one Stream", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(TalkWithNews)
      const pushes = yield* begin(Stream.runCollect(Stream.take(client.pushes, 4)))
      for (const text of ["1", "2"]) {
        const server = yield* network.accept
        yield* server.send(`news a${text}\nnews b${text}\n`)
        yield* server.close
        yield* settled
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(yield* Fiber.join(pushes), ["a1", "b1", "a2", "b2"].map(news))
    })
  )

  it.effect("drops the unsolicited messages behind a frame that fails their connection", () =>
    Effect.gen(function* () {
      const { client, network } = yield* play(TalkWithNews)
      yield* (yield* network.accept).send("news 1\nvalue x\nnews injected\n")
      yield* settled
      yield* TestClock.adjust("1 second")
      yield* (yield* network.accept).send("news 2\n")
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(client.pushes, 2)), ["1", "2"].map(news))
    })
  )

  it.effect("fails a request that waits for a connection when its own scope closes", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network()
      yield* network.refuse
      const waiting = yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* Client.reconnecting(Talk, { schedule: everySecond })
          return yield* Effect.forkDetach(Effect.flip(client.send(get("a"))), { startImmediately: true })
        })
      ).pipe(Effect.provideService(Socket.Socket, network.socket))
      const error = yield* Fiber.join(waiting)
      assert.instanceOf(error, Client.Disconnected)
      assert.strictEqual(error.reason, "the client was closed")
    })
  )

  it.effect("is a service of a Layer", () => {
    class Service extends Context.Service<Service, Client.Of<typeof TalkWithGreeting, Client.RequestError>>()(
      "test/Service"
    ) {
      static readonly layer = Client.layer(Service, TalkWithGreeting, { schedule: everySecond })
    }
    return Effect.gen(function* () {
      const network = yield* Testing.network()
      const context = yield* Layer.build(
        Layer.provide(Service.layer, Layer.succeed(Socket.Socket, network.socket))
      )
      const client = Context.get(context, Service)
      const waiting = yield* begin(client.send(get("a")))
      const server = yield* network.accept
      yield* server.send("hello\n")
      yield* answer(server, "a")
      assert.deepStrictEqual(yield* client.greeting, [{ _tag: "hello" }])
      assert.deepStrictEqual(yield* Fiber.join(waiting), [value("a")])
    })
  })
})
