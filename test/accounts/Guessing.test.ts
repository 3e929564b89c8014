/** Guessing at passwords: the lock-out in the database, and how many are checked at once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Accounts } from "../../src/accounts/Accounts.ts"
import { outcome, right, world, wrong } from "./World.ts"

const withAda = Accounts.use((accounts) => accounts.create("exon", "ada", right))

const times = (count: number, effect: Effect.Effect<string, unknown, Accounts>) =>
  Effect.forEach(Array.from({ length: count }), () => effect)

const atOnce = <A>(effects: ReadonlyArray<Effect.Effect<A, unknown, Accounts>>) =>
  Effect.all(effects, { concurrency: "unbounded" })

const tally = (outcomes: ReadonlyArray<string>) =>
  Object.fromEntries(
    [...new Set(outcomes)].toSorted().map((kind) => [kind, outcomes.filter((each) => each === kind).length])
  )

type Here = Effect.Success<typeof world>

/** A test with a started server, and a clock that stands somewhere. */
const guessing = (
  test: (here: Effect.Success<typeof world>) => Effect.Effect<void, unknown, Accounts | SqlClient.SqlClient>
) =>
  Effect.gen(function* () {
    const here = yield* world
    yield* TestClock.adjust("1000 days")
    yield* here.started()(Effect.andThen(withAda, test(here)))
  })

describe("five failures of a name", () => {
  it.effect(
    "lock it for 15 minutes to the millisecond, without a derivation, even for the right password",
    () =>
      guessing(({ derivations }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* times(5, outcome("ada", wrong)), Array(5).fill("WrongPassword"))
          const refused = Effect.gen(function* () {
            assert.strictEqual(yield* outcome("ADA", right, "tcp://192.0.2.1:1"), "NameLocked")
          })
          assert.strictEqual(yield* derivations.during(refused), 0)
          yield* TestClock.adjust("899999 millis")
          assert.strictEqual(yield* outcome("ada", right), "NameLocked")
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* outcome("ada", right), "right")
        })
      )
  )

  it.effect("do not when the first of them is 15 minutes old", () =>
    guessing(() =>
      Effect.gen(function* () {
        yield* outcome("ada", wrong)
        yield* TestClock.adjust("14 minutes")
        yield* times(3, outcome("ada", wrong))
        yield* TestClock.adjust("1 minutes")
        assert.strictEqual(yield* outcome("ada", wrong), "WrongPassword")
        // Now there are four within 15 minutes.
        assert.strictEqual(yield* outcome("ada", right), "right")
      })
    )
  )

  it.effect("lock a name that no account has, as any other", () =>
    guessing(() =>
      Effect.gen(function* () {
        yield* times(5, outcome("nobody", wrong))
        assert.strictEqual(yield* outcome("Nobody", wrong), "NameLocked")
        assert.strictEqual(yield* outcome("ada", right), "right")
      })
    )
  )

  it.effect("lock it in their realm only", () =>
    guessing(() =>
      Effect.gen(function* () {
        yield* Accounts.use((accounts) => accounts.create("rscp", "ada", right))
        yield* times(5, outcome("ada", wrong))
        assert.strictEqual(yield* outcome("ada", right, "unix", "rscp"), "right")
      })
    )
  )

  it.effect("do not count those before a success, nor those while it is locked", () =>
    guessing(() =>
      Effect.gen(function* () {
        yield* times(4, outcome("ada", wrong))
        assert.strictEqual(yield* outcome("ada", right), "right")
        assert.deepStrictEqual(yield* times(5, outcome("ada", wrong)), Array(5).fill("WrongPassword"))
        yield* TestClock.adjust("10 minutes")
        yield* times(10, outcome("ada", wrong))
        yield* TestClock.adjust("5 minutes")
        assert.deepStrictEqual(yield* times(4, outcome("ada", wrong)), Array(4).fill("WrongPassword"))
        assert.strictEqual(yield* outcome("ada", right), "right")
      })
    )
  )

  it.effect("lock it across a restart", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started()(Effect.andThen(withAda, times(5, outcome("ada", wrong))))
      yield* TestClock.adjust("899999 millis")
      assert.strictEqual(yield* started()(outcome("ada", right)), "NameLocked")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* started()(outcome("ada", right)), "right")
    })
  )

  it.effect("are forgotten when the account is unlocked, and the list says until when it was locked", () =>
    guessing(() =>
      Effect.gen(function* () {
        const accounts = yield* Accounts
        yield* times(5, outcome("ada", wrong))
        const locked = yield* accounts.list("exon")
        assert.strictEqual(locked[0]?.lockedUntil?.epochMilliseconds, 1000 * 86_400_000 + 900_000)
        yield* TestClock.adjust("15 minutes")
        assert.strictEqual((yield* accounts.list("exon"))[0]?.lockedUntil, undefined)
        yield* times(5, outcome("ada", wrong))
        yield* accounts.unlock("exon", "ADA")
        assert.strictEqual((yield* accounts.list("exon"))[0]?.lockedUntil, undefined)
        assert.deepStrictEqual(yield* times(4, outcome("ada", wrong)), Array(4).fill("WrongPassword"))
        assert.strictEqual(yield* outcome("ada", right), "right")
      })
    )
  )

  it.effect("are forgotten with the account, and not when it gets another password", () =>
    guessing(() =>
      Effect.gen(function* () {
        const accounts = yield* Accounts
        yield* times(5, outcome("ada", wrong))
        yield* accounts.setPassword("exon", "ada", right)
        assert.strictEqual(yield* outcome("ada", right), "NameLocked")
        yield* accounts.remove("exon", "Ada")
        yield* withAda
        assert.strictEqual(yield* outcome("ada", right), "right")
      })
    )
  )

  it.effect("are all that 200 at the same moment are checked for", () =>
    guessing(({ derivations }) =>
      Effect.gen(function* () {
        const guesses = Array.from({ length: 200 }, (_, i) => outcome("ada", wrong, `tcp://10.0.0.${i}:1`))
        let outcomes: ReadonlyArray<string> = []
        const derived = yield* derivations.during(Effect.map(atOnce(guesses), (all) => (outcomes = all)))
        assert.deepStrictEqual(tally(outcomes), { NameLocked: 195, WrongPassword: 5 })
        assert.strictEqual(derived, 5)
        assert.strictEqual(yield* outcome("ada", right), "NameLocked")
      })
    )
  )
})

