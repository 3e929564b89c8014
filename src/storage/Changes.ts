/**
 * Tells whether the database may have been changed since somebody looked, for who keeps in memory what he read there.
 *
 * To ask costs a few microseconds and never waits. The answers mean nothing but that: where two of them are the same,
 * nothing was changed in between. Without a database that can tell, no two are.
 */
import { Context } from "effect"
import type { DatabaseSync, StatementSync } from "node:sqlite"

export interface Changes {
  /** Another number once another connection, of this process or not, has committed. */
  readonly byOthers: () => number
  /** Another number once this connection has changed a row. */
  readonly byUs: () => number
}

export const Changes = Context.Reference<Changes>("wireline/storage/Changes", {
  defaultValue: () => {
    let asked = 0
    const next = () => ++asked
    return { byOthers: next, byUs: next }
  }
})

/** The changes of an open SQLite database, as its own connection sees them. */
export const fromSqlite = (db: DatabaseSync): Changes => ({
  byOthers: numberOf(db.prepare("PRAGMA data_version")),
  byUs: numberOf(db.prepare("SELECT total_changes()"))
})

const numberOf = (statement: StatementSync) => {
  // An object with the name of the column costs as much as the answer.
  statement.setReturnArrays(true)
  return (): number => {
    try {
      return Number(statement.get()![0])
    } catch {
      // Which is not the same as itself: who asks will look for himself, and be told what is wrong.
      return Number.NaN
    }
  }
}
