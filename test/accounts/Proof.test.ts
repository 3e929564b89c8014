/** Logging in with another proof than a password, and accounts that have none. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Accounts } from "../../src/accounts/Accounts.ts"
import { turn } from "../support/Time.ts"
import { outcome, right, world, wrong } from "./World.ts"

/** A test with a started server on which ada has no password; the clock stands somewhere. */
const withAda = (test: Effect.Effect<void, unknown, Accounts>) =>
  Effect.gen(function* () {
    const { started } = yield* world
    yield* TestClock.adjust("1000 days")
    yield* started()(
      Effect.andThen(
        Accounts.use((accounts) =>
          accounts.create("sms", "ada", undefined, { role: "ADMIN", email: "ada@example.org" })
        ),
        test
      )
    )
  })

/** Logs in with a proof that is right or wrong; how that ended, in a word. */
const proves = (name: string, verify: Effect.Effect<boolean>) =>
  Accounts.use((accounts) =>
    accounts.loginWith("sms", name, "unix", verify).pipe(
      Effect.as("right"),
      Effect.catchTag("LoginFailed", ({ reason }) => Effect.succeed(reason))
    )
  )

const isRight = Effect.succeed(true)
const isWrong = Effect.succeed(false)

describe("An account without a password", () => {
  it.effect("lets nobody in by one, also not by an empty one, until it gets one", () =>
    withAda(
      Effect.gen(function* () {
        assert.strictEqual(yield* outcome("ada", Redacted.make(""), "unix", "sms"), "WrongPassword")
        assert.strictEqual(yield* outcome("ada", wrong, "unix", "sms"), "WrongPassword")
        const accounts = yield* Accounts
        yield* accounts.setPassword("sms", "ada", right)
        assert.strictEqual(yield* outcome("ada", right, "unix", "sms"), "right")
      })
    )
  )

  it.effect("has its role and its address", () =>
    withAda(
      Effect.gen(function* () {
        const accounts = yield* Accounts
        const { email, role } = yield* accounts.loginWith("sms", "ADA", "unix", isRight)
        assert.deepStrictEqual([role, email], ["ADMIN", "ada@example.org"])
        assert.deepStrictEqual(
          (yield* accounts.list("sms")).map(({ email, role }) => [role, email]),
          [["ADMIN", "ada@example.org"]]
        )
      })
    )
  )
})

describe("Another proof", () => {
  it.effect("is looked at also where there is no account, which is not let in by it", () =>
    withAda(
      Effect.gen(function* () {
        let looked = 0
        const proof = Effect.sync(() => ++looked > 0)
        assert.strictEqual(yield* proves("nobody", proof), "UnknownName")
        assert.strictEqual(yield* proves("ada", proof), "right")
        assert.strictEqual(looked, 2)
      })
    )
  )

  it.effect(
    "that is wrong locks the name with the fifth failure, with or without an account, and is not looked at then",
    () =>
      withAda(
        Effect.gen(function* () {
          for (const [name, failure] of [
            ["ada", "WrongPassword"],
            ["nobody", "UnknownName"]
          ] as const) {
            for (let n = 0; n < 5; n++) assert.strictEqual(yield* proves(name, isWrong), failure)
            assert.strictEqual(yield* proves(name, Effect.die("it was looked at")), "NameLocked")
            assert.strictEqual(yield* outcome(name, right, "unix", "sms"), "NameLocked")
          }
          yield* TestClock.adjust("15 minutes")
          assert.strictEqual(yield* proves("ada", isRight), "right")
        })
      )
  )

  it.effect("that is right forgives the name its failures", () =>
    withAda(
      Effect.gen(function* () {
        for (let n = 0; n < 3; n++) {
          for (let n = 0; n < 4; n++) yield* proves("ada", isWrong)
          assert.strictEqual(yield* proves("ada", isRight), "right")
        }
      })
    )
  )

  it.effect("counts as a failure for whoever hangs up while it is looked at", () =>
    withAda(
      Effect.gen(function* () {
        for (let n = 0; n < 5; n++) {
          const gate = yield* Deferred.make<void>()
          const fiber = yield* Effect.forkChild(proves("ada", Effect.as(Deferred.await(gate), false)))
          yield* turn
          const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
          yield* turn
          yield* Deferred.succeed(gate, undefined)
          yield* Fiber.join(interrupted)
        }
        assert.strictEqual(yield* proves("ada", isRight), "NameLocked")
      })
    )
  )
})
