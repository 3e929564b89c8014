import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Ref, Scope } from "effect"
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
