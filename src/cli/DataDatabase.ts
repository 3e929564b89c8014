/**
 * The database of a data directory, for a subcommand that looks into it.
 *
 * It is opened without the lock of the data directory, so it works with and without a server on it. Where both write,
 * one waits for the other.
 */
import { Effect, Layer, Schema } from "effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { statSync } from "node:fs"
import { join, resolve } from "node:path"
import { createDirectories } from "../storage/Files.ts"
import * as Sqlite from "../storage/Sqlite.ts"
import { reasonOf, StorageError } from "../storage/StorageError.ts"

/** How long a server that is writing is waited for, in milliseconds. */
const busyTimeout = 10_000

/** Nothing has been kept in this directory yet, or it is another one that was meant. */
export class NoDatabase extends Schema.TaggedError<NoDatabase>()("NoDatabase", {
  path: Schema.String
}) {
  override get message(): string {
    return `there is no database in ${this.path}; choose the directory of the server with --data`
  }
}

const open = (path: string) => Sqlite.layer({ filename: join(path, Sqlite.databaseName), busyTimeout })

/** The database, which is created with its directory where it is missing. */
export const layer = (data: string): Layer.Layer<SqlClient.SqlClient, StorageError> =>
  Layer.unwrap(
    Effect.try({
      try: () => {
        const path = resolve(data)
        createDirectories(path, 0o750)
        return open(path)
      },
      catch: (cause) =>
        new StorageError({ subject: "data directory", path: resolve(data), reason: reasonOf(cause), cause })
    })
  )

/** The database that is there already, for what only reads: to look is not to create. */
export const layerExisting = (data: string): Layer.Layer<SqlClient.SqlClient, StorageError | NoDatabase> =>
  Layer.unwrap(
    Effect.suspend(() => {
      const path = resolve(data)
      return Effect.try({
        try: () => {
          statSync(join(path, Sqlite.databaseName))
          return open(path)
        },
        catch: (cause) =>
          (cause as NodeJS.ErrnoException).code === "ENOENT"
            ? new NoDatabase({ path })
            : new StorageError({ subject: "data directory", path, reason: reasonOf(cause), cause })
      })
    })
  )
