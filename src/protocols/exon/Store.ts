/**
 * The items of Exon in the database, and the audit trail of what was done to them by whom.
 *
 * **Guarantees**
 *
 * - Names are unique as `Item.foldName` sees them, and the database enforces it: of two connections that add one name at
 *   the same moment, one adds it, and the other gets the number of the item.
 * - Whatever an Effect has succeeded with is committed. To make that cheap, requests that wait at the same moment share
 *   one transaction (`RequestQueue.ts`).
 * - Requests take effect in the order in which their Effects start, and a read sees every change before it. To have
 *   requests in one transaction, start all of their Effects before waiting for any.
 * - Every change has its entry in the audit trail, in the same transaction, and search finds it from then on.
 *
 * **Gotchas**
 *
 * Interrupting an Effect does not withdraw its request. The number of an item is never given to another.
 */
import { Clock, Context, Effect, Layer } from "effect"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as Durability from "../../storage/Durability.ts"
import * as AuditTrail from "./AuditTrail.ts"
import { foldName, type Item, maxComments } from "./Item.ts"
import { type MeasuredItem, withComments } from "./Items.ts"
import { RemovedItems } from "./RemovedItems.ts"
import * as RequestQueue from "./RequestQueue.ts"
import { SearchIndex } from "./SearchIndex.ts"
import { StoreError } from "./StoreError.ts"
import type { Actor, AddResult, Found } from "./StoreRequest.ts"
import * as StoreWorker from "./StoreWorker.ts"
import { migrate } from "./Tables.ts"

export type { Item } from "./Item.ts"
export type { MeasuredItem } from "./Items.ts"
export type { Limits } from "./RequestQueue.ts"
export type { AddResult, Found } from "./StoreRequest.ts"
export { StoreError } from "./StoreError.ts"

/** Maximum size in characters of the removed items that are kept for long replies. */
const maxRemoved = 16_777_216

/** The items. */
export class Store extends Context.Service<
  Store,
  {
    /** Adds an item, unless there is one of that name. Fails with `TooLong` beyond `Item.maxComments`. */
    readonly add: (
      item: Actor & { readonly name: string; readonly comments: string }
    ) => Effect.Effect<AddResult, StoreError>
    /** An item, or the sizes of one that is longer than `Items.maxShort`, for `read`. */
    readonly get: (id: number) => Effect.Effect<Item | MeasuredItem | undefined, StoreError>
    /**
     * Appends a comment on a line of its own; false when there is no such item. Fails with `TooLong` if the item's
     * comments would exceed `Item.maxComments`.
     */
    readonly comment: (
      change: Actor & { readonly id: number; readonly comments: string }
    ) => Effect.Effect<boolean, StoreError>
    /** Removes an item; false when there is none. `session` identifies the connection, for `read`. */
    readonly remove: (
      change: Actor & { readonly id: number; readonly session?: object }
    ) => Effect.Effect<boolean, StoreError>
    /** The 50 newest of the items that `SearchIndex` finds, newest first. */
    readonly search: (text: string) => Effect.Effect<Found, StoreError>
    /** Fifty items, newest first; page 1 is the first. */
    readonly list: (page: number) => Effect.Effect<Found, StoreError>
    /**
     * Reads measured items in their order, as they were when they were measured: without later comments. Items that
     * have been removed since are left out, unless `session` has removed them.
     *
     * **Gotchas**
     *
     * Of the items that sessions have removed, only the last 16 Mi characters are kept for this.
     */
    readonly read: (
      items: ReadonlyArray<MeasuredItem>,
      session?: object
    ) => Effect.Effect<ReadonlyArray<Item>, StoreError>
    /** Records a login, or a failed one with the name that was tried. It is not part of the order of requests. */
    readonly audit: (
      login: Actor & { readonly event: "login" | "failed login" }
    ) => Effect.Effect<void, StoreError>
  }
>()("wireline/exon/Store") {
  /**
   * The store in the client's database, over any search index. It creates its tables. Releasing it finishes the
   * requests in its queue.
   */
  static readonly layer = (
    limits: RequestQueue.Limits = {}
  ): Layer.Layer<Store, Migrator.MigrationError | SqlError.SqlError, SqlClient.SqlClient | SearchIndex> =>
    Layer.effect(Store, make(limits))

  /** The store in SQLite, with its index in the same database. */
  static readonly layerSqlite: Layer.Layer<
    Store,
    Migrator.MigrationError | SqlError.SqlError,
    SqlClient.SqlClient
  > = Layer.suspend(() => Store.layer()).pipe(Layer.provide(SearchIndex.layerFts5))
}

const make = Effect.fnUntraced(function* (limits: RequestQueue.Limits) {
  yield* migrate
  const clock = yield* Clock.Clock
  const writeTrail = AuditTrail.writer(yield* SqlClient.SqlClient)
  const flush = yield* Durability.Flush
  const submit = yield* RequestQueue.make(yield* StoreWorker.make, limits)
  const removed = new RemovedItems(maxRemoved)

  return Store.of({
    add: ({ address, author, comments, name }) =>
      Buffer.byteLength(comments) > maxComments
        ? Effect.fail(new StoreError({ reason: "TooLong" }))
        : submit(() => ({
            _tag: "Add",
            ...{ name, folded: foldName(name), comments, author, address },
            at: clock.currentTimeMillisUnsafe()
          })),
    get: (id) => (isId(id) ? submit(() => ({ _tag: "Get", id })) : Effect.undefined),
    comment: ({ address, author, comments, id }) =>
      isId(id)
        ? submit(() => ({
            _tag: "Comment",
            ...{ id, comments, author, address },
            at: clock.currentTimeMillisUnsafe()
          }))
        : Effect.succeed(false),
    remove: ({ address, author, id, session }) =>
      isId(id)
        ? Effect.map(
            submit(() => ({ _tag: "Remove", id, author, address, at: clock.currentTimeMillisUnsafe() })),
            (item) => {
              if (item !== undefined && session !== undefined) removed.add(item, session)
              return item !== undefined
            }
          )
        : Effect.succeed(false),
    search: (text) => submit(() => ({ _tag: "Search", text })),
    list: (page) => submit(() => ({ _tag: "List", page })),
    read: (items, session) =>
      Effect.map(
        submit(() => ({ _tag: "Read", items })),
        (read) => {
          if (read.length === items.length || session === undefined) return read
          const there = new Map(read.map((item) => [item.id, item]))
          return items.flatMap(({ commentsSize, id }) => {
            const item = there.get(id) ?? removed.get(id, session)
            return item === undefined ? [] : [withComments(item, commentsSize)]
          })
        }
      ),
    // Logins come as often as a peer guesses: no item waits for the disk because of them.
    audit: Effect.fn("Store.audit")(
      function* (login) {
        const entry = { ...login, at: clock.currentTimeMillisUnsafe(), item: undefined }
        yield* Durability.relaxed(writeTrail([entry]))
        yield* flush
      },
      Effect.mapError((cause) => new StoreError({ reason: "Unavailable", cause }))
    )
  })
})

/** Whether an item could have this number; a larger one is more than a database's integers hold. */
const isId = (id: number): boolean => Number.isSafeInteger(id) && id > 0
