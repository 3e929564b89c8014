/**
 * Finds items by their words: the one thing about the store that every database does in its own way, so it is a
 * service, and the store knows nothing else about it.
 *
 * A search finds the items that have, in name or comments, for each of its words a word that begins with it, without
 * regard to case or accents (`Words.ts` says what a word is). Whatever else is in the text of a search only
 * separates words; a text without any finds nothing. Of many words, the first 32 count.
 *
 * The index is written in the transaction that changes the items.
 */
import { Context, Effect, Layer } from "effect"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as Migrations from "../../storage/Migrations.ts"
import type { Item } from "./Item.ts"
import * as Rows from "./Rows.ts"
import * as Words from "./Words.ts"

/** What is searched of an item. */
export type Searched = Pick<Item, "id" | "name" | "comments">

/** The most words of a search that count; more only cost time. */
const maxWords = 32

/** The index of the words of all items. */
export class SearchIndex extends Context.Service<
  SearchIndex,
  {
    /** Takes in new items. */
    readonly add: (items: ReadonlyArray<Searched>) => Effect.Effect<void, SqlError.SqlError>
    /** Takes in items that have changed. */
    readonly update: (items: ReadonlyArray<Searched>) => Effect.Effect<void, SqlError.SqlError>
    /** Forgets the items with these ids. */
    readonly remove: (ids: ReadonlyArray<number>) => Effect.Effect<void, SqlError.SqlError>
    /** The ids of the items found, newest first, `limit` at most. */
    readonly search: (text: string, limit: number) => Effect.Effect<ReadonlyArray<number>, SqlError.SqlError>
  }
>()("wireline/exon/SearchIndex") {
  /**
   * SQLite's FTS5.
   *
   * **Details**
   *
   * The tokenizer is `ascii`, which takes all beyond ASCII as letters, over text that is already folded: FTS5's own
   * `unicode61` takes off the accents of Latin letters only, tells `ς` from `σ`, and knows no letter younger than
   * Unicode 6. The index holds no text (the items do), and, as no phrase is ever looked for, no positions. The
   * beginnings of words up to sixteen letters are indexed too: a search for more letters has to read all the words
   * that begin so, which takes long where they are in very many items.
   */
  static readonly layerFts5: Layer.Layer<
    SearchIndex,
    Migrator.MigrationError | SqlError.SqlError,
    SqlClient.SqlClient
  > = Layer.effect(
    SearchIndex,
    Effect.gen(function* () {
      yield* migrateFts5
      const sql = yield* SqlClient.SqlClient
      const add = Rows.forRows(
        sql,
        (count) => sql`INSERT INTO exon_search (rowid, words) ${Rows.placeholders(sql, count, 2)}`
      )
      // Looks up every row that it writes, which takes a quarter of its time.
      const replace = Rows.forRows(
        sql,
        (count) => sql`INSERT OR REPLACE INTO exon_search (rowid, words) ${Rows.placeholders(sql, count, 2)}`
      )
      const remove = Rows.forSet(
        sql,
        (count) =>
          sql`DELETE FROM exon_search WHERE rowid IN ${sql.in(Array.from({ length: count }, () => 0))}`
      )
      return SearchIndex.of({
        add: (items) => Effect.asVoid(add(items.map(toRow))),
        update: (items) => Effect.asVoid(replace(items.map(toRow))),
        remove: (ids) => Effect.asVoid(remove(ids)),
        search: (text, limit) => {
          const words = [...Words.of(text)].slice(0, maxWords)
          if (words.length === 0) return Effect.succeed([])
          // In quotes a word is a string and no syntax; it holds none itself.
          const query = words.map((word) => `"${word}"*`).join(" ")
          return Effect.map(
            sql<{ rowid: number }>`SELECT rowid FROM exon_search WHERE exon_search MATCH ${query}
              ORDER BY rowid DESC LIMIT ${limit}`,
            (rows) => rows.map(({ rowid }) => rowid)
          )
        }
      })
    })
  )
}

const toRow = ({ comments, id, name }: Searched): Rows.Values => [id, Words.fold(`${name}\n${comments}`)]

const migrateFts5 = Migrations.run({
  table: "exon_search_migrations",
  migrations: {
    "0001_index": SqlClient.SqlClient.use(
      (sql) => sql`CREATE VIRTUAL TABLE exon_search USING fts5 (
        words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii',
        prefix = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16'
      )`
    )
  }
})
