import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Layer, Schema, Scope } from "effect"
import * as Command from "../src/Command.ts"
import * as Framing from "../src/Framing.ts"
import * as Message from "../src/Message.ts"
import * as Protocol from "../src/Protocol.ts"
import * as Syntax from "../src/Syntax.ts"

const Plain = Message.make("plain", { text: Syntax.Word })
const Slow = Message.make("slow", {})
const Said = Message.make("said", { text: Syntax.Word })

const Small = Protocol.make({
  name: "small",
  framing: Framing.lines({ maxLength: 100 }),
  request: Syntax.words([Plain, Slow]),
  reply: Syntax.words([Said]),
  onInvalid: { _tag: "said", text: "unreadable" },
  onDefect: { _tag: "said", text: "defect" }
})
type Small = typeof Small

/** What the connection of a request provides. */
class Voice extends Context.Service<Voice, { readonly prefix: string }>()("test/Voice") {}

/** What the commands are built from. */
class Store extends Context.Service<Store, { readonly name: string }>()("test/Store") {}

class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}

/** A connection whose session is a voice. */
const connectionOf = <Session>(session: Session) => ({
  session,
  peer: { address: "test" },
  requestId: "1-1",
  send: () => Effect.void,
  offer: () => true,
  setMode: () => {},
  canStartTls: false,
  startTls: () => {},
  isEncrypted: false,
  close: () => {}
})

const voice = { prefix: "I say " }

/** Answers with a command of a cache, as a server does: what the command has acquired is kept until it has answered. */
const answerOf = (
  cache: Command.CommandCache<Protocol.Request<Small>["_tag"]>,
  request: Protocol.Request<Small>
): Effect.Effect<unknown> =>
  Effect.suspend(() => {
    const loaded = cache.find(request._tag)
    const command = loaded === undefined ? cache.load(request._tag) : Effect.succeed(loaded)
    return Effect.flatMap(command, (command) =>
      Effect.acquireUseRelease(
        Effect.sync(() => command.enter()),
        () =>
          Effect.suspend((): Effect.Effect<unknown> => {
            const answer: unknown = command.handler(request, connectionOf(voice))
            return Effect.isEffect(answer)
              ? Effect.provideService(answer as Effect.Effect<unknown, never, Voice>, Voice, voice)
              : Effect.succeed(answer)
          }),
        () => Effect.sync(() => command.leave())
      )
    )
  })

const said = (text: string): Protocol.Reply<Small> => ({ _tag: "said", text })
const plain = { _tag: "plain", text: "a" } as const
const slow = { _tag: "slow" } as const

/** A cache of two commands, and what happened to them. `slow` waits for its gate. */
const make = Effect.gen(function* () {
  const events: Array<string> = []
  const gate = yield* Deferred.make<void>()
  const started = yield* Deferred.make<void>()
  const problems = { plainModule: false, plainLayer: false, slowIsDead: false }

  const built = (name: string) =>
    Effect.acquireRelease(
      Effect.map(Store, (store) => {
        events.push(`${name} built in ${store.name}`)
        return store
      }),
      () => Effect.sync(() => events.push(`${name} released`))
    )

  const plainLayer = Command.define(Small, Voice)(
    "plain",
    Effect.gen(function* () {
      yield* built("plain")
      if (problems.plainLayer) return yield* new Broken()
      return ({ text }, { session }) => said(session.prefix + text)
    })
  )
  const slowLayer = Command.layer(
    Small,
    "slow",
    Effect.map(built("slow"), () =>
      Effect.fnUntraced(function* () {
        yield* Deferred.succeed(started, undefined)
        yield* Deferred.await(gate)
        events.push("slow answers")
        if (problems.slowIsDead) return yield* Effect.die("slow is dead")
        const { prefix } = yield* Voice
        return said(`${prefix}slowly`)
      })
    )
  )
  const loads = { plain: 0, slow: 0 }
  const loaders = {
    plain: async () => {
      loads.plain++
      await Promise.resolve()
      if (problems.plainModule) throw new Error("there is no such module")
      return { default: plainLayer }
    },
    slow: () => {
      loads.slow++
      return Promise.resolve({ default: slowLayer })
    }
  }
  const cache = yield* Command.makeCache(Small, loaders)
  const ask = (request: Protocol.Request<Small>) => answerOf(cache, request)

  return { ask, cache, events, gate, loads, problems, started }
}).pipe(Effect.provideService(Store, { name: "store" }))

