/** Accounts in a real database: who may log in, and what is stored of it. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Redacted, Schema } from "effect"
import { TestClock } from "effect/testing"
import { SqlClient } from "effect/sql"
import { Accounts } from "../../src/accounts/Accounts.ts"
import * as PasswordHash from "../../src/accounts/PasswordHash.ts"
import { cheap, outcome, right, world, wrong } from "./World.ts"

const storedHashes = SqlClient.SqlClient.use((sql) => sql<{ password: string }>`SELECT password FROM account`)

const withAda = Accounts.use((accounts) => accounts.create("exon", "Ada", right))

describe("an account", () => {
  it.effect(
    "is logged in to with its password, whatever the case of its name, and tells the name as stored",
    () =>
      Effect.gen(function* () {
        const { started } = yield* world
        yield* started()(
          Effect.gen(function* () {
            const accounts = yield* Accounts
            yield* TestClock.adjust("5 minutes")
            const made = yield* accounts.create("exon", "Ada", right)
            assert.deepStrictEqual(made, {
              realm: "exon",
              name: "Ada",
              created: DateTime.makeUnsafe(300_000),
              email: undefined,
              role: undefined
            })
            yield* TestClock.adjust("5 minutes")
            assert.deepStrictEqual(yield* accounts.login("exon", "ADA", right, "unix"), made)
            assert.deepStrictEqual(yield* accounts.find("exon", "aDa"), made)
            assert.strictEqual(yield* outcome("ada", wrong), "WrongPassword")
          })
        )
      })
  )

  it.effect("of one realm opens no other", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started()(
        Effect.gen(function* () {
          const accounts = yield* Accounts
          yield* accounts.create("exon", "ada", right)
          assert.strictEqual(yield* outcome("ada", right, "unix", "rscp"), "UnknownName")
          yield* accounts.create("rscp", "ada", wrong)
          assert.strictEqual(yield* outcome("ada", right, "unix", "rscp"), "WrongPassword")
          assert.strictEqual(yield* outcome("ada", wrong, "unix", "rscp"), "right")
          yield* accounts.remove("exon", "ada")
          assert.deepStrictEqual(
            (yield* accounts.list("rscp")).map(({ name }) => name),
            ["ada"]
          )
        })
      )
    })
  )

  it.effect("is made once, when many make it at the same moment", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started()(
        Effect.gen(function* () {
          const accounts = yield* Accounts
          const made = yield* Effect.forEach(
            ["ada", "Ada", "ADA", "aDA"],
            (name) => Effect.exit(accounts.create("exon", name, right)),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(made.filter(({ _tag }) => _tag === "Success").length, 1)
          const error = yield* Effect.flip(accounts.create("exon", "ada", right))
          assert.strictEqual(error._tag, "NameTaken")
        })
      )
    })
  )

  it.effect("that is not there cannot be removed, changed, unlocked or found", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started()(
        Effect.gen(function* () {
          const accounts = yield* Accounts
          for (const name of ["nobody", "", "\u0000", "x".repeat(100_000)]) {
            for (const use of [
              accounts.remove("exon", name),
              accounts.unlock("exon", name),
              accounts.find("exon", name),
              accounts.setPassword("exon", name, right)
            ]) {
              assert.strictEqual((yield* Effect.flip(use))._tag, "UnknownAccount")
            }
            assert.strictEqual(yield* outcome(name, right), "UnknownName")
          }
        })
      )
    })
  )

  it.effect("has the password that it was given last, at once and after a restart", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started()(
        Effect.gen(function* () {
          yield* withAda
          yield* Accounts.use((accounts) => accounts.setPassword("exon", "ADA", wrong))
          assert.strictEqual(yield* outcome("ada", right), "WrongPassword")
        })
      )
      yield* started()(
        Effect.gen(function* () {
          assert.strictEqual(yield* outcome("ada", wrong), "right")
          yield* Accounts.use((accounts) => accounts.remove("exon", "ada"))
          assert.strictEqual(yield* outcome("ada", wrong), "UnknownName")
        })
      )
    })
  )

  it.effect("has its password hashed with a salt of its own, by OWASP's parameters unless told", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started({ costs: undefined })(
        Effect.gen(function* () {
          const accounts = yield* Accounts
          yield* accounts.create("exon", "ada", right)
          yield* accounts.create("exon", "bob", right)
          const [one, other] = (yield* storedHashes).map(({ password }) => password)
          assert.match(one!, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
          assert.notStrictEqual(one, other)
          assert.strictEqual(yield* outcome("ada", right), "right")
        })
      )
    })
  )

  it.effect("has its hash renewed by the next login that succeeds, and only when it was weaker", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started()(withAda)
      const stronger = { ...cheap, passes: 2 }
      yield* started({ costs: stronger })(
        Effect.gen(function* () {
          const [before] = yield* storedHashes
          assert.strictEqual(yield* outcome("ada", wrong), "WrongPassword")
          assert.deepStrictEqual(yield* storedHashes, [before!])
          assert.strictEqual(yield* outcome("ada", right), "right")
          const [after] = yield* storedHashes
          assert.deepStrictEqual(
            PasswordHash.parse(after!.password).pipe((hash) => hash._tag),
            "Some"
          )
          assert.match(after!.password, /\$m=8,t=2,p=1\$/)
          assert.strictEqual(yield* outcome("ada", right), "right")
          assert.deepStrictEqual(yield* storedHashes, [after!])
        })
      )
      yield* started()(
        Effect.gen(function* () {
          assert.strictEqual(yield* outcome("ada", right), "right")
          assert.match((yield* storedHashes)[0]!.password, /\$m=8,t=2,p=1\$/)
        })
      )
    })
  )

  it.effect("keeps a password that it is given while a login renews its hash", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started()(withAda)
      yield* started({ costs: { ...cheap, passes: 50 } })(
        Effect.gen(function* () {
          const change = Accounts.use((accounts) => accounts.setPassword("exon", "ada", wrong))
          yield* Effect.all([outcome("ada", right), change], { concurrency: "unbounded" })
          assert.strictEqual(yield* outcome("ada", wrong), "right")
        })
      )
    })
  )

  it.effect("is not told from one that is not there by what is derived", () =>
    Effect.gen(function* () {
      const { derivations, started } = yield* world
      yield* started()(
        Effect.gen(function* () {
          yield* withAda
          for (const name of ["ada", "nobody", "", "\ud800"]) {
            assert.strictEqual(yield* derivations.during(outcome(name, wrong)), 1, name)
            assert.deepStrictEqual(derivations.all.at(-1), { _tag: "Argon2id", name: "argon2id", ...cheap })
          }
          const endless = Redacted.make("x".repeat(100_000))
          assert.strictEqual(yield* derivations.during(outcome("ada", endless)), 1)
        })
      )
    })
  )
})

describe("a password", () => {
  const Text = Schema.String.check(Schema.isMinLength(10), Schema.isMaxLength(60))

  it.effect.prop(
    "opens its account and no other text does, in whatever form Unicode writes it",
    [Text, Text],
    ([text, other]) =>
      Effect.gen(function* () {
        if (Array.from(text).length < 10) return
        const { started } = yield* world
        yield* started()(
          Effect.gen(function* () {
            yield* Accounts.use((accounts) => accounts.create("exon", "ada", Redacted.make(text)))
            assert.strictEqual(yield* outcome("ada", Redacted.make(text.normalize("NFD"))), "right")
            const same = text.normalize("NFKC").toWellFormed() === other.normalize("NFKC").toWellFormed()
            assert.strictEqual(yield* outcome("ada", Redacted.make(other)), same ? "right" : "WrongPassword")
          })
        )
      }),
    { arbitrary: { runs: 20 } }
  )

  it.effect("is the same however a keyboard composes its letters", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      const text = "Käsespätzle"
      yield* started()(
        Effect.gen(function* () {
          yield* Accounts.use((accounts) =>
            accounts.create("exon", "ada", Redacted.make(text.normalize("NFC")))
          )
          assert.strictEqual(yield* outcome("ada", Redacted.make(text.normalize("NFD"))), "right")
        })
      )
    })
  )

  for (const [why, password, minLength, reason] of [
    ["of nine characters", "123456789", undefined, "TooShort"],
    ["of nine characters of two units each", "😀".repeat(9), undefined, "TooShort"],
    ["of ten characters", "1234567890", undefined, undefined],
    ["of 1024 bytes", "é".repeat(512), undefined, undefined],
    ["of 1025 bytes", "é".repeat(512) + "e", undefined, "TooLong"],
    ["that is the name", "aDa LOVELACE", undefined, "IsName"],
    ["of six characters where six are enough", "123456", 6, undefined],
    ["of five characters where six are enough", "12345", 6, "TooShort"]
  ] as const) {
    it.effect(`${why} is ${reason === undefined ? "taken" : `refused as ${reason}`}`, () =>
      Effect.gen(function* () {
        const { started } = yield* world
        yield* started()(
          Effect.gen(function* () {
            const accounts = yield* Accounts
            yield* accounts.create("exon", "bob", right)
            const created = accounts.create("exon", "Ada Lovelace", Redacted.make(password), { minLength })
            const refusal = yield* Effect.match(created, {
              onFailure: (error) => (error._tag === "BadPassword" ? error.reason : error._tag),
              onSuccess: () => undefined
            })
            assert.strictEqual(refusal, reason)
            if (reason === "IsName") return
            const changed = accounts.setPassword("exon", "bob", Redacted.make(password), { minLength })
            assert.strictEqual(
              (yield* Effect.exit(changed))._tag,
              reason === undefined ? "Success" : "Failure"
            )
          })
        )
      })
    )
  }

  it.effect("shows in no error", () =>
    Effect.gen(function* () {
      const { started } = yield* world
      yield* started()(
        Effect.gen(function* () {
          const accounts = yield* Accounts
          const secret = Redacted.make("s3cret")
          const errors = [
            yield* Effect.flip(accounts.create("exon", "ada", secret)),
            yield* Effect.flip(accounts.login("exon", "ada", secret, "tcp://192.0.2.1:7"))
          ]
          for (const error of errors)
            assert.notInclude(JSON.stringify(error) + String(error) + error.stack, "s3cret")
          assert.strictEqual(errors[1]!.message, "login failed")
          assert.deepInclude(errors[1], {
            realm: "exon",
            username: "ada",
            address: "tcp://192.0.2.1:7",
            reason: "UnknownName"
          })
        })
      )
    })
  )
})
