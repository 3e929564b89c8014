/**
 * Performs the requests of a batch in their order, with few statements. `StoreWorker.ts` calls it in a transaction.
 *
 * Neighbouring requests of a kind form a stretch, which takes a few statements, however long it is: adds and gets, which
 * hardly affect each other, form one, and so do comments, and removals. The audit trail is written at the end of the
 * batch, and so is the search index, unless a search in the batch depends on it.
 */
import { Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as AuditTrail from "./AuditTrail.ts"
import { type Item, maxComments } from "./Item.ts"
import * as Items from "./Items.ts"
import { type Searched, SearchIndex } from "./SearchIndex.ts"
import type * as StoreRequest from "./StoreRequest.ts"
import { type Stretch, stretchesOf } from "./Stretch.ts"

type Run<A = void> = Effect.Effect<A, SqlError.SqlError>

/** Performs requests, and returns the outcome of each in their order. */
export type Perform = (
  requests: ReadonlyArray<StoreRequest.StoreRequest>
) => Run<ReadonlyArray<StoreRequest.Outcome>>

/** Maximum size in bytes of the items of a list or a search that are read in the batch. */
const maxFoundSize = 65_536

/** From this number of items per address on, on average, audit entries are copied from the items. */
const minCopied = 4

/** What the statements go through. */
interface Tables {
  readonly items: Items.Items
  readonly index: SearchIndex["Service"]
  readonly audit: (entries: ReadonlyArray<AuditTrail.Entry>) => Run
  readonly auditAdded: (stretches: ReadonlyArray<AuditTrail.Added>) => Run
}

/** Makes the function that performs batches on the database in the context. */
export const make: Effect.Effect<Perform, never, SqlClient.SqlClient | SearchIndex> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const tables: Tables = {
      items: Items.make(sql),
      index: yield* SearchIndex,
      audit: AuditTrail.writer(sql),
      auditAdded: AuditTrail.additions(sql)
    }
    return (requests) => new Batch(tables).perform(requests)
  }
)

/**
 * A batch that is performed. `outcomes` are those of the requests so far. `trail`, and the items that have been `added`,
 * `changed` or `removed` for the index, each in one of these only, are still to be written.
 */
class Batch {
  private readonly outcomes: Array<StoreRequest.Outcome> = []
  private trail: Array<AuditTrail.Entry> = []
  private readonly added = new Map<number, Searched>()
  private readonly changed = new Map<number, Searched>()
  private readonly removed = new Set<number>()

  private readonly tables: Tables

  constructor(tables: Tables) {
    this.tables = tables
  }

  readonly perform: Perform = (requests) =>
    Effect.forEach(stretchesOf(requests), this.performStretch, { discard: true }).pipe(
      Effect.andThen(this.writeIndex),
      Effect.andThen(this.writeTrail),
      Effect.as(this.outcomes)
    )

  private readonly performStretch = (stretch: Stretch): Run => {
    switch (stretch.kind) {
      case "addsAndGets":
        return this.addAndGet(stretch.requests)
      case "comments":
        return this.comment(stretch.requests)
      case "removals":
        return this.remove(stretch.requests)
      case "read":
        return this.readMeasured(stretch.request.items)
      case "list":
        return Effect.flatMap(this.tables.items.list(stretch.request.page), this.find)
      case "search":
        return this.writeIndex.pipe(
          Effect.andThen(this.tables.index.search(stretch.request.text, Items.pageSize)),
          Effect.flatMap(this.find)
        )
    }
  }

  private succeed(value: StoreRequest.Result<StoreRequest.StoreRequest>): void {
    this.outcomes.push({ _tag: "Success", value })
  }

  private fail(reason: "TooLong" | "Unavailable"): void {
    this.outcomes.push({ _tag: "Failure", reason })
  }

  private readonly addAndGet = Effect.fnUntraced(
    { self: this },
    function* (requests: ReadonlyArray<StoreRequest.Add | StoreRequest.Get>) {
      const { items } = this.tables
      const wanted = new Set<number>()
      const first = new Map<string, StoreRequest.Add>()
      for (const request of requests) {
        if (request._tag === "Get") wanted.add(request.id)
        else if (!first.has(request.folded)) first.set(request.folded, request)
      }
      // Names are looked up first, because an INSERT that meets a conflict uses up a number all the same.
      const taken = new Map(yield* items.named([...first.keys()]))
      const fresh = [...first.values()].filter(({ folded }) => !taken.has(folded))
      const ids = yield* items.insert(
        fresh.map(({ at, author, comments, folded, name }) => ({ name, folded, comments, author, date: at }))
      )
      // Another server on the same database may have been quicker.
      const missed = fresh.flatMap(({ folded }, at) => (ids[at] === undefined ? [folded] : []))
      for (const [folded, id] of yield* items.named(missed)) taken.set(folded, id)
      const found = new Map((yield* items.getShort([...wanted])).map((item) => [item.id, item]))

      /** How many of the fresh items have had their turn; a get does not see the others. */
      let turn = 0
      const entries: Array<AddedEntry> = []
      for (const request of requests) {
        if (request._tag === "Get") {
          this.succeed(ids.includes(request.id, turn) ? undefined : found.get(request.id))
          continue
        }
        const id = request === fresh[turn] ? ids[turn++] : undefined
        if (id !== undefined) {
          taken.set(request.folded, id)
          entries.push({ ...entryOf("add", request), item: id })
          this.added.set(id, { id, name: request.name, comments: request.comments })
          this.succeed({ _tag: "Added", id })
        } else {
          const existing = taken.get(request.folded)
          if (existing !== undefined) this.succeed({ _tag: "Exists", id: existing })
          else this.fail("Unavailable")
        }
      }
      yield* this.auditAdded(entries)
    }
  )

