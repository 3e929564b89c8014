/**
 * Statements over many rows at once.
 *
 * A statement through `SqlClient` costs more than a row does, so rows go together. The text of such a statement depends
 * on how many rows there are; each is made once, by the client's own compiler, so it is in its dialect.
 */
import { Effect } from "effect"
import type { SqlClient, SqlError, Statement } from "effect/sql"

/** The most rows of one statement: few enough for the 32,766 values that SQLite binds, at up to 60 a row. */
const largest = 512

/** What a statement is about: the values of a row, in the order of its placeholders. */
export type Values = ReadonlyArray<string | number | null>

/** Makes the statement for so many rows; what values it is given does not matter. */
export type Template<A extends object> = (count: number) => Statement.Statement<A>

/** Runs a statement over rows, in their order. Returns what it returned for all of them; no rows, no statement. */
export const forRows = <A extends object>(sql: SqlClient.SqlClient, template: Template<A>) => {
  const run = runner(sql, template)
  return (rows: ReadonlyArray<Values>): Effect.Effect<ReadonlyArray<A>, SqlError.SqlError> => {
    if (rows.length === 0) return Effect.succeed([])
    if (rows.length <= largest) return run(rows.length, rows.flat())
    return Effect.gen(function* () {
      const returned: Array<A> = []
      for (let at = 0; at < rows.length; at += largest) {
        const some = rows.slice(at, at + largest)
        returned.push(...(yield* run(some.length, some.flat())))
      }
      return returned
    })
  }
}

/**
 * Runs a statement over a set of single values, such as `WHERE id IN ...`, whose last may be repeated: their number is
 * made a power of two, so that there are few texts, which stay prepared. No values, no statement.
 */
export const forSet = <A extends object>(sql: SqlClient.SqlClient, template: Template<A>) => {
  const run = runner(sql, template)
  return (values: ReadonlyArray<string | number>): Effect.Effect<ReadonlyArray<A>, SqlError.SqlError> => {
    if (values.length === 0) return Effect.succeed([])
    if (values.length <= largest) return run(powerAbove(values.length), padded(values))
    return Effect.gen(function* () {
      const returned: Array<A> = []
      for (let at = 0; at < values.length; at += largest) {
        const some = values.slice(at, at + largest)
        returned.push(...(yield* run(powerAbove(some.length), padded(some))))
      }
      return returned
    })
  }
}

/** `VALUES` for so many rows of so many columns. */
export const placeholders = (
  sql: SqlClient.SqlClient,
  count: number,
  columns: number
): Statement.Fragment => {
  const row = sql`(${sql.csv(Array.from({ length: columns }, () => sql`${null}`))})`
  return sql`VALUES ${sql.csv(Array.from({ length: count }, () => row))}`
}

const runner = <A extends object>(sql: SqlClient.SqlClient, template: Template<A>) => {
  const texts = new Map<number, string>()
  return (count: number, values: Values): Effect.Effect<ReadonlyArray<A>, SqlError.SqlError> => {
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
