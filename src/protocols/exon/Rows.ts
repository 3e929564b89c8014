/**
 * Statements over many rows at once.
 *
 * A statement through `SqlClient` costs more than a row does, so rows go together. The text of such a statement depends
 * on how many rows there are; each is made once, by the client's own compiler, so it is in its dialect.
 */
import { Array, Effect } from "effect"
import type { StatementResultingChanges } from "node:sqlite"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import type * as Statement from "effect/sql/Statement"

/** The most rows of one statement: few enough for the 32,766 values that SQLite binds, at up to 60 a row. */
const largest = 512

/** What a statement is about: the values of a row, in the order of its placeholders. */
export type Values = ReadonlyArray<string | number | null>

/** Makes the statement for so many rows; what values it is given does not matter. */
export type Template<A extends object> = (count: number) => Statement.Statement<A>

/** Runs a statement over rows, in their order. Returns what it returned for all of them; no rows, no statement. */
export const forRows = <A extends object>(sql: SqlClient.SqlClient, template: Template<A>) => {
  const statementOf = runner(sql, template)
  return inParts((rows: ReadonlyArray<Values>) => statementOf(rows.length, rows.flat()))
}

/** How many rows a statement of SQLite has inserted, and the id of the last of them. */
export interface Inserted {
  readonly count: number
  readonly lastId: number
}

/** Inserts rows, as many as go into one statement, where the database is SQLite, which counts them. */
export const counted = (sql: SqlClient.SqlClient, template: Template<object>) => {
  const statementOf = runner(sql, template)
  return (rows: ReadonlyArray<Values>): Effect.Effect<Inserted, SqlError.SqlError> =>
    Effect.map(statementOf(rows.length, rows.flat()).raw, (result) => {
      const { changes, lastInsertRowid } = result as StatementResultingChanges
      return { count: Number(changes), lastId: Number(lastInsertRowid) }
    })
}

/**
 * Runs a statement over a set of single values, such as `WHERE id IN ...`, whose last may be repeated: their number is
 * made a power of two, so that there are few texts, which stay prepared. No values, no statement.
 */
export const forSet = <A extends object>(sql: SqlClient.SqlClient, template: Template<A>) => {
  const statementOf = runner(sql, template)
  return inParts((values: ReadonlyArray<string | number>) =>
    statementOf(powerAbove(values.length), padded(values))
  )
}

/**
 * The same, but returns each row as the array of its columns. Making and reading objects takes a third of the time of a
 * query for many small rows.
 */
export const columnsForSet = <Columns extends ReadonlyArray<unknown>>(
  sql: SqlClient.SqlClient,
  template: Template<object>
) => {
  const statementOf = runner(sql, template)
  return inParts((values: ReadonlyArray<string | number>) =>
    Effect.map(
      statementOf(powerAbove(values.length), padded(values)).values,
      // As with the objects of other statements, the template says what its rows are.
      (rows) => rows as ReadonlyArray<ReadonlyArray<unknown>> as ReadonlyArray<Columns>
    )
  )
}

/** `VALUES` for so many rows of so many columns. */
export const placeholders = (
  sql: SqlClient.SqlClient,
  count: number,
  columns: number
): Statement.Fragment => {
  const row = sql`(${sql.csv(Array.makeBy(columns, () => sql`${null}`))})`
  return sql`VALUES ${sql.csv(Array.makeBy(count, () => row))}`
}

/** Runs over as many at a time as go into one statement, and puts together what that returns. */
export const inParts =
  <Part, A>(run: (part: ReadonlyArray<Part>) => Effect.Effect<ReadonlyArray<A>, SqlError.SqlError>) =>
  (all: ReadonlyArray<Part>): Effect.Effect<ReadonlyArray<A>, SqlError.SqlError> => {
    if (all.length === 0) return Effect.succeed([])
    if (all.length <= largest) return run(all)
    return Effect.map(Effect.forEach(Array.chunksOf(all, largest), run), Array.flatten)
  }

const runner = <A extends object>(sql: SqlClient.SqlClient, template: Template<A>) => {
  const texts = new Map<number, string>()
  return (count: number, values: Values): Statement.Statement<A> => {
    let text = texts.get(count)
    if (text === undefined) {
      text = template(count).compile()[0]
      texts.set(count, text)
    }
    return sql.unsafe<A>(text, values)
  }
}

const powerAbove = (count: number): number => 2 ** Math.ceil(Math.log2(count))

const padded = (values: ReadonlyArray<string | number>): ReadonlyArray<string | number> => {
  const all = values.slice()
  const last = values.at(-1)!
  for (let missing = powerAbove(values.length) - values.length; missing > 0; missing--) all.push(last)
  return all
}
