/**
 * The texts that wait to be sent, in the database. Those to one number stand in line, in the order in which they are due;
 * only the first of a line may be sent.
 */
import { Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"

/** A text that waits; times are milliseconds since 1970. */
export interface Entry {
  readonly id: number | string
  readonly number: string
  readonly text: string
  /** From when on it may be sent. */
  readonly due: number
  /** How often that was tried in vain. */
  readonly tries: number
}

type Done<A> = Effect.Effect<A, SqlError.SqlError>

export interface Queue {
  readonly add: (text: Omit<Entry, "id" | "tries">) => Done<void>
  /** The first of each line that may be tried now, those that have waited the longest first. */
  readonly ready: (now: number, most: number) => Done<ReadonlyArray<Entry>>
  readonly remove: (entry: Entry) => Done<void>
  /** Counts a try in vain; the next one, of the whole line, is not before this. */
  readonly postpone: (entry: Entry, until: number) => Done<void>
  /** How many texts to a number are not due yet. */
  readonly scheduled: (number: string, now: number) => Done<number>
  /** How many texts wait, how many of them are due, and since when the one that is the longest. */
  readonly waiting: (now: number) => Done<{
    readonly count: number
    readonly due: number
    readonly since: number
  }>
}

type Row = Omit<Entry, "due" | "tries"> & { readonly [key in "due_at" | "tries"]: number | string }

/** A count, or a time, as databases give it. */
type Numeric = number | string | null

export const make = Effect.map(SqlClient.SqlClient, (sql): Queue => ({
  add: ({ due, number, text }) =>
    Effect.asVoid(
      sql`INSERT INTO sms_outbox ${sql.insert({ number, text, due_at: due, tries: 0, next_at: due })}`
    ),
  ready: (now, most) =>
    Effect.map(
      sql<Row>`SELECT id, number, text, due_at, tries FROM sms_outbox entry
          WHERE next_at <= ${now} AND NOT EXISTS (
            SELECT 1 FROM sms_outbox earlier WHERE earlier.number = entry.number
            AND (earlier.due_at < entry.due_at OR (earlier.due_at = entry.due_at AND earlier.id < entry.id))
          )
          ORDER BY next_at, id LIMIT ${most}`,
      (rows) =>
        rows.map(({ due_at, tries, ...row }) => ({ ...row, due: Number(due_at), tries: Number(tries) }))
    ),
  remove: ({ id }) => Effect.asVoid(sql`DELETE FROM sms_outbox WHERE id = ${id}`),
  postpone: ({ id }, until) =>
    Effect.asVoid(sql`UPDATE sms_outbox SET tries = tries + 1, next_at = ${until} WHERE id = ${id}`),
  scheduled: (number, now) =>
    Effect.map(
      sql<{
        readonly n: Numeric
      }>`SELECT count(*) AS n FROM sms_outbox WHERE number = ${number} AND due_at > ${now}`,
      (rows) => Number(rows[0]!.n)
    ),
  waiting: (now) =>
    Effect.map(
      sql<{ readonly [key in "count" | "due" | "since"]: Numeric }>`
          SELECT (SELECT count(*) FROM sms_outbox) AS count, count(*) AS due, min(due_at) AS since
          FROM sms_outbox WHERE due_at <= ${now}`,
      ([row]) => ({ count: Number(row!.count), due: Number(row!.due), since: Number(row!.since ?? now) })
    )
}))
