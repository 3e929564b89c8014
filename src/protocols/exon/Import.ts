/**
 * Imports items, all of them or none.
 *
 * First everything is checked, while a server on the same database goes on; then all is written in one transaction,
 * items, search index and audit trail. That keeps others from writing for as long as it lasts: some seconds for 100,000
 * items, nearly all of it the search index's.
 */
import { Clock, Effect, Schema, Stream } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as AuditTrail from "./AuditTrail.ts"
import * as Items from "./Items.ts"
import type { Record } from "./Records.ts"
import { SearchIndex } from "./SearchIndex.ts"
import * as Staging from "./Staging.ts"
import { type Imported, read } from "./Transfer.ts"

/** What is wrong with the record that begins on a line, or has an id in the original database. */
export interface Problem {
  readonly place: number
  readonly problem: string
}

/** The most problems that are named. */
export const named = 20

/** Nothing was imported. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  /** How many records are bad. */
  count: Schema.Int,
  /** The first of them, in order. */
  problems: Schema.Array(Schema.Struct({ place: Schema.Int, problem: Schema.String }))
}) {
  override get message(): string {
    return `nothing was imported: ${this.count === 1 ? "1 item is" : `${this.count} items are`} bad`
  }
}

/** How far it has come. */
export interface Progress {
  readonly phase: "checked" | "written"
  readonly items: number
}

/** Imports the items, and returns how many. */
export const run = <E, R>(
  records: Stream.Stream<Record, E, R>,
  onProgress: (progress: Progress) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<
  number,
  E | Refused | Staging.StagingError | SqlError.SqlError,
  R | SqlClient.SqlClient | SearchIndex
> =>
  Effect.scoped(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const staging = yield* Staging.make
      const problems = new Problems()
      yield* check(records, staging, problems, onProgress)
      yield* checkNames(staging, problems)
      yield* problems.refuse
      return yield* sql.withTransaction(write(staging, problems, onProgress))
    })
  )

const check = <E, R>(
  records: Stream.Stream<Record, E, R>,
  staging: Staging.Staging,
  problems: Problems,
  onProgress: (progress: Progress) => Effect.Effect<void>
) => {
  let items = 0
  return Stream.runForEachArray(
    records,
    Effect.fnUntraced(function* (records) {
      const good: Array<{ readonly place: number; readonly item: Imported }> = []
      for (const record of records) {
        const item = "problem" in record ? record.problem : read(record.fields)
        if (typeof item === "string") problems.add({ place: record.place, problem: item })
        else good.push({ place: record.place, item })
      }
      for (const { first, name, place } of yield* staging.put(good)) {
        problems.add({ place, problem: `${quoted(name)} is the name of ${first} already` })
      }
      yield* onProgress({ phase: "checked", items: (items += records.length) })
    })
  )
}

/** Whether the database has items of these names. */
const checkNames = Effect.fnUntraced(function* (staging: Staging.Staging, problems: Problems) {
  const items = Items.make(yield* SqlClient.SqlClient)
  yield* Stream.runForEachArray(staging.all, (staged) =>
    Effect.map(items.named(staged.map(({ folded }) => folded)), (there) => {
      for (const { folded, name, place } of staged) {
        const id = there.get(folded)
        if (id !== undefined) problems.add({ place, problem: takenBy(name, id) })
      }
    })
  )
})

const write = Effect.fnUntraced(function* (
  staging: Staging.Staging,
  problems: Problems,
  onProgress: (progress: Progress) => Effect.Effect<void>
) {
  const sql = yield* SqlClient.SqlClient
  const items = Items.make(sql)
  const index = yield* SearchIndex
  const audit = AuditTrail.writer(sql)
  const now = yield* Clock.currentTimeMillis
  let written = 0
  yield* Stream.runForEachArray(
    staging.all,
    Effect.fnUntraced(function* (staged) {
      const fresh = staged.map(({ author, comments, date, folded, name }) => ({
        name,
        folded,
        comments,
        author: author ?? "anon",
        date: date ?? now
      }))
      const ids = yield* items.insert(fresh)
      // Somebody has added an item of that name since the names were checked.
      const added = fresh.flatMap((item, at) => (ids[at] === undefined ? [] : [{ ...item, id: ids[at] }]))
      if (added.length < fresh.length) {
        yield* checkNamesSince(
          items,
          staged.filter((_, at) => ids[at] === undefined),
          problems
        )
        return yield* problems.refuse
      }
      yield* index.add(added)
      yield* audit(
        added.map(({ author, id }) => ({ at: now, event: "add", author, address: "import", item: id }))
      )
      yield* onProgress({ phase: "written", items: (written += added.length) })
    })
  )
  return written
})

const checkNamesSince = Effect.fnUntraced(function* (
  items: Items.Items,
  rest: ReadonlyArray<Staging.Staged>,
  problems: Problems
) {
  const there = yield* items.named(rest.map(({ folded }) => folded))
  for (const { folded, name, place } of rest) {
    problems.add({ place, problem: takenBy(name, there.get(folded)!) })
  }
})

const takenBy = (name: string, id: number): string => `${quoted(name)} is the name of item ${id} already`

/** A name may be as long as a line. */
const quoted = (name: string): string =>
  JSON.stringify(name.length > 60 ? `${name.slice(0, 60).toWellFormed()}...` : name)

/** The problems found: the first ones, and how many there are. */
class Problems {
  private count = 0
  private first: Array<Problem> = []

  add(problem: Problem): void {
    this.count++
    if (this.first.length === named && problem.place > this.first.at(-1)!.place) return
    this.first = [...this.first, problem].toSorted((one, other) => one.place - other.place).slice(0, named)
  }

  readonly refuse: Effect.Effect<void, Refused> = Effect.suspend(() =>
    this.count === 0 ? Effect.void : Effect.fail(new Refused({ count: this.count, problems: this.first }))
  )
}
