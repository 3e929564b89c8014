/**
 * Brings the tables of one protocol up to date when its layer is built.
 *
 * Each protocol has its own set of numbered migrations and its own table that remembers which of them have run, so
 * protocols share a database without knowing of one another. Those that have not run yet do so in one transaction:
 * after a failure, or a `kill -9`, the tables are as they were.
 */
import { Effect, Layer } from "effect"
import * as Migrator from "effect/sql/Migrator"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"

/** A set of migrations. */
export interface MigrationsOptions {
  /** The table that remembers what has run; its name is the set's own, for ever. */
  readonly table: string
  /** Effects keyed by `0001_what_it_does`. One that has been released is never changed, only followed by another. */
  readonly migrations: Record<string, Effect.Effect<unknown, unknown, SqlClient.SqlClient>>
}

/** The column that gives every new row a number, none of them twice: not even that of the last row, once it is removed. */
export const identity = (sql: SqlClient.SqlClient) =>
  sql.onDialectOrElse({
    sqlite: () => sql.literal("INTEGER PRIMARY KEY AUTOINCREMENT"),
    orElse: () => sql.literal("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
  })

/** Runs what has not run yet and returns its numbers and names. */
export const run = ({
  migrations,
  table
}: MigrationsOptions): Effect.Effect<
  ReadonlyArray<readonly [id: number, name: string]>,
  Migrator.MigrationError | SqlError.SqlError,
  SqlClient.SqlClient
> =>
  Migrator.make({})({
    table,
    loader: Migrator.fromRecord(
      Object.fromEntries(
        Object.entries(migrations).map(([key, migration]) => [key, Effect.asVoid(migration)])
      )
    )
  })

/** Runs what has not run yet when the layer is built. */
export const layer = (
  options: MigrationsOptions
): Layer.Layer<never, Migrator.MigrationError | SqlError.SqlError, SqlClient.SqlClient> =>
  Layer.effectDiscard(run(options))
