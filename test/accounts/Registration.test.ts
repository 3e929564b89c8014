/** Accounts that peers make for themselves: what they may be like, and how many there may be. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Accounts } from "../../src/accounts/Accounts.ts"
import { outcome, right, world, wrong } from "./World.ts"

const register = (name: string, options: { address?: string; password?: string; minLength?: number } = {}) =>
  Accounts.use((accounts) =>
    accounts
      .register(
        "rscp",
        name,
        options.password === undefined ? right : Redacted.make(options.password),
        options.address ?? "tcp://192.0.2.1:4000",
        { email: `${name}@example.org`, minLength: options.minLength }
      )
      .pipe(
        Effect.map(({ name }) => name),
        Effect.catchTag("RegistrationFailed", ({ reason }) => Effect.succeed(reason))
      )
  )

const registering = (test: Effect.Effect<void, unknown, Accounts>) =>
  Effect.gen(function* () {
    const { started } = yield* world
    yield* TestClock.adjust("1000 days")
    yield* started()(test)
  })

describe("A registration", () => {
  it.effect("makes an account with an e-mail address, which its password opens", () =>
    registering(
      Effect.gen(function* () {
        const accounts = yield* Accounts
        assert.strictEqual(yield* register("dias"), "dias")
        assert.strictEqual((yield* accounts.find("rscp", "DIAS")).email, "dias@example.org")
        assert.strictEqual(yield* outcome("dias", right, "unix", "rscp"), "right")
        assert.strictEqual(yield* outcome("dias", wrong, "unix", "rscp"), "WrongPassword")
      })
    )
  )

  it.effect("fails for a name that is taken, whatever its case, and for a password that is too short", () =>
    registering(
      Effect.gen(function* () {
        yield* register("dias")
        assert.strictEqual(yield* register("Dias"), "NameTaken")
        assert.strictEqual(yield* register("ada", { password: "pompie", minLength: 7 }), "BadPassword")
        assert.strictEqual(yield* register("ada", { password: "pompier", minLength: 7 }), "ada")
        assert.strictEqual(yield* register(""), "BadName")
      })
    )
  )

  it.effect("is one of 20 of an address in 15 minutes, those that fail included", () =>
    registering(
      Effect.gen(function* () {
        for (let n = 0; n < 20; n++) {
          assert.strictEqual(yield* register(`n${n >> 1}`), n % 2 === 0 ? `n${n >> 1}` : "NameTaken")
        }
        assert.strictEqual(yield* register("late"), "AddressLocked")
        assert.strictEqual(yield* register("late", { address: "tcp://192.0.2.1:5000" }), "AddressLocked")
        // Who may not register may log in, from there too, and others may register.
        assert.strictEqual(yield* outcome("n1", right, "tcp://192.0.2.1:4000", "rscp"), "right")
        assert.strictEqual(yield* register("other", { address: "tcp://192.0.2.2:4000" }), "other")
        yield* TestClock.adjust("899999 millis")
        assert.strictEqual(yield* register("late"), "AddressLocked")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* register("late"), "late")
      })
    )
  )
})