describe("twenty failures from an address", () => {
  const from = (i: number) => `tcp://192.0.2.1:${1000 + i}`
  const twenty = Array.from({ length: 20 }, (_, i) => outcome(`name${i}`, wrong, from(i)))

  it.effect("lock it in all realms, whatever the names, and no other address", () =>
    guessing(({ derivations }) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(tally(yield* Effect.all(twenty)), { UnknownName: 20 })
        assert.strictEqual(yield* derivations.during(outcome("ada", right, "tcp://[::ffff:192.0.2.1]:7")), 0)
        assert.strictEqual(yield* outcome("ada", right, from(99)), "AddressLocked")
        assert.strictEqual(yield* outcome("ada", right, from(99), "rscp"), "AddressLocked")
        assert.strictEqual(yield* outcome("ada", right, "tcp://192.0.2.2:1"), "right")
        yield* TestClock.adjust("899999 millis")
        assert.strictEqual(yield* outcome("ada", right, from(99)), "AddressLocked")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* outcome("ada", right, from(99)), "right")
      })
    )
  )

  it.effect("lock the network of 64 bits that an IPv6 address is in", () =>
    guessing(() =>
      Effect.gen(function* () {
        for (let i = 0; i < 20; i++) yield* outcome(`name${i}`, wrong, `tcp://[2001:db8::${i}]:1`)
        assert.strictEqual(yield* outcome("ada", right, "tcp://[2001:db8::ffff:1:2:3]:1"), "AddressLocked")
        assert.strictEqual(yield* outcome("ada", right, "tcp://[2001:db8:0:1::1]:1"), "right")
      })
    )
  )

  it.effect("lock nobody on a Unix socket", () =>
    guessing(() =>
      Effect.gen(function* () {
        for (let i = 0; i < 25; i++) yield* outcome(`name${i}`, wrong, "unix")
        assert.strictEqual(yield* outcome("ada", right, "unix"), "right")
      })
    )
  )

  it.effect("count also when logins of others succeed in between", () =>
    guessing(() =>
      Effect.gen(function* () {
        for (const guess of twenty.slice(0, 19)) yield* guess
        assert.deepStrictEqual(yield* times(3, outcome("ada", right, from(0))), Array(3).fill("right"))
        assert.strictEqual(yield* outcome("name19", wrong, from(0)), "UnknownName")
        assert.strictEqual(yield* outcome("ada", right, from(0)), "AddressLocked")
      })
    )
  )

  it.effect("are not 200 right logins at the same moment", () =>
    guessing(() =>
      Effect.gen(function* () {
        const logins = Array.from({ length: 200 }, (_, i) => outcome("ada", right, from(i)))
        assert.deepStrictEqual(tally(yield* atOnce(logins)), { right: 200 })
      })
    )
  )
})

