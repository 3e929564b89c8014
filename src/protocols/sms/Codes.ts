/**
 * One-time codes: six digits that prove, when they come back, that whoever sends them has what they were sent to.
 *
 * **What it promises**
 *
 * - A code is for one number. It is valid for five minutes, for three tries, and once. A new one takes the place of the
 *   one before.
 * - A number is issued three codes within 15 minutes at most, whatever becomes of them.
 * - All of that is in the database, durably: a try counts before it is looked at, and a restart forgives nothing.
 *
 * **How they are stored.** As HMAC-SHA-256 under a random salt of each, over the code and its number, compared in constant
 * time, and deleted with the time in which they count. Whoever can read the database in those five minutes can try a
 * million codes in a second or so, and no hash that a server can afford would keep him from it; what does is that only
 * the owner of the file can read it.
 *
 * **Gotchas**
 *
 * Codes know nothing of accounts. Issue one to any number that asks for it, and send it to those that have an account:
 * then no number tells itself from the others by what it is answered.
 */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Clock, Context, Duration, Effect, Layer, Redacted, Schema } from "effect"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as Durability from "../../storage/Durability.ts"
import { orUnavailable, type StorageUnavailable } from "./StorageUnavailable.ts"
import { migrate } from "./Tables.ts"

/** How long a code is valid. */
export const validity = Duration.minutes(5)

/** How often a code may be tried. */
export const tries = 3

/** How many codes are issued to a number within `period`. */
export const perPeriod = 3
export const period = Duration.minutes(15)

/** So many codes were issued to this number that it gets no other one for now. */
export class TooManyCodes extends Schema.TaggedError<TooManyCodes>()("TooManyCodes", {}) {
  override get message(): string {
    return "too many codes"
  }
}

/** The codes of all numbers. */
export class Codes extends Context.Service<
  Codes,
  {
    /** A new code, in place of the one before. */
    readonly issue: (number: string) => Effect.Effect<Redacted.Redacted, TooManyCodes | StorageUnavailable>
    /** Whether this is the code of the number. That is a try, and a code that was right is right no more. */
    readonly verify: (number: string, code: Redacted.Redacted) => Effect.Effect<boolean, StorageUnavailable>
    /** Whether the number has a code that may still be tried. */
    readonly pending: (number: string) => Effect.Effect<boolean, StorageUnavailable>
  }
>()("wireline/sms/Codes") {
  /** Codes on a `SecureRandom` and a `Mac` of the caller's. */
  static readonly layerCrypto: Layer.Layer<
    Codes,
    Migrator.MigrationError | SqlError.SqlError,
    SqlClient.SqlClient | SecureRandom.SecureRandom | Mac.Mac
  > = Layer.effect(
    Codes,
    Effect.suspend(() => make)
  )

  /** Codes from the secure source of Node. */
  static readonly layer: Layer.Layer<
    Codes,
    Migrator.MigrationError | SqlError.SqlError,
    SqlClient.SqlClient
  > = Layer.provide(Codes.layerCrypto, [NodeCrypto.layerSecureRandom, NodeCrypto.layerMac])
}

interface Row {
  readonly id: number | string
  readonly salt: string
  readonly hash: string
}

const make = Effect.gen(function* () {
  yield* migrate
  const sql = yield* SqlClient.SqlClient
  const mac = yield* Mac.Mac
  const random = yield* SecureRandom.SecureRandom
  const durably = yield* Durability.durably

  const hash = (salt: Uint8Array, number: string, code: Redacted.Redacted): Effect.Effect<Uint8Array> =>
    Mac.key(Mac.hmacSha256, salt).pipe(
      Effect.flatMap((key) => mac.sign(key, Buffer.from(`${number}\n${Redacted.value(code)}`))),
      // A key of 16 bytes and a text are what it takes.
      Effect.orDie
    )

  /** The code that counts, where it may still be tried. */
  const open = (number: string, now: number) =>
    Effect.map(
      sql<Row>`SELECT id, salt, hash FROM sms_code
        WHERE id = (SELECT max(id) FROM sms_code WHERE number = ${number})
        AND issued_at > ${now - Duration.toMillis(validity)} AND tries < ${tries} AND hash <> ''`,
      (rows) => rows[0]
    )

  /** Makes room for a code, and counts it. */
  const insert = Effect.fnUntraced(function* (row: {
    readonly number: string
    readonly salt: string
    readonly hash: string
  }) {
    const now = yield* Clock.currentTimeMillis
    const recent = now - Duration.toMillis(period)
    yield* sql`DELETE FROM sms_code WHERE issued_at <= ${recent}`
    const [issued] = yield* sql<{ readonly n: number | string }>`
      SELECT count(*) AS n FROM sms_code WHERE number = ${row.number}`
    if (Number(issued!.n) >= perPeriod) return yield* new TooManyCodes({})
    yield* sql`INSERT INTO sms_code ${sql.insert({ ...row, issued_at: now, tries: 0 })}`
  })

  /** Counts a try of the code that counts, and returns it. */
  const attempt = Effect.fnUntraced(function* (number: string) {
    const row = yield* open(number, yield* Clock.currentTimeMillis)
    if (row !== undefined) yield* sql`UPDATE sms_code SET tries = tries + 1 WHERE id = ${row.id}`
    return row
  })

  return Codes.of({
    issue: Effect.fn("Codes.issue")(function* (number) {
      const digits = yield* random.intBetween(0, 1_000_000, { halfOpen: true })
      const code = Redacted.make(String(digits).padStart(6, "0"), { label: "code" })
      const salt = yield* random.randomBytes(16)
      const row = { number, salt: toHex(salt), hash: toHex(yield* hash(salt, number, code)) }
      yield* orUnavailable(sql.withTransaction(insert(row)))
      return code
    }),
    // Whoever hangs up is not to save himself the try.
    verify: Effect.fn("Codes.verify")(
      function* (number, code) {
        const row = yield* durably(sql.withTransaction(attempt(number)))
        const given = yield* hash(fromHex(row?.salt ?? nobodys), number, code)
        if (row === undefined || !Mac.timingSafeEqual(given, fromHex(row.hash))) return false
        // Of two at the same moment one was first.
        const used = yield* durably(
          sql`UPDATE sms_code SET hash = '' WHERE id = ${row.id} AND hash <> '' RETURNING id`
        )
        return used.length > 0
      },
      orUnavailable,
      Effect.uninterruptible
    ),
    pending: Effect.fn("Codes.pending")(function* (number) {
      return (yield* orUnavailable(open(number, yield* Clock.currentTimeMillis))) !== undefined
    })
  })
})

/** A salt for who has no code, so that finding that out takes as long. */
const nobodys = "00".repeat(16)

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
const fromHex = (text: string): Uint8Array => Buffer.from(text, "hex")
