/** The sessions of numbers: how long they live, whose turn it is, what they keep, and who else sees it. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Metric, Ref } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Accounts } from "../../../src/accounts/Accounts.ts"
import { Outbox } from "../../../src/protocols/sms/Outbox.ts"
import { type NumberSession, Sessions } from "../../../src/protocols/sms/Sessions.ts"
import { turn } from "../../support/Time.ts"
import { register, type ServerOptions, type World, world } from "./World.ts"

const ada = "+33612345678"
const bob = "+33687654321"

type Services = Layer.Success<ReturnType<World["services"]>>

/** Runs with the services of a server that has just been started on the database of `here`. */
const started = (here: World, options?: ServerOptions) =>
  Effect.provide(here.services({ outbox: Outbox.layerQueueOnly, ...options }), { local: true })

/** A test with a started server; the clock stands somewhere. */
const serving = (test: (here: World) => Effect.Effect<void, unknown, Services>, options?: ServerOptions) =>
  Effect.gen(function* () {
    const here = yield* world
    yield* TestClock.adjust("1000 days")
    yield* started(here, options)(test(here))
  })

const use = <A, E>(number: string, run: (session: NumberSession) => Effect.Effect<A, E>) =>
  Sessions.use((sessions) => sessions.use(number, run))

const state = (number: string) => use(number, (session) => Effect.succeed(session.state))
const go = (number: string, to: "GUEST" | "LOGININPROGRESS" | "USER" | "ADMIN") =>
  use(number, (session) => session.transition(to))
const keep = (number: string, value: string) =>
  use(number, (session) => session.storage("note").set("it", value))
const kept = (number: string) => use(number, (session) => session.storage("note").get("it"))
const listed = Effect.map(
  Sessions.use(({ list }) => list),
  (all) => all.map(({ number, state }) => `${number} ${state}`)
)

