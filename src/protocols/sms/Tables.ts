/**
 * The tables of the SMS shell, in SQL that both SQLite and PostgreSQL take; only how a number is given to a new row has
 * to be said to each in its own way.
 *
 * - `sms_session`: number, state, and when it expires. There is none for a guest whose first message came less than a
 *   second or so ago.
 * - `sms_storage`: what commands keep in a session, by number, command and key
 * - `sms_code`: the one-time codes of the last 15 minutes; salt and hash in hexadecimal, how often each was tried. The
 *   newest of a number is the one that counts.
 * - `sms_outbox`: the texts to send: number, text, from when on it is to be sent, how often that was tried, and when it is
 *   tried next
 *
 * Times are milliseconds since 1970.
 */
import { Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Migrations from "../../storage/Migrations.ts"

/** Creates the tables, or brings them up to date. */
export const migrate = Migrations.run({
  table: "sms_migrations",
  migrations: {
    "0001_tables": Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const identity = Migrations.identity(sql)
      yield* sql`CREATE TABLE sms_session (
        number TEXT PRIMARY KEY, state TEXT NOT NULL, expires_at BIGINT NOT NULL
      )`
      yield* sql`CREATE INDEX sms_session_expiry ON sms_session (expires_at)`
      yield* sql`CREATE TABLE sms_storage (
        number TEXT NOT NULL, command TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (number, command, key)
      )`
      yield* sql`CREATE TABLE sms_code (
        id ${identity}, number TEXT NOT NULL, salt TEXT NOT NULL, hash TEXT NOT NULL, issued_at BIGINT NOT NULL,
        tries INTEGER NOT NULL
      )`
      yield* sql`CREATE INDEX sms_code_number ON sms_code (number, id)`
      yield* sql`CREATE INDEX sms_code_age ON sms_code (issued_at)`
      yield* sql`CREATE TABLE sms_outbox (
        id ${identity}, number TEXT NOT NULL, text TEXT NOT NULL, due_at BIGINT NOT NULL, tries INTEGER NOT NULL,
        next_at BIGINT NOT NULL
      )`
      yield* sql`CREATE INDEX sms_outbox_next ON sms_outbox (next_at)`
      yield* sql`CREATE INDEX sms_outbox_line ON sms_outbox (number, due_at, id)`
    })
  }
})
