/**
 * The failures that count against names and addresses, in the database; `Lockout.ts` has the rule.
 *
 * A login begins by being counted as a failure, in a transaction of its own that has committed before anything is
 * derived, and ends, if it succeeds, by being forgiven. So there is nothing left to write when it fails, and nothing
 * to gain from killing the server in between. These commits do not wait for the disk (`Durability.relaxed`), for whoever
 * guesses would have everybody else wait; a power cut may forget the last of them. Rows of no more use are deleted as
 * others are written.
 */
import { Clock, Effect, Option, Schema } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as Durability from "../storage/Durability.ts"
import * as Lockout from "./Lockout.ts"

/** The name or the address of a login is locked, or the address of a registration. */
export class Locked extends Schema.TaggedError<Locked>()("Locked", {
  kind: Schema.Literals(["name", "address", "registration"])
}) {}

/** The failures of names and addresses. */
export interface Attempts {
  /** Fails where one of them is locked; counts nothing. */
  readonly refuseLocked: (
    subjects: ReadonlyArray<Lockout.Subject>
  ) => Effect.Effect<void, Locked | SqlError.SqlError>
  /** Counts a login as a failure, unless one of them is locked; returns when that was. */
  readonly begin: (
    subjects: ReadonlyArray<Lockout.Subject>
  ) => Effect.Effect<number, Locked | SqlError.SqlError>
  /** Takes back a login that began then and has succeeded. */
  readonly forgive: (
    subjects: ReadonlyArray<Lockout.Subject>,
    at: number
  ) => Effect.Effect<void, SqlError.SqlError>
  /** Forgets all of a name. */
  readonly forget: (realm: string, name: string) => Effect.Effect<void, SqlError.SqlError>
}

const Failures = Schema.fromJsonString(Schema.Array(Schema.Int))
const encodeFailures = Schema.encodeSync(Failures)
const decodeFailures = Schema.decodeUnknownEffect(Failures)

interface Row {
  readonly failures: string
  readonly locked_until: number | string
}

export const make = Effect.map(SqlClient.SqlClient, (sql): Attempts => {
  const toTally = (row: Row): Effect.Effect<Lockout.Tally> =>
    Effect.map(Effect.orDie(decodeFailures(row.failures)), (failures) => ({
      failures,
      lockedUntil: Number(row.locked_until)
    }))

  const where = ({ key, kind, realm }: Lockout.Subject) =>
    sql`WHERE kind = ${kind} AND realm = ${realm} AND subject = ${key}`

  const clear = (subject: Lockout.Subject) =>
    Effect.asVoid(sql`DELETE FROM account_lockout ${where(subject)}`)

  /** Reads a tally and holds its row, where databases have more than one writer, until the transaction ends. */
  const hold = Effect.fnUntraced(function* ({ key, kind, realm }: Lockout.Subject) {
    const row = { kind, realm, subject: key, failures: "[]", locked_until: 0, expires_at: 0 }
    const rows = yield* sql<Row>`INSERT INTO account_lockout ${sql.insert(row)}
      ON CONFLICT (kind, realm, subject) DO UPDATE SET failures = account_lockout.failures
      RETURNING failures, locked_until`
    return yield* toTally(rows[0]!)
  })

  const write = (subject: Lockout.Subject, tally: Lockout.Tally) =>
    sql`UPDATE account_lockout SET failures = ${encodeFailures(tally.failures)},
      locked_until = ${tally.lockedUntil}, expires_at = ${Lockout.expiry(tally)} ${where(subject)}`

  const refuseLocked = Effect.fn("Attempts.refuseLocked")(function* (
    subjects: ReadonlyArray<Lockout.Subject>
  ) {
    const now = yield* Clock.currentTimeMillis
    for (const subject of subjects) {
      const locks = yield* sql`SELECT 1 FROM account_lockout ${where(subject)} AND locked_until > ${now}`
      if (locks.length > 0) return yield* new Locked({ kind: subject.kind })
    }
  })

  const begin = Effect.fnUntraced(function* (subjects: ReadonlyArray<Lockout.Subject>) {
    const now = yield* Clock.currentTimeMillis
    yield* sql`DELETE FROM account_lockout WHERE expires_at <= ${now}`
    for (const subject of subjects) {
      const tally = yield* hold(subject)
      if (Lockout.isLocked(tally, now)) return yield* new Locked({ kind: subject.kind })
      yield* write(subject, Lockout.count(tally, now, Lockout.limits[subject.kind]))
    }
    return now
  })

  const forgive = Effect.fnUntraced(function* (subjects: ReadonlyArray<Lockout.Subject>, at: number) {
    for (const subject of subjects) {
      if (subject.kind === "name") {
        yield* clear(subject)
      } else {
        const tally = Lockout.forgive(yield* hold(subject), at, Lockout.limits.address)
        yield* tally.failures.length === 0 ? clear(subject) : write(subject, tally)
      }
    }
  })

  return {
    refuseLocked,
    // Refused before it was written as far as possible, for a refusal is to cost nothing.
    begin: Effect.fn("Attempts.begin")((subjects: ReadonlyArray<Lockout.Subject>) =>
      Effect.andThen(refuseLocked(subjects), Durability.relaxed(sql.withTransaction(begin(subjects))))
    ),
    forgive: Effect.fn("Attempts.forgive")((subjects: ReadonlyArray<Lockout.Subject>, at: number) =>
      Durability.relaxed(sql.withTransaction(forgive(subjects, at)))
    ),
    forget: Effect.fn("Attempts.forget")((realm: string, name: string) =>
      Option.match(Lockout.nameSubject(realm, name), { onNone: () => Effect.void, onSome: clear })
    )
  }
})
