/** Stores on a database of their own, whose transactions are counted and whose statements fail on demand. */
import { Effect, Layer } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { SearchIndex } from "../../../src/protocols/exon/SearchIndex.ts"
import {
  type Found,
  type Item,
  type Limits,
  Store,
  type StoreError
} from "../../../src/protocols/exon/Store.ts"
import * as Sqlite from "../../../src/storage/Sqlite.ts"

/** What a test sees of the database, and does to it. */
export interface Tap {
  /** How many transactions have been started. */
  transactions: number
  /** How many statements have been run. */
  statements: number
  /** Why a statement with these values is to fail, if it is. */
  fails?: (values: ReadonlyArray<unknown>) => SqlError.SqlErrorReason | undefined
  /** Why transactions are to fail instead of committing. */
  refusesCommit?: SqlError.SqlErrorReason | undefined
  /** What transactions wait for before they commit. */
  waits?: Effect.Effect<void> | undefined
}

export const newTap = (): Tap => ({ transactions: 0, statements: 0 })

const tapped = (client: SqlClient.SqlClient, tap: Tap): SqlClient.SqlClient => {
  const fail = (reason: SqlError.SqlErrorReason) => Effect.fail(new SqlError.SqlError({ reason }))
  const withTransaction: SqlClient.SqlClient["withTransaction"] = (effect) => {
    tap.transactions++
    return client.withTransaction(
      Effect.tap(effect, () =>
        Effect.andThen(
          tap.waits ?? Effect.void,
          tap.refusesCommit === undefined ? Effect.void : fail(tap.refusesCommit)
        )
      )
    )
  }
  const unsafe = (sql: string, values: ReadonlyArray<unknown>) => {
    tap.statements++
    const reason = tap.fails?.(values)
    return reason === undefined
      ? client.unsafe(sql, values)
      : Object.assign(fail(reason), { raw: fail(reason), values: fail(reason) })
  }
  const replaced = new Map<PropertyKey, unknown>([
    ["withTransaction", withTransaction],
    ["unsafe", unsafe]
  ])
  return new Proxy(client, {
    get: (target, key) => replaced.get(key) ?? Reflect.get(target, key)
  })
}

/** The client of the database, tapped. */
export const layerTapped = (tap: Tap) =>
  Layer.effect(
    SqlClient.SqlClient,
    SqlClient.SqlClient.useSync((client) => tapped(client, tap))
  )

/** Runs a program on a store of its own, in memory unless there is a file. */
export const withStore =
  (options: { readonly tap?: Tap; readonly filename?: string; readonly limits?: Limits } = {}) =>
  <A, E, R>(program: Effect.Effect<A, E, R>) => {
    const sqlite = Sqlite.layer({ filename: options.filename ?? ":memory:" })
    const client = options.tap === undefined ? sqlite : Layer.provide(layerTapped(options.tap), sqlite)
    const store = Store.layer(options.limits).pipe(
      Layer.provide(SearchIndex.layerFts5),
      Layer.provideMerge(client)
    )
    return Effect.provide(program, store, { local: true })
  }

/** All at once, started in their order. */
export const together = <const All extends ReadonlyArray<Effect.Effect<unknown, unknown, unknown>>>(
  effects: All
) => Effect.all(effects, { concurrency: "unbounded" })

/** The items that were found, however long they are. */
export const itemsOf = (
  store: Store["Service"],
  finding: Effect.Effect<Found, StoreError>
): Effect.Effect<ReadonlyArray<Item>, StoreError> =>
  Effect.flatMap(finding, (found) =>
    found._tag === "Short" ? Effect.succeed(found.items) : store.read(found.items)
  )

export const listed = (page: number) => Store.use((store) => itemsOf(store, store.list(page)))

export const searched = (text: string) => Store.use((store) => itemsOf(store, store.search(text)))

/** An item, however long. */
export const itemOf = (id: number) =>
  Store.use((store) =>
    Effect.flatMap(store.get(id), (item) =>
      item === undefined || "name" in item
        ? Effect.succeed(item)
        : Effect.map(store.read([item]), ([item]) => item)
    )
  )