describe("A session", () => {
  it.effect("is made by the first message of its number, a guest's, with nothing in it", () =>
    serving(() =>
      Effect.gen(function* () {
        yield* use(ada, (session) =>
          Effect.gen(function* () {
            assert.strictEqual(session.number, ada)
            assert.strictEqual(session.state, "GUEST")
            assert.deepStrictEqual([...session.transitions], ["LOGININPROGRESS"])
            assert.isUndefined(yield* session.storage("note").get("it"))
          })
        )
        assert.deepStrictEqual(yield* listed, [`${ada} GUEST`])
      })
    )
  )

  it.effect(
    "lives 600 seconds after its last message, to the millisecond; then there is a new and empty one",
    () =>
      serving(() =>
        Effect.gen(function* () {
          yield* go(ada, "LOGININPROGRESS")
          yield* keep(ada, "kept")
          yield* TestClock.adjust("599999 millis")
          assert.strictEqual(yield* state(ada), "LOGININPROGRESS")
          yield* TestClock.adjust("599999 millis")
          assert.strictEqual(yield* kept(ada), "kept")
          yield* TestClock.adjust("600000 millis")
          assert.deepStrictEqual(yield* listed, [])
          assert.strictEqual(yield* state(ada), "GUEST")
          assert.isUndefined(yield* kept(ada))
        })
      )
  )

  it.effect("lives as long as it is configured to", () =>
    serving(
      () =>
        Effect.gen(function* () {
          yield* go(ada, "LOGININPROGRESS")
          yield* TestClock.adjust("29 seconds")
          assert.strictEqual(yield* state(ada), "LOGININPROGRESS")
          yield* TestClock.adjust("30 seconds")
          assert.strictEqual(yield* state(ada), "GUEST")
        }),
      { timeToLive: "30 seconds" }
    )
  )

  it.effect("is one, however its number is written", () =>
    serving(() =>
      Effect.gen(function* () {
        yield* go("0033 6 12 34 56 78", "LOGININPROGRESS")
        assert.strictEqual(yield* state("+33-612-345-678"), "LOGININPROGRESS")
        assert.deepStrictEqual(yield* listed, [`${ada} LOGININPROGRESS`])
      })
    )
  )

  it.effect("of what is too long to be a number is a guest's that is kept nowhere", () =>
    serving(() =>
      Effect.gen(function* () {
        const long = "1".repeat(33)
        assert.strictEqual(yield* state(long), "GUEST")
        assert.strictEqual((yield* Effect.flip(go(long, "LOGININPROGRESS")))._tag, "TransitionDenied")
        assert.deepStrictEqual(yield* listed, [])
      })
    )
  )

  it.effect("survives a restart with its state, its storage and its time", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      yield* started(here)(Effect.all([go(ada, "LOGININPROGRESS"), keep(ada, "kept"), state(bob)]))
      yield* TestClock.adjust("599999 millis")
      yield* started(here)(
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* listed, [`${ada} LOGININPROGRESS`, `${bob} GUEST`])
          assert.strictEqual(yield* kept(ada), "kept")
        })
      )
      yield* TestClock.adjust("600 seconds")
      yield* started(here)(
        Effect.gen(function* () {
          assert.strictEqual(yield* state(ada), "GUEST")
          assert.isUndefined(yield* kept(ada))
        })
      )
    })
  )

  it.effect("that has expired leaves the database, with its storage", () =>
    serving(() =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* keep(ada, "kept")
        yield* TestClock.adjust("599 seconds")
        yield* state(bob)
        yield* TestClock.adjust("3 minutes")
        const rows = yield* sql<{ readonly number: string }>`SELECT number FROM sms_session`
        assert.deepStrictEqual(
          rows.map(({ number }) => number),
          [bob]
        )
        assert.strictEqual((yield* sql`SELECT 1 FROM sms_storage`).length, 0)
      })
    )
  )

  it.effect("goes where its number's account may, and nowhere else", () =>
    serving(() =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          (yield* Effect.flip(go(ada, "USER"))).message,
          "a session cannot go from GUEST to USER"
        )
        yield* register(ada)
        yield* go(ada, "USER")
        assert.strictEqual((yield* Effect.flip(go(ada, "ADMIN")))._tag, "TransitionDenied")
        assert.strictEqual((yield* Effect.flip(go(ada, "LOGININPROGRESS")))._tag, "TransitionDenied")
        yield* go(ada, "GUEST")
        assert.strictEqual((yield* Effect.flip(go(ada, "GUEST")))._tag, "TransitionDenied")
        yield* register(bob, "ADMIN")
        yield* go(bob, "LOGININPROGRESS")
        yield* go(bob, "ADMIN")
        assert.deepStrictEqual(yield* listed, [`${ada} GUEST`, `${bob} ADMIN`])
      })
    )
  )

  it.effect("is what the account says, at the next message after that has changed", () =>
    serving(() =>
      Effect.gen(function* () {
        const accounts = yield* Accounts
        yield* register(ada)
        yield* go(ada, "USER")
        yield* accounts.remove("sms", ada)
        yield* register(ada, "ADMIN")
        assert.strictEqual(yield* state(ada), "ADMIN")
        yield* accounts.remove("sms", ada)
        assert.strictEqual(yield* state(ada), "GUEST")
        yield* register(ada, "ADMIN")
        assert.strictEqual(yield* state(ada), "GUEST")
      })
    )
  )

  it.effect(
    "for a gateway's token stays in its state, is kept nowhere, and keeps what it is given for as long as it is there",
    () =>
      serving(() =>
        Effect.gen(function* () {
          const session = (yield* Sessions).detached(ada, "ADMIN")
          yield* session.storage("note").set("it", "kept")
          assert.strictEqual(yield* session.storage("note").get("it"), "kept")
          assert.isUndefined(yield* session.storage("other").get("it"))
          assert.strictEqual((yield* Effect.flip(session.transition("GUEST")))._tag, "TransitionDenied")
          assert.strictEqual(session.state, "ADMIN")
          assert.deepStrictEqual(yield* listed, [])
        })
      )
  )
})