  /** Writes the audit entries of items that have just been added, in whichever way costs less. */
  private auditAdded(entries: ReadonlyArray<AddedEntry>): Run {
    const stretches: Array<AuditTrail.Added> = []
    for (const { address, item } of entries) {
      const last = stretches.at(-1)
      if (last?.address === address) last.last = item
      else stretches.push({ address, first: item, last: item })
    }
    if (entries.length < stretches.length * minCopied) {
      this.trail.push(...entries)
      return Effect.void
    }
    return Effect.andThen(this.writeTrail, this.tables.auditAdded(stretches))
  }

  private readonly comment = Effect.fnUntraced(
    { self: this },
    function* (requests: ReadonlyArray<StoreRequest.Comment>) {
      const measured = yield* this.tables.items.measure(idsOf(requests))
      const sizes = new Map(measured.map(({ commentsSize, id }) => [id, commentsSize]))
      const lines = new Map<number, string>()
      const tooLong = new Set<StoreRequest.Comment>()
      for (const request of requests) {
        const { comments, id } = request
        const size = sizes.get(id)
        if (size === undefined) continue
        const sizeAfter = (size === 0 ? 0 : size + 1) + Buffer.byteLength(comments)
        if (sizeAfter > maxComments) {
          tooLong.add(request)
          continue
        }
        const before = size === 0 ? undefined : lines.get(id)
        lines.set(id, before === undefined ? comments : `${before}\n${comments}`)
        sizes.set(id, sizeAfter)
      }
      const commented = new Set<number>()
      for (const item of yield* this.tables.items.append(lines)) {
        commented.add(item.id)
        const written = this.added.has(item.id) ? this.added : this.changed
        written.set(item.id, item)
      }
      for (const request of requests) {
        if (tooLong.has(request)) {
          this.fail("TooLong")
          continue
        }
        const isThere = commented.has(request.id)
        if (isThere) this.trail.push(entryOf("comment", request))
        this.succeed(isThere)
      }
    }
  )

  private readonly remove = Effect.fnUntraced(
    { self: this },
    function* (requests: ReadonlyArray<StoreRequest.Remove>) {
      const removed = new Map(
        (yield* this.tables.items.remove(idsOf(requests))).map((item) => [item.id, item])
      )
      for (const request of requests) {
        const item = removed.get(request.id)
        if (item !== undefined) {
          // A second removal finds nothing.
          removed.delete(item.id)
          this.trail.push(entryOf("delete", request))
          this.changed.delete(item.id)
          if (!this.added.delete(item.id)) this.removed.add(item.id)
        }
        this.succeed(item)
      }
    }
  )

  private readonly find = Effect.fnUntraced({ self: this }, function* (ids: ReadonlyArray<number>) {
    const measured = yield* this.tables.items.measure(ids)
    const isLong = measured.reduce((sum, { size }) => sum + size, 0) > maxFoundSize
    this.succeed(
      isLong
        ? { _tag: "Long", items: measured.toSorted(newestFirst) }
        : { _tag: "Short", items: (yield* this.tables.items.get(ids)).toSorted(newestFirst) }
    )
  })

  private readonly readMeasured = Effect.fnUntraced(
    { self: this },
    function* (measured: ReadonlyArray<Items.MeasuredItem>) {
      const items = yield* this.tables.items.get(measured.map(({ id }) => id))
      const sizes = new Map(measured.map(({ commentsSize, id }) => [id, commentsSize]))
      this.succeed(items.map((item) => Items.withComments(item, sizes.get(item.id)!)).toSorted(newestFirst))
    }
  )

  private readonly writeTrail = Effect.suspend(() => {
    const { trail } = this
    this.trail = []
    return this.tables.audit(trail)
  })

  private readonly writeIndex = Effect.suspend(() => {
    const { index } = this.tables
    const [added, changed, removed] = [
      [...this.added.values()],
      [...this.changed.values()],
      [...this.removed]
    ]
    this.added.clear()
    this.changed.clear()
    this.removed.clear()
    return index.remove(removed).pipe(Effect.andThen(index.add(added)), Effect.andThen(index.update(changed)))
  })
}

type AddedEntry = AuditTrail.Entry & { readonly item: number }

const entryOf = (
  event: AuditTrail.Event,
  request: StoreRequest.Add | StoreRequest.Comment | StoreRequest.Remove
): AuditTrail.Entry => ({
  at: request.at,
  event,
  author: request.author,
  address: request.address,
  item: request._tag === "Add" ? undefined : request.id
})

const newestFirst = (one: Pick<Item, "id">, other: Pick<Item, "id">): number => other.id - one.id

const idsOf = (
  requests: ReadonlyArray<StoreRequest.Comment | StoreRequest.Remove>
): ReadonlyArray<number> => [...new Set(requests.map(({ id }) => id))]
