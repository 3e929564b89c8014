/**
 * What is installed, in the database: applications, the permissions granted to their clients, their links and labels.
 *
 * Writing here is the last step of an install or an uninstall and happens in the transaction that commits it; until
 * then none of it shows.
 */
import { Array as Arr, Clock, Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import type { Attributes } from "./Label.ts"
import * as Label from "./Label.ts"

/** A link of an application as it is recorded. */
export interface LinkRow {
  readonly path: string
  readonly target: string
}

type Write = Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient>

// SQLite binds at most 32,766 values in one statement.
const rowsPerInsert = 1000

/** Whether a client has been granted a permission. */
export const holds = Effect.fnUntraced(function* (client: string, permission: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`SELECT 1 FROM lsm_grant WHERE client = ${client} AND permission = ${permission}`
  return rows.length > 0
})

/** The paths of the links that were made for an application. */
export const linksOf = Effect.fnUntraced(function* (id: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ path: string }>`SELECT path FROM lsm_link WHERE application = ${id} ORDER BY path`
  return rows.map((row) => row.path)
})

/** Records an application, replacing the permissions granted to it before. */
export const writeApplication = Effect.fnUntraced(function* (
  id: string,
  permissions: ReadonlyArray<string>,
  links: ReadonlyArray<LinkRow>
): Effect.fn.Return<void, SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const client = Label.ofApplication(id)
  const installed_at = yield* Clock.currentTimeMillis
  yield* sql`INSERT OR REPLACE INTO lsm_application ${sql.insert({ id, installed_at })}`
  yield* sql`DELETE FROM lsm_grant WHERE client = ${client}`
  yield* insert(
    "lsm_grant",
    permissions.map((permission) => ({ client, permission }))
  )
  yield* insert(
    "lsm_link",
    links.map(({ path, target }) => ({ path, target, label: client, application: id }))
  )
})

/** Forgets an application, its grants and all of its links; and whoever else's links at these paths. */
export const deleteApplication = Effect.fnUntraced(function* (
  id: string,
  links: ReadonlyArray<string>
): Effect.fn.Return<void, SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  yield* sql`DELETE FROM lsm_application WHERE id = ${id}`
  yield* sql`DELETE FROM lsm_grant WHERE client = ${Label.ofApplication(id)}`
  yield* sql`DELETE FROM lsm_link WHERE application = ${id}`
  yield* deletePaths("lsm_link", links)
})

/** Records the labels that these paths have from now on. */
export const writeLabels = (
  application: string,
  labels: ReadonlyArray<{ readonly path: string; readonly after: Attributes }>
): Write =>
  Effect.andThen(
    deletePaths(
      "lsm_label",
      labels.map(({ path }) => path)
    ),
    insert(
      "lsm_label",
      labels.flatMap(({ after, path }) =>
        Object.entries(after).map(([attribute, value]) => ({ path, attribute, value, application }))
      )
    )
  )

const insert = Effect.fnUntraced(function* (table: string, rows: ReadonlyArray<Record<string, unknown>>) {
  const sql = yield* SqlClient.SqlClient
  for (const chunk of Arr.chunksOf(rows, rowsPerInsert)) {
    yield* sql`INSERT OR REPLACE INTO ${sql(table)} ${sql.insert(chunk)}`
  }
})

const deletePaths = Effect.fnUntraced(function* (table: string, paths: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient
  for (const chunk of Arr.chunksOf(paths, rowsPerInsert)) {
    yield* sql`DELETE FROM ${sql(table)} WHERE ${sql.in("path", chunk)}`
  }
})
