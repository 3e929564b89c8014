/**
 * Where the items of an import wait until all of them are known to be good: a temporary database, which is in memory
 * while it is small and in a nameless file when it is not. So an import of any size takes little memory, its file is
 * read once (and may be a pipe), and the items' own database is locked for the writing alone.
 */
import { DatabaseSync } from "node:sqlite"
import { Effect, Schema, type Scope, Stream } from "effect"
import type * as SqlError from "effect/sql/SqlError"
import { connect } from "../../storage/SqliteConnection.ts"
import { foldName } from "./Item.ts"
import type { Imported } from "./Transfer.ts"

/** The temporary database failed: most likely there is no space for it. */
export class StagingError extends Schema.TaggedError<StagingError>()("StagingError", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `cannot keep the items in a temporary file (in $SQLITE_TMPDIR, else /var/tmp or /tmp): ${why}`
  }
}

/** An item that waits. */
export interface Staged {
  /** The number of its line. */
  readonly place: number
  readonly name: string
  readonly folded: string
  readonly comments: string
  readonly author: string | null
  readonly date: number | null
}

/** The items that wait. */
export interface Staging {
  /** Takes in items, and returns those whose names others have already, with the places of those. */
  readonly put: (
    items: ReadonlyArray<{ readonly place: number; readonly item: Imported }>
  ) => Effect.Effect<
    ReadonlyArray<{ readonly place: number; readonly name: string; readonly first: number }>,
    StagingError
  >
  /** All of them, in the order of their places. */
  readonly all: Stream.Stream<Staged, StagingError>
}

/** An empty one, gone with the scope. */
export const make: Effect.Effect<Staging, StagingError, Scope.Scope> = Effect.gen(function* () {
  const db = yield* Effect.acquireRelease(
    Effect.try({ try: open, catch: (cause) => new StagingError({ cause }) }),
    (db) => Effect.sync(() => db.close())
  )
  const insert = db.prepare("INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
  const find = db.prepare("SELECT place FROM staged WHERE folded = ?")
  return {
    put: (items) =>
      Effect.try({
        try: () =>
          items.flatMap(({ item: { author, comments, date, name }, place }) => {
            const folded = foldName(name)
            const { changes } = insert.run(place, name, folded, comments, author ?? null, date ?? null)
            return changes === 1 ? [] : [{ place, name, first: Number(find.get(folded)?.["place"]) }]
          }),
        catch: (cause) => new StagingError({ cause })
      }),
    all: connect(db, 1)
      .executeStream("SELECT * FROM staged ORDER BY place", [], undefined)
      .pipe(
        Stream.map((row) => row as Staged),
        Stream.mapError((cause: SqlError.SqlError) => new StagingError({ cause }))
      )
  }
})

const open = (): DatabaseSync => {
  const db = new DatabaseSync("")
  db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE staged (place INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE,
      comments TEXT NOT NULL, author TEXT, date INTEGER);
    BEGIN`)
  return db
}
