import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Context, Deferred, Effect, Exit, Fiber, Layer, Ref, Schema, Scope } from "effect"
import * as LoadCache from "../src/LoadCache.ts"

/** A cache of numbered texts, what happened to them, and gates that keys wait at while they are loaded. */
const make = Effect.gen(function* () {
  const events: Array<string> = []
  const gates = new Map<
    string,
    { readonly reached: Deferred.Deferred<void>; readonly open: Deferred.Deferred<void> }
  >()
  let loads = 0
  const gate = Effect.fnUntraced(function* (key: string) {
    const made = { reached: yield* Deferred.make<void>(), open: yield* Deferred.make<void>() }
    gates.set(key, made)
    return made
  })
  const cache = yield* LoadCache.make(
    Effect.fnUntraced(function* (key: string) {
      const value = `${key}${++loads}`
      yield* Effect.acquireRelease(
        Effect.sync(() => events.push(`${value} built`)),
        () => Effect.sync(() => events.push(`${value} released`))
      )
      const gate = gates.get(key)
      if (gate !== undefined) {
        yield* Deferred.succeed(gate.reached, undefined)
        yield* Deferred.await(gate.open)
      }
      return value
    })
  )
  return { cache, events, gate }
})

describe("LoadCache", () => {
  it.effect("loads once for all who ask at the same time, and forgets it at a flush", () =>
    Effect.gen(function* () {
      const { cache, events, gate } = yield* make
      const a = yield* gate("a")
      const asking = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 100 }), () => cache.load("a"), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* Deferred.await(a.reached)
      yield* Deferred.succeed(a.open, undefined)
      assert.deepStrictEqual(new Set(yield* Fiber.join(asking)), new Set(["a1"]))
      assert.deepStrictEqual([...Ref.getUnsafe(cache.current).values], [["a", "a1"]])
      yield* cache.flush
      assert.strictEqual(Ref.getUnsafe(cache.current).values.size, 0)
      assert.strictEqual(yield* cache.load("a"), "a2")
      assert.deepStrictEqual(events, ["a1 built", "a1 released", "a2 built"])
    })
  )

  it.effect("tries again after a failure, for which nothing is kept", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      let fails = true
      const cache = yield* LoadCache.make(
        Effect.fnUntraced(function* (key: string) {
          yield* Effect.addFinalizer(() => Effect.sync(() => events.push(`${key} released`)))
          if (fails) return yield* Effect.fail("out of order")
          return key
        })
      )
      assert.strictEqual(yield* Effect.flip(cache.load("a")), "out of order")
      assert.deepStrictEqual(events, ["a released"])
      fails = false
      assert.strictEqual(yield* cache.load("a"), "a")
      assert.deepStrictEqual(events, ["a released"])
    })
  )

  it.effect("builds Layers again whose building was interrupted, those that several share too", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const reached = yield* Deferred.make<void>()
      const open = yield* Deferred.make<void>()
      class Shared extends Context.Service<Shared, string>()("test/Shared") {}
      class Own extends Context.Service<Own, string>()("test/Own") {}
      const shared = Layer.effect(
        Shared,
        Effect.gen(function* () {
          events.push("building")
          yield* Effect.addFinalizer(() => Effect.sync(() => events.push("released")))
          yield* Deferred.succeed(reached, undefined)
          yield* Deferred.await(open)
          return "shared"
        })
      )
      const own = Layer.provide(Layer.effect(Own, Shared), shared)
      const cache = yield* LoadCache.make<string, string>((key, { memoMap, scope }) =>
        Effect.map(
          Layer.buildWithMemoMap(own, memoMap, scope),
          (services) => `${key} ${Context.get(services, Own)}`
        )
      )
      const first = yield* Effect.forkChild(cache.load("a"))
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(open, undefined)
      assert.strictEqual(yield* cache.load("a"), "a shared")
      assert.strictEqual(yield* cache.load("b"), "b shared")
      assert.strictEqual(events.filter((event) => event === "building").length, 2)
    })
  )

  it.effect("does not let one key wait for another", () =>
    Effect.gen(function* () {
      const { cache, gate } = yield* make
      const slow = yield* gate("slow")
      const loading = yield* Effect.forkChild(cache.load("slow"))
      yield* Deferred.await(slow.reached)
      assert.strictEqual(yield* cache.load("quick"), "quick2")
      yield* Deferred.succeed(slow.open, undefined)
      assert.strictEqual(yield* Fiber.join(loading), "slow1")
      assert.strictEqual(yield* cache.load("slow"), "slow1")
    })
  )

  it.effect("loads anew what was being loaded when a flush came, and releases what was loaded in vain", () =>
    Effect.gen(function* () {
      const { cache, events, gate } = yield* make
      const a = yield* gate("a")
      const loading = yield* Effect.forkChild(cache.load("a"))
      yield* Deferred.await(a.reached)
      yield* cache.flush
      assert.deepStrictEqual(events, ["a1 built"])
      yield* Deferred.succeed(a.open, undefined)
      assert.strictEqual(yield* Fiber.join(loading), "a2")
      assert.deepStrictEqual(events, ["a1 built", "a1 released", "a2 built"])
      assert.strictEqual(yield* cache.load("a"), "a2")
    })
  )

  it.effect("keeps what is in use until it is left, however often it was flushed meanwhile", () =>
    Effect.gen(function* () {
      const { cache, events } = yield* make
      yield* cache.load("a")
      const generation = Ref.getUnsafe(cache.current)
      const using = yield* Deferred.make<void>()
      const user = yield* Effect.forkChild(LoadCache.using(generation, Deferred.await(using)), {
        startImmediately: true
      })
      yield* cache.flush
      yield* cache.load("a")
      yield* cache.flush
      assert.deepStrictEqual(events, ["a1 built", "a2 built", "a2 released"])
      yield* Deferred.succeed(using, undefined)
      yield* Fiber.join(user)
      assert.deepStrictEqual(events.slice(3), ["a1 released"])
    })
  )

  it.effect("tries again after a load that was interrupted, for those who waited for it as well", () =>
    Effect.gen(function* () {
      const { cache, events, gate } = yield* make
      const a = yield* gate("a")
      const first = yield* Effect.forkChild(cache.load("a"))
      yield* Deferred.await(a.reached)
      const second = yield* Effect.forkChild(cache.load("a"), { startImmediately: true })
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(events.slice(0, 2), ["a1 built", "a1 released"])
      yield* Deferred.succeed(a.open, undefined)
      assert.strictEqual(yield* Fiber.join(second), "a2")
    })
  )

  it.effect(
    "lets nobody use what is released, and releases everything once, however loads and flushes meet",
    () =>
      Effect.gen(function* () {
        const pauses = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 })))
        const pause = Effect.fnUntraced(function* (times: number) {
          for (let i = 0; i < times; i++) yield* Effect.yieldNow
        })
        const lengths = yield* Arbitrary.sampleEffect(pauses, { count: 900 })
        let turns = 0
        const somePause = Effect.suspend(() => pause(lengths[turns++ % lengths.length]!))
        const built: Array<{ releases: number }> = []
        const scope = yield* Scope.make()
        const cache = yield* Scope.provide(
          LoadCache.make<string, { releases: number }, never, Scope.Scope>(() =>
            Effect.acquireRelease(
              Effect.sync(() => {
                const value = { releases: 0 }
                built.push(value)
                return value
              }),
              (value) => Effect.sync(() => void value.releases++)
            ).pipe(Effect.tap(() => somePause))
          ),
          scope
        )
        const use = (key: string): Effect.Effect<void> =>
          Effect.suspend(() => {
            const generation = Ref.getUnsafe(cache.current)
            const value = generation.values.get(key)
            if (value === undefined) return Effect.flatMap(cache.load(key), () => use(key))
            const inUse = Effect.andThen(
              somePause,
              Effect.sync(() => assert.strictEqual(value.releases, 0))
            )
            return LoadCache.using(generation, inUse)
          })
        yield* Effect.forEach(
          Array.from({ length: 300 }, (_, i) => i),
          (i) => Effect.andThen(somePause, i % 5 === 0 ? cache.flush : use(i % 2 === 0 ? "a" : "b")),
          { concurrency: 40, discard: true }
        )
        assert.isAbove(built.length, 2)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(new Set(built.map(({ releases }) => releases)), new Set([1]))
      })
  )

  it.effect("releases everything with its scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { cache, events } = yield* Scope.provide(make, scope)
      yield* cache.load("a")
      yield* cache.load("b")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(events.slice(2).toSorted(), ["a1 released", "b2 released"])
    })
  )
})
