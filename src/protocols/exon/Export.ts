/**
 * Writes all items, in the order of their ids, as they were at one moment: what is added or removed meanwhile makes no
 * difference, and nobody waits.
 */
import { Stream } from "effect"
import * as Csv from "effect/encoding/Csv"
import * as Ndjson from "effect/encoding/Ndjson"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as Items from "./Items.ts"
import { fields, type Format, toRecord } from "./Transfer.ts"

/** The text of the file, in pieces. */
export const run = (format: Format): Stream.Stream<string, SqlError.SqlError, SqlClient.SqlClient> =>
  format === "jsonl"
    ? items.pipe(
        Stream.map(toRecord),
        Stream.pipeThroughChannel(Ndjson.encodeString()),
        // Every value of a record has its JSON.
        Stream.catchTag("NdjsonError", Stream.die)
      )
    : items.pipe(
        Stream.map((item) => {
          const record = toRecord(item)
          return { ...record, id: String(record.id) }
        }),
        Stream.pipeThroughChannel(Csv.encodeString({ columns: fields, headers: true })),
        // It writes a line at a time.
        Stream.mapArray((lines) => [lines.join("")])
      )

const items = Stream.unwrap(SqlClient.SqlClient.useSync((sql) => Items.make(sql).all))