describe("Messages", () => {
  it.effect("of one number run one after another, in the order of their arrival", () =>
    serving(() =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        const order: Array<string> = []
        const note = (what: string, wait: Effect.Effect<void> = Effect.void) =>
          use(ada, () =>
            Effect.gen(function* () {
              order.push(`${what} begins`)
              yield* wait
              order.push(`${what} ends`)
            })
          )
        const all = yield* Effect.forEach(
          [note("first", Deferred.await(gate)), note("second", turn), note("third")],
          (message) => Effect.tap(Effect.forkChild(message), () => turn)
        )
        assert.deepStrictEqual(order, ["first begins"])
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.joinAll(all)
        assert.deepStrictEqual(order, [
          "first begins",
          "first ends",
          "second begins",
          "second ends",
          "third begins",
          "third ends"
        ])
      })
    )
  )

  it.effect("of different numbers run side by side", () =>
    serving(() =>
      Effect.gen(function* () {
        const [adas, bobs] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        // Each waits for the other: one after another, they would wait for ever.
        yield* Effect.all(
          [
            use(ada, () => Effect.andThen(Deferred.succeed(adas, undefined), Deferred.await(bobs))),
            use(bob, () => Effect.andThen(Deferred.succeed(bobs, undefined), Deferred.await(adas)))
          ],
          { concurrency: "unbounded" }
        )
      })
    )
  )

  it.effect("that are interrupted, running or waiting, give up their turn", () =>
    serving(() =>
      Effect.gen(function* () {
        const running = yield* Effect.forkChild(use(ada, () => Effect.never))
        yield* turn
        const waiting = yield* Effect.forkChild(state(ada))
        const last = yield* Effect.forkChild(state(ada))
        yield* turn
        yield* Fiber.interrupt(waiting)
        yield* Fiber.interrupt(running)
        assert.strictEqual(yield* Fiber.join(last), "GUEST")
      })
    )
  )

  it.effect("that fail leave the session to the next one", () =>
    serving(() =>
      Effect.gen(function* () {
        assert.strictEqual(yield* Effect.flip(use(ada, () => Effect.fail("why not"))), "why not")
        yield* Effect.exit(use(ada, () => Effect.die("a defect")))
        assert.strictEqual(yield* state(ada), "GUEST")
      })
    )
  )

  it.effect("of a live session neither write to the database nor ask it for anything", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      const asked = yield* Ref.make(0)
      const counting = Effect.map(Accounts, (accounts) => ({
        ...accounts,
        find: (realm: string, name: string) =>
          Effect.andThen(
            Ref.update(asked, (n) => n + 1),
            accounts.find(realm, name)
          )
      }))
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const written = Effect.map(
          sql<{ readonly n: number }>`SELECT total_changes() AS n`,
          ([row]) => row!.n
        )
        // What is done once, at the start, is over.
        yield* turn
        yield* state(ada)
        yield* TestClock.adjust("1 seconds")
        yield* state(ada)
        yield* Ref.set(asked, 0)
        const before = yield* written
        for (let n = 0; n < 100; n++) yield* state(ada)
        assert.strictEqual(yield* written, before)
        assert.strictEqual(yield* Ref.get(asked), 0)
        yield* TestClock.adjust("1 seconds")
        assert.isAbove(yield* written, before)
      }).pipe(
        Effect.provide(
          Sessions.layer().pipe(
            Layer.provide(Layer.effect(Accounts, counting)),
            Layer.provideMerge(here.services())
          ),
          { local: true }
        )
      )
    })
  )
})

