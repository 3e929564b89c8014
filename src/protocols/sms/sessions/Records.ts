/**
 * The sessions in the database, a function for each thing that is done to them.
 *
 * An expiry that is written only ever moves on: whoever writes it late, or beside another process, takes nothing away.
 */
import { Array, Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import type { State } from "../State.ts"
import { maxKeys } from "./Limits.ts"

/** A session as it is kept; times are milliseconds since 1970. */
export interface Record {
  readonly number: string
  readonly state: State
  readonly expires: number
}

// An alias, for a statement takes it as any record.
type Row = { readonly number: string; readonly state: State; readonly expires_at: number | string }

type Done<A> = Effect.Effect<A, SqlError.SqlError>

export interface Records {
  readonly find: (number: string) => Done<Record | undefined>
  /** Those that expire after this, by number. */
  readonly list: (after: number) => Done<ReadonlyArray<Record>>
  readonly count: (after: number) => Done<number>
  /** Moves expiries on; a session that is not there becomes a guest's. */
  readonly refresh: (expiries: ReadonlyArray<readonly [number: string, expires: number]>) => Done<void>
  /** Moves a session from one state to another; false where it is not, or no longer, in the first one. */
  readonly move: (session: Record, from: State) => Done<boolean>
  /** Removes a session, with its storage. */
  readonly remove: (number: string) => Done<void>
  /** Removes what expired before this. */
  readonly sweep: (before: number) => Done<void>
  readonly get: (number: string, command: string, key: string) => Done<string | undefined>
  /** Keeps a value; false where the command has as many other keys as it may have. */
  readonly set: (
    session: Omit<Record, "state">,
    command: string,
    entry: { readonly key: string; readonly value: string }
  ) => Done<boolean>
  readonly unset: (number: string, command: string, key: string) => Done<void>
}

/** How many expiries one statement writes. */
const together = 64

export const make = Effect.map(SqlClient.SqlClient, (sql): Records => {
  const later = sql.literal(`expires_at = CASE WHEN sms_session.expires_at < excluded.expires_at
    THEN excluded.expires_at ELSE sms_session.expires_at END`)

  const write = (rows: Array.NonEmptyReadonlyArray<Row>) =>
    sql`INSERT INTO sms_session ${sql.insert(rows)} ON CONFLICT (number) DO UPDATE SET ${later}`

  const refresh: Records["refresh"] = (expiries) => {
    const rows = expiries.map(([number, expires]): Row => ({ number, state: "GUEST", expires_at: expires }))
    // Groups of one size, or one row: there are not to be more statements to prepare than these two.
    const groups = Array.chunksOf(rows, together).flatMap((some) =>
      some.length === together ? [some] : some.map(Array.of<Row>)
    )
    return Effect.forEach(groups, write, { discard: true })
  }

  const ofCommand = (number: string, command: string) => sql`number = ${number} AND command = ${command}`

  return {
    find: (number) =>
      Effect.map(
        sql<Row>`SELECT number, state, expires_at FROM sms_session WHERE number = ${number}`,
        (rows) => (rows[0] === undefined ? undefined : toRecord(rows[0]))
      ),
    list: (after) =>
      Effect.map(
        sql<Row>`SELECT number, state, expires_at FROM sms_session WHERE expires_at > ${after} ORDER BY number`,
        (rows) => rows.map(toRecord)
      ),
    count: (after) =>
      Effect.map(
        sql<{
          readonly n: number | string
        }>`SELECT count(*) AS n FROM sms_session WHERE expires_at > ${after}`,
        (rows) => Number(rows[0]!.n)
      ),
    refresh: (expiries) => sql.withTransaction(refresh(expiries)),
    move: ({ expires, number, state }, from) =>
      Effect.map(
        from === "GUEST"
          ? sql`INSERT INTO sms_session ${sql.insert({ number, state, expires_at: expires })}
              ON CONFLICT (number) DO UPDATE SET state = excluded.state, ${later}
              WHERE sms_session.state = ${from} RETURNING number`
          : sql`UPDATE sms_session SET state = ${state} WHERE number = ${number} AND state = ${from}
              RETURNING number`,
        (rows) => rows.length > 0
      ),
    remove: (number) =>
      sql.withTransaction(
        Effect.andThen(
          sql`DELETE FROM sms_storage WHERE number = ${number}`,
          Effect.asVoid(sql`DELETE FROM sms_session WHERE number = ${number}`)
        )
      ),
    sweep: Effect.fn("Records.sweep")(function* (before) {
      // Looking does not wait for who writes.
      const expired = yield* sql`SELECT 1 FROM sms_session WHERE expires_at < ${before} LIMIT 1`
      if (expired.length === 0) return
      yield* sql.withTransaction(
        Effect.andThen(
          sql`DELETE FROM sms_storage WHERE number IN
            (SELECT number FROM sms_session WHERE expires_at < ${before})`,
          sql`DELETE FROM sms_session WHERE expires_at < ${before}`
        )
      )
    }),
    get: (number, command, key) =>
      Effect.map(
        sql<{ readonly value: string }>`SELECT value FROM sms_storage
          WHERE ${ofCommand(number, command)} AND key = ${key}`,
        (rows) => rows[0]?.value
      ),
    set: ({ expires, number }, command, { key, value }) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const others = yield* sql<{ readonly n: number | string }>`SELECT count(*) AS n FROM sms_storage
            WHERE ${ofCommand(number, command)} AND key <> ${key}`
          if (Number(others[0]!.n) >= maxKeys) return false
          // What is kept belongs to a session, and goes when that does.
          yield* refresh([[number, expires]])
          yield* sql`INSERT INTO sms_storage ${sql.insert({ number, command, key, value })}
            ON CONFLICT (number, command, key) DO UPDATE SET value = excluded.value`
          return true
        })
      ),
    unset: (number, command, key) =>
      Effect.asVoid(sql`DELETE FROM sms_storage WHERE ${ofCommand(number, command)} AND key = ${key}`)
  }
})

const toRecord = ({ expires_at, number, state }: Row): Record => ({
  number,
  state,
  expires: Number(expires_at)
})
