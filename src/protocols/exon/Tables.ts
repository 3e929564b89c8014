/**
 * The tables of Exon, in SQL that both SQLite and PostgreSQL take; only how a number is given to a new row has to be
 * said to each in its own way.
 *
 * - `exon_item`: id, name, folded (see `Item.foldName`; unique), comments, author, added_at (milliseconds since 1970)
 * - `exon_audit`: id, at (milliseconds since 1970), event, author, address, item (null for a login)
 *
 * The search index is no table of this file: see `SearchIndex.ts`.
 */
import { Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Migrations from "../../storage/Migrations.ts"

/** Creates the tables, or brings them up to date. */
export const migrate = Migrations.run({
  table: "exon_migrations",
  migrations: {
    "0001_tables": Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const identity = Migrations.identity(sql)
      yield* sql`CREATE TABLE exon_item (
        id ${identity}, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, comments TEXT NOT NULL, author TEXT NOT NULL,
        added_at BIGINT NOT NULL
      )`
      yield* sql`CREATE TABLE exon_audit (
        id ${identity}, at BIGINT NOT NULL, event TEXT NOT NULL, author TEXT NOT NULL, address TEXT NOT NULL,
        item BIGINT
      )`
    })
  }
})
