/** One-time codes: what they are, for how long and how often they count, and how they are kept. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Codes, TooManyCodes } from "../../../src/protocols/sms/Codes.ts"
import { world } from "./World.ts"

const ada = "+33612345678"
const bob = "+33687654321"

type Use = <A, E>(use: (codes: Codes["Service"]) => Effect.Effect<A, E>) => Effect.Effect<A, unknown>

/** A test with a started server, and with others that are started later; the clock stands somewhere. */
const withCodes = (
  test: (codes: Codes["Service"], restarted: Use) => Effect.Effect<void, unknown, SqlClient.SqlClient>
) =>
  Effect.gen(function* () {
    const { database } = yield* world
    yield* TestClock.adjust("1000 days")
    const started = Effect.provide(Layer.provideMerge(Codes.layer, database), { local: true })
    yield* started(Codes.use((codes) => test(codes, (use) => started(Codes.use(use)))))
  })

/** Another code than this. */
const otherThan = (code: Redacted.Redacted): Redacted.Redacted =>
  Redacted.make(String((Number(Redacted.value(code)) + 1) % 1_000_000).padStart(6, "0"))

describe("A code", () => {
  it.effect("has six digits, also where they begin with a 0", () =>
    withCodes((codes) =>
      Effect.gen(function* () {
        const all = yield* Effect.forEach(Array.from({ length: 200 }), (_, i) => codes.issue(`+3361234${i}`))
        for (const code of all) assert.match(Redacted.value(code), /^\d{6}$/)
        // Of 200, not one with a leading 0 is less likely than one in a thousand million.
        assert.isTrue(all.some((code) => Redacted.value(code).startsWith("0")))
        assert.isAbove(new Set(all.map(Redacted.value)).size, 190)
      })
    )
  )

  it.effect("is right once, for its number alone", () =>
    withCodes((codes) =>
      Effect.gen(function* () {
        const code = yield* codes.issue(ada)
        yield* codes.issue(bob)
        assert.isFalse(yield* codes.verify(bob, code))
        assert.isFalse(yield* codes.verify("+33600000000", code))
        assert.isTrue(yield* codes.verify(ada, code))
        assert.isFalse(yield* codes.verify(ada, code))
      })
    )
  )

  it.effect("is right once, of many at the same moment", () =>
    withCodes((codes) =>
      Effect.gen(function* () {
        const code = yield* codes.issue(ada)
        const all = yield* Effect.all(
          [1, 2, 3].map(() => codes.verify(ada, code)),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(all.filter(Boolean).length, 1)
      })
    )
  )

  it.effect("is valid for five minutes, to the millisecond", () =>
    withCodes((codes) =>
      Effect.gen(function* () {
        const first = yield* codes.issue(ada)
        yield* TestClock.adjust("299999 millis")
        assert.isTrue(yield* codes.pending(ada))
        assert.isTrue(yield* codes.verify(ada, first))
        const second = yield* codes.issue(ada)
        yield* TestClock.adjust("300000 millis")
        assert.isFalse(yield* codes.pending(ada))
        assert.isFalse(yield* codes.verify(ada, second))
      })
    )
  )

  it.effect("has three tries, which a restart does not forget", () =>
    withCodes((codes, restarted) =>
      Effect.gen(function* () {
        const code = yield* codes.issue(ada)
        assert.isFalse(yield* codes.verify(ada, otherThan(code)))
        assert.isFalse(yield* restarted((codes) => codes.verify(ada, otherThan(code))))
        assert.isTrue(yield* codes.pending(ada))
        assert.isFalse(yield* codes.verify(ada, otherThan(code)))
        assert.isFalse(yield* codes.pending(ada))
        assert.isFalse(yield* codes.verify(ada, code))
      })
    )
  )

  it.effect("takes the place of the one before, which does not come back when it is used up", () =>
    withCodes((codes) =>
      Effect.gen(function* () {
        const first = yield* codes.issue(ada)
        const second = yield* codes.issue(ada)
        if (Redacted.value(first) !== Redacted.value(second)) {
          assert.isFalse(yield* codes.verify(ada, first))
        }
        assert.isTrue(yield* codes.verify(ada, second))
        assert.isFalse(yield* codes.verify(ada, first))
        assert.isFalse(yield* codes.pending(ada))
      })
    )
  )

  it.effect("is issued to a number three times within 15 minutes, whatever becomes of them", () =>
    withCodes((codes, restarted) =>
      Effect.gen(function* () {
        assert.isTrue(yield* codes.verify(ada, yield* codes.issue(ada)))
        yield* TestClock.adjust("5 minutes")
        const code = yield* codes.issue(ada)
        for (let n = 0; n < 3; n++) yield* codes.verify(ada, otherThan(code))
        yield* codes.issue(ada)
        assert.strictEqual((yield* Effect.flip(codes.issue(ada)))._tag, "TooManyCodes")
        assert.instanceOf(yield* Effect.flip(restarted((codes) => codes.issue(ada))), TooManyCodes)
        yield* codes.issue(bob)
        yield* TestClock.adjust("599999 millis")
        assert.strictEqual((yield* Effect.flip(codes.issue(ada)))._tag, "TooManyCodes")
        yield* TestClock.adjust("1 millis")
        yield* codes.issue(ada)
      })
    )
  )

  it.effect(
    "is nowhere in the database, neither as it is nor in a way that is the same for the same code",
    () =>
      withCodes((codes) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const code = yield* codes.issue(ada)
          yield* codes.issue(ada)
          const rows = yield* sql<{
            readonly salt: string
            readonly hash: string
          }>`SELECT salt, hash FROM sms_code`
          assert.strictEqual(rows.length, 2)
          assert.notStrictEqual(rows[0]!.salt, rows[1]!.salt)
          for (const { hash, salt } of rows) {
            assert.match(hash, /^[0-9a-f]{64}$/)
            assert.match(salt, /^[0-9a-f]{32}$/)
            assert.notInclude(hash, Redacted.value(code))
          }
          // What it was is gone with it.
          yield* codes.verify(ada, yield* codes.issue(ada))
          const [last] = yield* sql<{ readonly hash: string }>`SELECT hash FROM sms_code ORDER BY id DESC`
          assert.strictEqual(last!.hash, "")
          yield* TestClock.adjust("15 minutes")
          yield* codes.issue(bob)
          assert.strictEqual((yield* sql`SELECT 1 FROM sms_code`).length, 1)
        })
      )
  )
})