describe("Command", () => {
  it.effect("is loaded at its first use, once, and kept", () =>
    Effect.gen(function* () {
      const { ask, events, loads } = yield* make
      assert.deepStrictEqual(loads, { plain: 0, slow: 0 })
      assert.deepStrictEqual(yield* ask(plain), said("I say a"))
      assert.deepStrictEqual(yield* ask({ _tag: "plain", text: "b" }), said("I say b"))
      assert.deepStrictEqual(loads, { plain: 1, slow: 0 })
      assert.deepStrictEqual(events, ["plain built in store"])
    })
  )

  it.effect("is loaded once also when many ask at the same time", () =>
    Effect.gen(function* () {
      const { ask, events, gate, loads } = yield* make
      yield* Deferred.succeed(gate, undefined)
      const answers = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, i) => i),
        (i) => ask(i % 2 === 0 ? { _tag: "plain", text: String(i) } : slow),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        answers,
        answers.map((_, i) => said(i % 2 === 0 ? `I say ${i}` : "I say slowly"))
      )
      assert.deepStrictEqual(loads, { plain: 1, slow: 1 })
      assert.deepStrictEqual(events.filter((event) => event.includes("built")).toSorted(), [
        "plain built in store",
        "slow built in store"
      ])
    })
  )

  it.effect("that is loaded and has nothing to wait for answers with a plain value", () =>
    Effect.gen(function* () {
      const { ask, cache } = yield* make
      yield* ask(plain)
      assert.deepStrictEqual(cache.find("plain")?.handler(plain, connectionOf(voice)), said("I say a"))
    })
  )

  it.effect("is released by a flush, and loaded afresh by the next use", () =>
    Effect.gen(function* () {
      const { ask, cache, events, loads } = yield* make
      yield* ask(plain)
      yield* cache.flush
      assert.deepStrictEqual(events, ["plain built in store", "plain released"])
      assert.deepStrictEqual(yield* ask(plain), said("I say a"))
      assert.deepStrictEqual(loads, { plain: 2, slow: 0 })
      assert.deepStrictEqual(events.slice(2), ["plain built in store"])
    })
  )

  it.effect("is released by a flush only when the requests in progress are answered", () =>
    Effect.gen(function* () {
      const { ask, cache, events, gate, started } = yield* make
      yield* ask(plain)
      const first = yield* Effect.forkChild(ask(slow))
      yield* Deferred.await(started)
      const second = yield* Effect.forkChild(ask(slow), { startImmediately: true })
      yield* cache.flush
      assert.deepStrictEqual(events, ["plain built in store", "slow built in store"])

      // The next use does not wait for the requests in progress either.
      yield* ask(plain)
      assert.deepStrictEqual(events.slice(2), ["plain built in store"])

      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(first), said("I say slowly"))
      assert.deepStrictEqual(yield* Fiber.join(second), said("I say slowly"))
      assert.deepStrictEqual(events.slice(3, 5), ["slow answers", "slow answers"])
      assert.deepStrictEqual(events.slice(5).toSorted(), ["plain released", "slow released"])
    })
  )

  it.effect("is released by a flush also when the last request in progress dies or is interrupted", () =>
    Effect.gen(function* () {
      const { ask, cache, events, gate, problems, started } = yield* make
      problems.slowIsDead = true
      const dying = yield* Effect.forkChild(ask(slow))
      yield* Deferred.await(started)
      const interrupted = yield* Effect.forkChild(ask(slow), { startImmediately: true })
      yield* cache.flush
      yield* Fiber.interrupt(interrupted)
      assert.deepStrictEqual(events, ["slow built in store"])
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue(Exit.hasDies(yield* Fiber.await(dying)))
      assert.deepStrictEqual(events.slice(1), ["slow answers", "slow released"])
    })
  )

  it.effect("may flush the cache that it is in", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const flush = yield* Deferred.make<Effect.Effect<void>>()
      const load = Command.layer(
        Small,
        "slow",
        Effect.map(
          Effect.acquireRelease(
            Effect.sync(() => events.push("built")),
            () => Effect.sync(() => events.push("released"))
          ),
          () =>
            Effect.fnUntraced(function* () {
              yield* Effect.flatten(Deferred.await(flush))
              events.push("flushed")
              return said("flushed")
            })
        )
      )
      const cache = yield* Command.makeCache(Small, {
        plain: () => Promise.reject(new Error("not asked for")),
        slow: () => Promise.resolve({ default: load })
      })
      yield* Deferred.succeed(flush, cache.flush)
      const ask = answerOf(cache, slow)
      assert.deepStrictEqual(yield* ask, said("flushed"))
      assert.deepStrictEqual(events, ["built", "flushed", "released"])
      assert.deepStrictEqual(yield* ask, said("flushed"))
      assert.deepStrictEqual(events.slice(3), ["built", "flushed", "released"])
    })
  )

  it.effect("whose module cannot be loaded dies for that request and is tried again at the next", () =>
    Effect.gen(function* () {
      const { ask, events, loads, problems } = yield* make
      problems.plainModule = true
      const exit = yield* Effect.exit(ask(plain))
      assert.isTrue(Exit.hasDies(exit))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "there is no such module")
      problems.plainModule = false
      assert.deepStrictEqual(yield* ask(plain), said("I say a"))
      assert.deepStrictEqual(loads, { plain: 2, slow: 0 })
      assert.deepStrictEqual(events, ["plain built in store"])
    })
  )

  it.effect("whose Layer fails dies for that request and is tried again at the next", () =>
    Effect.gen(function* () {
      const { ask, events, problems } = yield* make
      problems.plainLayer = true
      const exit = yield* Effect.exit(ask(plain))
      assert.isTrue(Exit.hasDies(exit))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "Broken")
      problems.plainLayer = false
      assert.deepStrictEqual(yield* ask(plain), said("I say a"))
      assert.deepStrictEqual(events, ["plain built in store", "plain released", "plain built in store"])
    })
  )

  it.effect("whose loading is interrupted is loaded by the next request", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const module = Promise.withResolvers<{ readonly default: typeof layer }>()
      const layer = Command.layer(Small, "plain", ({ text }) => said(text))
      const cache = yield* Command.makeCache(Small, {
        plain: () => {
          Deferred.doneUnsafe(asked, Exit.void)
          return module.promise
        },
        slow: () => Promise.reject(new Error("not asked for"))
      })
      const ask = answerOf(cache, plain)
      const leaving = yield* Effect.forkChild(ask)
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(leaving)
      module.resolve({ default: layer })
      assert.deepStrictEqual(yield* ask, said("a"))
    })
  )

  it.effect("is released with the scope of the cache", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { ask, events, gate } = yield* Scope.provide(make, scope)
      yield* Deferred.succeed(gate, undefined)
      yield* ask(plain)
      yield* ask(slow)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(events.slice(3).toSorted(), ["plain released", "slow released"])
    })
  )

  it.effect("shares with its neighbours the Layers that it is made from, until a flush", () =>
    Effect.gen(function* () {
      let pools = 0
      class Pool extends Context.Service<Pool, number>()("test/Pool") {
        static readonly layer = Layer.sync(Pool, () => ++pools)
      }
      const command = <const Tag extends "plain" | "slow">(tag: Tag) =>
        Command.layer(
          Small,
          tag,
          Effect.map(Pool, (pool) => () => said(String(pool)))
        ).pipe(Layer.provide(Pool.layer))
      const layers = { plain: command("plain"), slow: command("slow") }
      const cache = yield* Command.makeCache(Small, {
        plain: () => Promise.resolve({ default: layers.plain }),
        slow: () => Promise.resolve({ default: layers.slow })
      })
      const ask = (request: Protocol.Request<Small>) => answerOf(cache, request)
      assert.deepStrictEqual(yield* ask(plain), said("1"))
      assert.deepStrictEqual(yield* ask(slow), said("1"))
      yield* cache.flush
      assert.deepStrictEqual(yield* ask(slow), said("2"))
      assert.deepStrictEqual(yield* ask(plain), said("2"))
    })
  )

  it.effect("whose handler throws is released by a flush all the same", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const dying = Command.layer(
        Small,
        "plain",
        Effect.map(
          Effect.acquireRelease(
            Effect.sync(() => events.push("built")),
            () => Effect.sync(() => events.push("released"))
          ),
          () => () => {
            throw new Error("thrown by a command")
          }
        )
      )
      const cache = yield* Command.makeCache(Small, {
        plain: dying,
        slow: () => Promise.reject(new Error("not asked for"))
      })
      assert.isTrue(Exit.hasDies(yield* Effect.exit(answerOf(cache, plain))))
      yield* cache.flush
      assert.deepStrictEqual(events, ["built", "released"])
    })
  )
})
