/**
 * The tables of sec-lsm-manager, in SQL of SQLite: what is installed, and the undo log.
 *
 * - `lsm_application`: id, and when it was last installed (milliseconds since 1970)
 * - `lsm_grant`: client (`App:ID`), permission
 * - `lsm_link`: path, target, label, application
 * - `lsm_label`: path, attribute, value, application
 * - `lsm_pending`: the undo log, see `UndoLog.ts`
 */
import { Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Migrations from "../../storage/Migrations.ts"

/** Creates the tables, or brings them up to date. */
export const migrate = Migrations.run({
  table: "lsm_migrations",
  migrations: {
    "0001_tables": Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE lsm_application (
        id TEXT PRIMARY KEY, installed_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`
      yield* sql`CREATE TABLE lsm_grant (
        client TEXT NOT NULL, permission TEXT NOT NULL, PRIMARY KEY (client, permission)
      ) STRICT, WITHOUT ROWID`
      yield* sql`CREATE TABLE lsm_link (
        path TEXT PRIMARY KEY, target TEXT NOT NULL, label TEXT NOT NULL, application TEXT NOT NULL
      ) STRICT, WITHOUT ROWID`
      yield* sql`CREATE INDEX lsm_link_application ON lsm_link (application)`
      yield* sql`CREATE TABLE lsm_label (
        path TEXT NOT NULL, attribute TEXT NOT NULL, value TEXT NOT NULL, application TEXT NOT NULL,
        PRIMARY KEY (path, attribute)
      ) STRICT, WITHOUT ROWID`
      yield* sql`CREATE TABLE lsm_pending (
        position INTEGER PRIMARY KEY, backend TEXT NOT NULL, operation TEXT NOT NULL, application TEXT NOT NULL,
        change TEXT NOT NULL
      ) STRICT`
    })
  }
})
