/**
 * The items of Exon in the database, and the audit trail of who did what to them.
 *
 * **What it promises**
 *
 * - Names are unique as `Item.foldName` sees them, and the database enforces it: of two who add one name at the same
 *   moment, one adds it, and the other is told the number.
 * - What an effect has answered is committed, and so survives what a commit of the database survives. To make that
 *   cheap, what waits at the same moment shares one transaction (`GroupCommit.ts`).
 * - Operations take effect in the order in which their effects start, whoever starts them, and a read sees what was
 *   asked for before it. To have a batch of requests in one transaction, start all of their effects before waiting
 *   for any.
 * - Every change has its entry in the audit trail, in the same transaction, and search finds it from then on.
 *
 * **Gotchas**
 *
 * An effect that is interrupted while it waits does not undo what it asked for. The number of an item is never given
 * again.
 */
import { Clock, Context, Effect, Exit, Layer } from "effect"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as Durability from "../../storage/Durability.ts"
import * as AuditTrail from "./AuditTrail.ts"
import * as GroupCommit from "./GroupCommit.ts"
import { type Item, maxComments } from "./Item.ts"
import type { Measured } from "./Items.ts"
import * as Operation from "./Operation.ts"
import { SearchIndex } from "./SearchIndex.ts"
import { StoreError } from "./StoreError.ts"
import * as StoreWorker from "./StoreWorker.ts"
import { migrate } from "./Tables.ts"

export type { Item } from "./Item.ts"
export type { Measured } from "./Items.ts"
export type { AddOutcome, Found } from "./Operation.ts"
export { StoreError } from "./StoreError.ts"

/**
 * What is asked of the store: an effect, or, for whoever has many and no fiber for each, something to `begin`, which
 * calls `done` once.
 */
export interface Asking<A> extends Effect.Effect<A, StoreError> {
  readonly begin: (done: (outcome: Exit.Exit<A, StoreError>) => void) => void
}

/** How much shares a transaction, and how much may wait for one. */
export type Limits = Omit<GroupCommit.Options<never>, "run">

/** The items. `author` is the user or `anon`, and `address` the peer's, for the audit trail. */
export class Store extends Context.Service<
  Store,
  {
    /** Adds an item, unless there is one of that name. Fails with `TooLong` beyond `Item.maxComments`. */
    readonly add: (item: {
      readonly name: string
      readonly comments: string
      readonly author: string
      readonly address: string
    }) => Asking<Operation.AddOutcome>
    /** An item; one of more than `Items.maxShort` of comments is only measured, for `read`. */
    readonly get: (id: number) => Asking<Item | Measured | undefined>
    /**
     * Appends a comment on a line of its own; false when there is no such item. Fails with `TooLong` when the
     * item's comments would be more than `Item.maxComments`.
     */
    readonly comment: (change: {
      readonly id: number
      readonly comments: string
      readonly author: string
      readonly address: string
    }) => Asking<boolean>
    /** Removes an item; false when there is none. */
    readonly remove: (change: {
      readonly id: number
      readonly author: string
      readonly address: string
    }) => Asking<boolean>
    /** The 50 newest of the items that `SearchIndex` finds, newest first. */
    readonly search: (text: string) => Asking<Operation.Found>
    /** Fifty items, newest first; page 1 is the first. */
    readonly list: (page: number) => Asking<Operation.Found>
    /** Reads items that were found, newest first, as they are now; those that have been removed are left out. */
    readonly read: (items: ReadonlyArray<Measured>) => Asking<ReadonlyArray<Item>>
    /**
     * Writes down a login, or one that failed with the name that was tried. It takes no part in the order of the others,
     * nor do they wait for it.
     */
    readonly audit: (login: {
      readonly event: "login" | "failed login"
      readonly author: string
      readonly address: string
    }) => Effect.Effect<void, StoreError>
  }
>()("wireline/exon/Store") {
  /**
   * The store in the client's database, over any search index. It creates its tables, and when the layer is
   * released it first does what was asked of it.
   */
  static readonly layer = (
    limits: Limits = {}
  ): Layer.Layer<Store, Migrator.MigrationError | SqlError.SqlError, SqlClient.SqlClient | SearchIndex> =>
    Layer.effect(Store, make(limits))

  /** The store in SQLite, with its index in the same database. */
  static readonly layerSqlite: Layer.Layer<
    Store,
    Migrator.MigrationError | SqlError.SqlError,
    SqlClient.SqlClient
  > = Layer.suspend(() => Store.layer()).pipe(Layer.provide(SearchIndex.layerFts5))
}

const make = Effect.fnUntraced(function* (limits: Limits) {
  yield* migrate
  const clock = yield* Clock.Clock
  const writeTrail = AuditTrail.writer(yield* SqlClient.SqlClient)
  const flush = yield* Durability.Flush
  const submit = yield* GroupCommit.make<Operation.Any>({ ...limits, run: yield* StoreWorker.make })

  const ask = <A>(
    operation: (complete: (outcome: Exit.Exit<A, StoreError>) => void, now: number) => Operation.Any
  ): Asking<A> => asking((done) => submit(operation(done, clock.currentTimeMillisUnsafe())))

  return Store.of({
    add: (item) =>
      Buffer.byteLength(item.comments) > maxComments
        ? answered(Exit.fail(new StoreError({ reason: "TooLong" })))
        : ask<Operation.AddOutcome>((complete, now) => new Operation.Add(item, now, complete)),
    get: (id) =>
      isNumber(id)
        ? ask<Item | Measured | undefined>((complete) => new Operation.Get(id, complete))
        : answered(Exit.succeed(undefined)),
    comment: (change) =>
      isNumber(change.id)
        ? ask<boolean>((complete, now) => new Operation.Comment(change, now, complete))
        : answered(Exit.succeed(false)),
    remove: (change) =>
      isNumber(change.id)
        ? ask<boolean>((complete, now) => new Operation.Remove(change, now, complete))
        : answered(Exit.succeed(false)),
    search: (text) => ask<Operation.Found>((complete) => new Operation.Search(text, complete)),
    list: (page) => ask<Operation.Found>((complete) => new Operation.List(page, complete)),
    read: (items) => ask<ReadonlyArray<Item>>((complete) => new Operation.Read(items, complete)),
    // Logins come as often as somebody guesses: no item is to wait for the disk because of them.
    audit: (login) =>
      Effect.suspend(() =>
        Durability.relaxed(writeTrail([{ ...login, at: clock.currentTimeMillisUnsafe(), item: undefined }]))
      ).pipe(
        Effect.andThen(flush),
        Effect.mapError((cause) => new StoreError({ reason: "Unavailable", cause }))
      )
  })
})

const asking = <A>(begin: Asking<A>["begin"]): Asking<A> =>
  Object.assign(
    Effect.callback<A, StoreError>((resume) => begin(resume)),
    { begin }
  )

const answered = <A>(outcome: Exit.Exit<A, StoreError>): Asking<A> => asking((done) => done(outcome))

/** Whether an item could have this number; a larger one is more than a database's integers hold. */
const isNumber = (id: number): boolean => Number.isSafeInteger(id) && id > 0
