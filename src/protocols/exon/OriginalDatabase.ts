/**
 * Reads a database of the original Exon: its tables `items` (name, comments, inserted_at, user_id) and `users` (id,
 * username), as they came from Elixir's Ecto. It is opened for reading only.
 *
 * `inserted_at` is text without an offset, in UTC. An item whose user is not there any more has no author.
 */
import { DatabaseSync } from "node:sqlite"
import { Effect, Predicate, Schema, Stream } from "effect"
import { connect } from "../../storage/SqliteConnection.ts"
import * as Moment from "./Moment.ts"
import type { Record } from "./Records.ts"

/** The file is no such database. */
export class NotOriginal extends Schema.TaggedError<NotOriginal>()("NotOriginal", {
  path: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const why = Predicate.hasProperty(this.cause, "message") ? String(this.cause.message) : String(this.cause)
    return `cannot read ${this.path} as a database of the original Exon: ${why}`
  }
}

// As bytes, because text that is not UTF-8 would be mended without a word.
const query = `SELECT items.rowid AS place, CAST(items.name AS BLOB) AS name, CAST(comments AS BLOB) AS comments,
  CAST(items.inserted_at AS BLOB) AS date, CAST(username AS BLOB) AS author
  FROM items LEFT JOIN users ON users.id = items.user_id ORDER BY items.rowid`

/** The records of the database, in the order of their ids, which are their places. */
export const records = (path: string): Stream.Stream<Record, NotOriginal> =>
  Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.try(() => new DatabaseSync(path, { readOnly: true })),
        (db) => Effect.sync(() => db.close())
      ),
      (db) => connect(db, 1).executeStream(query, [], undefined)
    )
  ).pipe(
    Stream.map(toRecord),
    Stream.mapError(({ cause }) => new NotOriginal({ path, cause }))
  )

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const toRecord = ({ place, ...columns }: object & { readonly place?: unknown }): Record => {
  const fields: { [field: string]: string } = {}
  try {
    for (const [field, value] of Object.entries(columns)) {
      if (value instanceof Uint8Array) fields[field] = utf8.decode(value)
    }
  } catch {
    return { place: Number(place), problem: "not UTF-8" }
  }
  const moment = fields["date"] === undefined ? undefined : Moment.parse(fields["date"], "UTC")
  // What is no date stays as it is, to be told of as in a file.
  if (moment !== undefined) fields["date"] = new Date(moment).toISOString()
  return { place: Number(place), fields }
}