describe("what is counted", () => {
  /** Leaves as soon as the password is being checked. */
  const leaving = ({ derivations }: Here, login: Effect.Effect<string, unknown, Accounts>) =>
    Effect.gen(function* () {
      const before = derivations.all.length
      const guess = yield* Effect.forkChild(login)
      while (derivations.all.length === before) yield* Effect.yieldNow
      yield* Fiber.interrupt(guess)
    })

  it.effect("is counted when a peer leaves before his guess was checked", () =>
    guessing((here) =>
      Effect.gen(function* () {
        for (let i = 0; i < 5; i++) yield* leaving(here, outcome("ada", wrong))
        assert.strictEqual(yield* outcome("ada", right), "NameLocked")
      })
    )
  )

  it.effect("is taken back when he leaves and was right", () =>
    guessing((here) =>
      Effect.gen(function* () {
        for (let i = 0; i < 5; i++) yield* leaving(here, outcome("ada", right))
        assert.strictEqual(yield* outcome("ada", right), "right")
      })
    )
  )

  it.effect("is deleted when it is of no more use", () =>
    guessing(() =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const rows = Effect.map(sql`SELECT subject FROM account_lockout ORDER BY subject`, (rows) =>
          rows.map(({ subject }) => subject)
        )
        yield* times(5, outcome("one", wrong, "tcp://192.0.2.1:1"))
        yield* TestClock.adjust("14 minutes")
        yield* outcome("other", wrong)
        assert.deepStrictEqual(yield* rows, ["192.0.2.1", "one", "other"])
        yield* TestClock.adjust("1 minutes")
        yield* outcome("third", wrong)
        assert.deepStrictEqual(yield* rows, ["other", "third"])
        yield* outcome("ada", right, "tcp://192.0.2.1:1")
        assert.deepStrictEqual(yield* rows, ["other", "third"])
      })
    )
  )
})

describe("logins at the same moment", () => {
  it.effect("are checked two at a time unless told, and all in the end", () =>
    guessing(({ derivations }) =>
      Effect.gen(function* () {
        yield* atOnce(Array.from({ length: 50 }, () => outcome("ada", right)))
        assert.strictEqual(derivations.most, 2)
      })
    )
  )

  it.effect("fail at once, uncounted, where too many wait", () =>
    Effect.gen(function* () {
      const { derivations, started } = yield* world
      yield* started({ concurrency: 1, maxWaiting: 9 })(
        Effect.gen(function* () {
          yield* withAda
          const logins = atOnce(Array.from({ length: 15 }, (_, i) => outcome(`name${i}`, wrong)))
          let outcomes: ReadonlyArray<string> = []
          assert.strictEqual(yield* derivations.during(Effect.map(logins, (all) => (outcomes = all))), 10)
          assert.deepStrictEqual(tally(outcomes), { Overloaded: 5, UnknownName: 10 })
          assert.deepStrictEqual(tally(yield* times(3, outcome("ada", right))), { right: 3 })
        })
      )
    })
  )

  it.effect("of a name that is locked do not wait for the others", () =>
    Effect.gen(function* () {
      const { derivations, started } = yield* world
      yield* started({ concurrency: 1, maxWaiting: 0 })(
        Effect.gen(function* () {
          yield* Effect.andThen(withAda, times(5, outcome("ada", wrong)))
          const before = derivations.all.length
          const other = yield* Effect.forkChild(outcome("other", wrong))
          while (derivations.all.length === before) yield* Effect.yieldNow
          assert.strictEqual(yield* outcome("ada", right), "NameLocked")
          assert.strictEqual(yield* outcome("third", right), "Overloaded")
          assert.strictEqual(yield* Fiber.join(other), "UnknownName")
        })
      )
    })
  )
})
