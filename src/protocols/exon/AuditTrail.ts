/**
 * The audit trail: who added, commented on and removed what, who logged in and who failed to, when and from where.
 *
 * An entry is written in the transaction of the change it tells of, so the trail has neither more nor less than what
 * happened. What changed nothing, as adding a name that is there, leaves no entry. A login has its own, written before
 * it is answered.
 */
import { Effect, Option, Stream } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as Rows from "./Rows.ts"

/** What an entry tells of. */
export type Event = "add" | "comment" | "delete" | "login" | "failed login"

/** What happened. */
export interface Entry {
  /** In milliseconds since 1970. */
  readonly at: number
  readonly event: Event
  /** The user, or `anon`; for a failed login, the name that was tried. */
  readonly author: string
  /** The address of the peer. */
  readonly address: string
  /** The number of the item; a login has none. */
  readonly item: number | undefined
}

/** Makes the effect that writes entries, in their order. */
export const writer = (sql: SqlClient.SqlClient) => {
  const insert = Rows.forRows(
    sql,
    (count) =>
      sql`INSERT INTO exon_audit (at, event, author, address, item) ${Rows.placeholders(sql, count, 5)}`
  )
  return (entries: ReadonlyArray<Entry>): Effect.Effect<void, SqlError.SqlError> =>
    Effect.asVoid(
      insert(
        entries.map(({ address, at, author, event, item }) => [at, event, author, address, item ?? null])
      )
    )
}

/** Items that were added one after another from one address: their numbers, from the first to the last. */
export interface Added {
  readonly address: string
  readonly first: number
  last: number
}

/**
 * Makes the effect that writes the entries of items that have just been added, in their order. What an entry says is in
 * the item, save the address; so it takes a statement for each stretch of one address, and no values for each item,
 * to bind which costs more than the rows do.
 */
export const additions =
  (sql: SqlClient.SqlClient) =>
  (stretches: ReadonlyArray<Added>): Effect.Effect<void, SqlError.SqlError> =>
    Effect.forEach(
      stretches,
      ({ address, first, last }) =>
        sql`INSERT INTO exon_audit (at, event, author, address, item)
          SELECT added_at, 'add', author, CAST(${address} AS TEXT), id FROM exon_item
          WHERE id BETWEEN ${first} AND ${last} ORDER BY id`,
      { discard: true }
    )

interface EntryRow {
  readonly id: number | string
  readonly at: number | string
  readonly event: Event
  readonly author: string
  readonly address: string
  readonly item: number | string | null
}

const entriesAtATime = 500

/**
 * The entries in the order in which they were written, those since a moment (in milliseconds since 1970) if one is
 * given. Between pages of some hundred entries others may use the database; what they write meanwhile is read too.
 */
export const read = (
  options: { readonly since?: number | undefined } = {}
): Stream.Stream<Entry, SqlError.SqlError, SqlClient.SqlClient> =>
  Stream.paginate(
    0,
    Effect.fnUntraced(function* (after: number) {
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql<EntryRow>`SELECT id, at, event, author, address, item FROM exon_audit
        WHERE id > ${after} AND at >= ${options.since ?? 0} ORDER BY id LIMIT ${entriesAtATime}`
      const last = rows.at(-1)
      return [rows.map(toEntry), Option.map(Option.fromUndefinedOr(last), ({ id }) => Number(id))] as const
    })
  )

const toEntry = ({ address, at, author, event, item }: EntryRow): Entry => ({
  at: Number(at),
  event,
  author,
  address,
  item: item === null ? undefined : Number(item)
})