describe("The storage of a session", () => {
  it.effect("is each command's own", () =>
    serving(() =>
      use(ada, (session) =>
        Effect.gen(function* () {
          const [note, other] = [session.storage("note"), session.storage("other")]
          yield* note.set("it", "of note")
          yield* other.set("it", "of other")
          yield* note.set("it", "of note again")
          assert.strictEqual(yield* note.get("it"), "of note again")
          assert.strictEqual(yield* other.get("it"), "of other")
          yield* other.delete("it")
          assert.isUndefined(yield* other.get("it"))
          assert.strictEqual(yield* note.get("it"), "of note again")
        })
      )
    )
  )

  it.effect(
    "has room for 64 keys of a command, each of up to 128 characters, and values of up to 4 KiB",
    () =>
      serving(() =>
        Effect.gen(function* () {
          const sessions = yield* Sessions
          const check = (session: NumberSession) =>
            Effect.gen(function* () {
              const storage = session.storage("note")
              const refused = (key: string, value: string) =>
                Effect.map(Effect.flip(storage.set(key, value)), ({ _tag }) =>
                  assert.strictEqual(_tag, "StorageFull")
                )
              yield* storage.set("k".repeat(128), "é".repeat(2048))
              yield* refused("k".repeat(129), "")
              yield* refused("", "")
              yield* refused("key", "é".repeat(2048) + "x")
              for (let n = 1; n < 64; n++) yield* storage.set(`key ${n}`, "")
              yield* refused("one too many", "")
              yield* storage.set("key 1", "changed")
              yield* session.storage("other").set("one too many", "")
              yield* storage.delete("key 1")
              yield* storage.set("one too many", "")
            })
          yield* sessions.use(ada, check)
          yield* check(sessions.detached(ada, "USER"))
        })
      )
  )
})

describe("Sessions", () => {
  it.effect("in memory are no more than there is room for, and the others are in the database", () =>
    serving(
      () =>
        Effect.gen(function* () {
          const numbers = Array.from({ length: 10 }, (_, n) => `+3361234567${n}`)
          for (const number of numbers) yield* go(number, "LOGININPROGRESS")
          for (const number of numbers) assert.strictEqual(yield* state(number), "LOGININPROGRESS")
          yield* Effect.forEach(numbers, state, { concurrency: "unbounded" })
          assert.strictEqual((yield* listed).length, 10)
        }),
      { capacity: 2 }
    )
  )

  it.effect("take turns also where there is room for fewer than there are", () =>
    serving(
      () =>
        Effect.gen(function* () {
          const numbers = Array.from({ length: 8 }, (_, n) => `+3361234567${n}`)
          const increment = (session: NumberSession) =>
            Effect.gen(function* () {
              const storage = session.storage("note")
              const before = Number((yield* storage.get("it")) ?? 0)
              yield* turn
              yield* storage.set("it", `${before + 1}`)
            })
          const messages = Array.from({ length: 15 }).flatMap(() => numbers)
          yield* Effect.forEach(messages, (number) => use(number, increment), { concurrency: 40 })
          for (const number of numbers) assert.strictEqual(yield* kept(number), "15")
        }),
      { capacity: 2 }
    )
  )

  it.effect("that a one-shot run changes are seen by the server, and the other way round", () =>
    serving((here) =>
      Effect.gen(function* () {
        yield* state(ada)
        yield* TestClock.adjust("1 seconds")
        yield* started(here)(
          Effect.gen(function* () {
            yield* go(ada, "LOGININPROGRESS")
            yield* keep(ada, "from elsewhere")
          })
        )
        assert.strictEqual(yield* state(ada), "LOGININPROGRESS")
        assert.strictEqual(yield* kept(ada), "from elsewhere")
        yield* go(ada, "GUEST")
        yield* started(here)(Effect.map(state(ada), (state) => assert.strictEqual(state, "GUEST")))
      })
    )
  )

  it.effect("that two processes move from one state at once are moved by one of them", () =>
    serving((here) =>
      Effect.gen(function* () {
        yield* register(ada)
        yield* go(ada, "LOGININPROGRESS")
        const denied = yield* use(ada, (session) =>
          Effect.gen(function* () {
            // While it runs here, it runs there.
            yield* started(here)(go(ada, "USER"))
            return yield* Effect.flip(session.transition("USER"))
          })
        )
        assert.strictEqual((denied as { readonly _tag?: string })._tag, "TransitionDenied")
        assert.strictEqual(yield* state(ada), "USER")
      })
    )
  )

  it.effect("are counted", () =>
    Effect.gen(function* () {
      yield* serving(() =>
        Effect.gen(function* () {
          yield* Effect.all([state(ada), state(bob)])
          yield* TestClock.adjust("6 seconds")
          const all = yield* Metric.snapshot
          assert.deepInclude(all.find(({ id }) => id === "wireline_sms_sessions")!.state, { value: 2 })
        })
      )
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})
