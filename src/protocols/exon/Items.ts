/**
 * The table of the items: every statement on it, each over as many items as there are at once.
 *
 * These run in the transaction of whoever calls them, and touch neither the audit trail nor the search index.
 */
import { Effect, Stream } from "effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import type { Item } from "./Item.ts"
import * as Rows from "./Rows.ts"

/** How many items a list or a search answers with. */
export const pageSize = 50

/** Maximum size in bytes of an item that is read with the batch of its request and kept until its reply is written. */
export const maxShort = 2048

/** An item that has not been read: its sizes at one moment, in bytes. */
export interface MeasuredItem extends Pick<Item, "id"> {
  /** The size of its name and its comments. */
  readonly size: number
  readonly commentsSize: number
}

/** An item to be added; `folded` is its name as `Item.foldName` folds it. */
export interface NewItem extends Omit<Item, "id"> {
  readonly folded: string
}

/** The row of an item; PostgreSQL's driver may give a BIGINT as a string. */
interface ItemRow {
  readonly id: number | string
  readonly name: string
  readonly comments: string
  readonly author: string
  readonly added_at: number | string
}

/** What there is to do with the table, through one client. */
export interface Items {
  /** The items with these ids, in no order. */
  readonly get: (ids: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<Item>, SqlError.SqlError>
  /** The same, but those that are longer than `maxShort` are only measured. */
  readonly getShort: (
    ids: ReadonlyArray<number>
  ) => Effect.Effect<ReadonlyArray<Item | MeasuredItem>, SqlError.SqlError>
  /** All items, in the order of their ids. */
  readonly all: Stream.Stream<Item, SqlError.SqlError>
  /** The ids of one page, newest first; page 1 is the first. */
  readonly list: (page: number) => Effect.Effect<ReadonlyArray<number>, SqlError.SqlError>
  /** How long the items with these ids are, in no order. */
  readonly measure: (
    ids: ReadonlyArray<number>
  ) => Effect.Effect<ReadonlyArray<MeasuredItem>, SqlError.SqlError>
  /** The ids of the items with these folded names, by folded name. */
  readonly named: (
    folded: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, number>, SqlError.SqlError>
  /**
   * Adds items, no two of them with the same name, and returns the id of each in their order, in which the ids grow; none
   * for one whose name is there.
   */
  readonly insert: (
    items: ReadonlyArray<NewItem>
  ) => Effect.Effect<ReadonlyArray<number | undefined>, SqlError.SqlError>
  /** Appends comments on a new line, by id, each id once, and returns the items as they are then. */
  readonly append: (
    comments: ReadonlyMap<number, string>
  ) => Effect.Effect<ReadonlyArray<Pick<Item, "id" | "name" | "comments">>, SqlError.SqlError>
  /** Removes items, and returns those that were there, in no order. */
  readonly remove: (ids: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<Item>, SqlError.SqlError>
}

/** The statements on the table. */
export const make = (sql: SqlClient.SqlClient): Items => {
  const columns = sql.literal("id, name, comments, author, added_at")
  const ids = (count: number) => sql.in(Array.from({ length: count }, () => 0))

  const get = Rows.forSet<ItemRow>(
    sql,
    (count) => sql`SELECT ${columns} FROM exon_item WHERE id IN ${ids(count)}`
  )
  const getShort = Rows.columnsForSet<
    readonly [
      id: number | string,
      name: string,
      author: string,
      date: number | string,
      comments: string | null
    ]
  >(
    sql,
    (count) => sql`SELECT id, name, author, added_at,
      CASE WHEN octet_length(name) + octet_length(comments) <= ${sql.literal(String(maxShort))} THEN comments END
      FROM exon_item WHERE id IN ${ids(count)}`
  )
  const named = Rows.forSet<Numbered>(
    sql,
    (count) => sql`SELECT id, folded FROM exon_item WHERE folded IN ${ids(count)}`
  )
  const insertion = (count: number) =>
    sql`INSERT INTO exon_item (name, folded, comments, author, added_at)
      ${Rows.placeholders(sql, count, 5)} ON CONFLICT (folded) DO NOTHING`
  const insertReturning = Rows.forRows<Numbered>(
    sql,
    (count) => sql`${insertion(count)} RETURNING id, folded`
  )
  const insertCounting = Rows.counted(sql, insertion)
  const measure = Rows.forSet<{ id: number | string; size: number; comments_size: number }>(
    sql,
    (count) => sql`SELECT id, octet_length(name) + octet_length(comments) AS size,
      octet_length(comments) AS comments_size FROM exon_item WHERE id IN ${ids(count)}`
  )
  const measured = (ids: ReadonlyArray<number>) =>
    Effect.map(measure(ids), (rows) =>
      rows.map(({ comments_size, id, size }) => ({ id: Number(id), size, commentsSize: comments_size }))
    )
  // PostgreSQL has to be told the types of values that stand alone.
  const append = Rows.forRows<Pick<ItemRow, "id" | "name" | "comments">>(sql, (count) => {
    const addition = sql`(CAST(${null} AS BIGINT), CAST(${null} AS TEXT))`
    return sql`WITH addition(item, line) AS (VALUES ${sql.csv(Array.from({ length: count }, () => addition))})
      UPDATE exon_item
      SET comments = CASE WHEN comments = '' THEN line ELSE comments || ${sql.literal("'\n'")} || line END
      FROM addition WHERE exon_item.id = addition.item
      RETURNING exon_item.id, name, comments`
  })
  const remove = Rows.forSet<ItemRow>(
    sql,
    (count) => sql`DELETE FROM exon_item WHERE id IN ${ids(count)} RETURNING ${columns}`
  )

  return {
    all: Stream.map(sql<ItemRow>`SELECT ${columns} FROM exon_item ORDER BY id`.stream, toItem),
    get: (ids) => Effect.map(get(ids), toItems),
    getShort: Effect.fnUntraced(function* (ids) {
      const short: Array<Item | MeasuredItem> = []
      const long: Array<number> = []
      for (const [id, name, author, date, comments] of yield* getShort(ids)) {
        if (comments === null) long.push(Number(id))
        else short.push({ id: Number(id), name, date: Number(date), comments, author })
      }
      return long.length === 0 ? short : short.concat(yield* measured(long))
    }),
    list: (page) => {
      const skipped = (page - 1) * pageSize
      if (!Number.isSafeInteger(skipped) || skipped < 0) return Effect.succeed([])
      return Effect.map(
        sql<
          Pick<ItemRow, "id">
        >`SELECT id FROM exon_item ORDER BY id DESC LIMIT ${pageSize} OFFSET ${skipped}`,
        (rows) => rows.map(({ id }) => Number(id))
      )
    },
    measure: measured,
    named: (folded) => Effect.map(named(folded), byFolded),
    insert: sql.onDialectOrElse({
      // What RETURNING makes of each row costs as much as the row.
      sqlite: () =>
        Rows.inParts((items: ReadonlyArray<NewItem>) =>
          Effect.flatMap(insertCounting(items.map(toRow)), ({ count, lastId }) =>
            count === items.length
              ? Effect.succeed(items.map((_, at) => lastId - count + 1 + at))
              : Effect.map(named(items.map(({ folded }) => folded)), (rows) =>
                  // The ids of those that were just added are the largest.
                  idsIn(
                    rows.toSorted((one, other) => Number(other.id) - Number(one.id)).slice(0, count),
                    items
                  )
                )
          )
        ),
      orElse: () => (items) => Effect.map(insertReturning(items.map(toRow)), (rows) => idsIn(rows, items))
    }),
    append: (comments) =>
      Effect.map(append([...comments]), (rows) =>
        rows.map(({ comments, id, name }) => ({ id: Number(id), name, comments }))
      ),
    remove: (ids) => Effect.map(remove(ids), toItems)
  }
}

/** The item as it was when its comments had this size in bytes: later comments only follow on earlier ones. */
export const withComments = (item: Item, size: number): Item =>
  Buffer.byteLength(item.comments) <= size
    ? item
    : { ...item, comments: Buffer.from(item.comments).toString("utf8", 0, size) }

const toItem = ({ added_at, author, comments, id, name }: ItemRow): Item => ({
  id: Number(id),
  name,
  date: Number(added_at),
  comments,
  author
})

const toItems = (rows: ReadonlyArray<ItemRow>): ReadonlyArray<Item> => rows.map(toItem)

const toRow = ({ author, comments, date, folded, name }: NewItem): Rows.Values => [
  name,
  folded,
  comments,
  author,
  date
]

interface Numbered {
  readonly id: number | string
  readonly folded: string
}

const byFolded = (rows: ReadonlyArray<Numbered>) =>
  new Map(rows.map(({ folded, id }) => [folded, Number(id)]))

/** The id of each item in the rows that have one. */
const idsIn = (rows: ReadonlyArray<Numbered>, items: ReadonlyArray<NewItem>) => {
  const ids = byFolded(rows)
  return items.map(({ folded }) => ids.get(folded))
}
