/**
 * The tables of the accounts, in SQL that SQLite and PostgreSQL both take.
 *
 * - `account`: realm, folded name (which makes it unique), name as it was given, password hash (PHC string), when it was
 *   made, and, where the realm has them, an e-mail address and a role
 * - `account_lockout`: the failures that still count of a name or an address (JSON), until when it is locked (0 where
 *   it is not), and when the row is of no more use
 *
 * Times are milliseconds since 1970.
 */
import { Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Migrations from "../storage/Migrations.ts"

/** Creates the tables, or brings them up to date. */
export const migrate = Migrations.run({
  table: "account_migrations",
  migrations: {
    "0001_tables": Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE account (
        realm TEXT NOT NULL, folded TEXT NOT NULL, name TEXT NOT NULL, password TEXT NOT NULL,
        created_at BIGINT NOT NULL, PRIMARY KEY (realm, folded)
      )`
      yield* sql`CREATE TABLE account_lockout (
        kind TEXT NOT NULL, realm TEXT NOT NULL, subject TEXT NOT NULL, failures TEXT NOT NULL,
        locked_until BIGINT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (kind, realm, subject)
      )`
      yield* sql`CREATE INDEX account_lockout_expiry ON account_lockout (expires_at)`
    }),
    "0002_email_and_role": Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`ALTER TABLE account ADD COLUMN email TEXT`
      yield* sql`ALTER TABLE account ADD COLUMN role TEXT`
    })
  }
})
