/**
 * The one directory that a running server owns: its database and whatever else must survive it live there.
 *
 * The directory is created when it is missing, for its owner, and for its group to reach the sockets in it (0750). It
 * stays locked for as long as the layer lives, so that a second server on it is refused instead of repairing, under the
 * first one's feet, work that is still going on. The lock is SQLite's own on an otherwise empty file: the kernel drops
 * it with the process, also after a `kill -9`, and there is never a stale lock to remove by hand. As with every POSIX
 * lock, a network file system may not honour it.
 */
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Context, Effect, Layer, type Scope } from "effect"
import { createDirectories, createPrivate } from "./Files.ts"
import { reasonOf, StorageError } from "./StorageError.ts"

/** The data directory that this process holds: its absolute path. */
export class DataDirectory extends Context.Service<
  DataDirectory,
  {
    readonly path: string
  }
>()("wireline/storage/DataDirectory") {
  /** Creates the directory where needed and holds it for the life of the layer. */
  static readonly layer = (path: string): Layer.Layer<DataDirectory, StorageError> =>
    Layer.effect(DataDirectory, hold(path))
}

/** The lock's file in the data directory. */
export const lockName = "wireline.lock"

const hold = Effect.fnUntraced(function* (
  given: string
): Effect.fn.Return<DataDirectory["Service"], StorageError, Scope.Scope> {
  const path = resolve(given)
  yield* Effect.try({
    try: () => {
      createDirectories(path, 0o750)
      createPrivate(join(path, lockName))
    },
    catch: failure(path)
  })
  yield* Effect.acquireRelease(
    Effect.try({ try: () => lock(join(path, lockName)), catch: failure(path) }),
    (db) => Effect.sync(() => db.close())
  )
  return DataDirectory.of({ path })
})

const failure = (path: string) => (cause: unknown) =>
  new StorageError({ subject: "data directory", path, reason: reasonOf(cause), cause })

const lock = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    db.exec("BEGIN EXCLUSIVE")
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}
