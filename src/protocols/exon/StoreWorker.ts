/**
 * Runs a group of operations in their order with few statements. `GroupCommit.ts` calls it in a transaction.
 *
 * Neighbours go together: adds and gets, which hardly concern one another, form one stretch, and so do comments,
 * and removals. A stretch is a few statements, however long it is. The audit trail is written at the end of the group,
 * and so is the search index, unless a search in the group has to see it.
 */
import { Effect } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as AuditTrail from "./AuditTrail.ts"
import { type Item, maxComments } from "./Item.ts"
import * as Items from "./Items.ts"
import type * as Operation from "./Operation.ts"
import { type Searched, SearchIndex } from "./SearchIndex.ts"
import { StoreError } from "./StoreError.ts"

type Run<A = void> = Effect.Effect<A, SqlError.SqlError>

/** Items that are longer together, in bytes, are not read in the group of others. */
const maxAtOnce = 65_536

/** From so many items of one address on, on average, their entries are copied from the items. */
const longEnough = 4

/** What the statements go through. */
interface Tables {
  readonly items: Items.Items
  readonly index: SearchIndex["Service"]
  readonly audit: (entries: ReadonlyArray<AuditTrail.Entry>) => Run
  readonly auditAdded: (stretches: ReadonlyArray<AuditTrail.Added>) => Run
}

/** How to run a group of operations. */
export const make: Effect.Effect<
  (operations: ReadonlyArray<Operation.Any>) => Run,
  never,
  SqlClient.SqlClient | SearchIndex
> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tables: Tables = {
    items: Items.make(sql),
    index: yield* SearchIndex,
    audit: AuditTrail.writer(sql),
    auditAdded: AuditTrail.additions(sql)
  }
  return (operations) => new Group(tables).run(operations)
})

class Group {
  private trail: Array<AuditTrail.Entry> = []
  private readonly changed = new Map<number, Searched>()
  private readonly removed = new Set<number>()

  private readonly tables: Tables

  constructor(tables: Tables) {
    this.tables = tables
  }

  readonly run = (operations: ReadonlyArray<Operation.Any>): Run =>
    Effect.forEach(stretchesOf(operations), this.perform, { discard: true }).pipe(
      Effect.andThen(this.writeIndex),
      Effect.andThen(this.writeTrail)
    )

  private readonly perform = (stretch: Stretch): Run => {
    switch (stretch.kind) {
      case "plain":
        return this.addAndGet(stretch.operations)
      case "comments":
        return this.comment(stretch.operations)
      case "removals":
        return this.remove(stretch.operations)
      case "read":
        return Effect.map(this.read(stretch.operation.ids), (items) => stretch.operation.succeed(items))
      case "list":
        return Effect.flatMap(this.tables.items.list(stretch.operation.page), (ids) =>
          this.find(stretch.operation, ids)
        )
      case "search":
        return Effect.andThen(this.writeIndex, this.search(stretch.operation))
    }
  }

  private readonly addAndGet = Effect.fnUntraced({ self: this }, function* (operations: Array<Plain>) {
    const { items } = this.tables
    const asked = new Set<number>()
    const first = new Map<string, Operation.Add>()
    for (const operation of operations) {
      if (operation._tag === "Get") asked.add(operation.id)
      if (operation._tag === "Add" && !first.has(operation.folded)) first.set(operation.folded, operation)
    }
    // Asked first, because an INSERT that meets a conflict uses up a number all the same.
    const there = new Map(yield* items.named([...first.keys()]))
    const fresh = [...first.values()].filter(({ folded }) => !there.has(folded))
    const ids = yield* items.insert(
      fresh.map(({ actor: { author, comments, name }, at, folded }) => ({
        name,
        folded,
        comments,
        author,
        date: at
      }))
    )
    // Another server on the same database may have been quicker.
    const missed = fresh.flatMap(({ folded }, at) => (ids[at] === undefined ? [folded] : []))
    for (const [folded, id] of yield* items.named(missed)) there.set(folded, id)
    const found = new Map((yield* items.getShort([...asked])).map((item) => [item.id, item]))

    /** How many of the fresh ones have had their turn; a get sees none of those behind it. */
    let turn = 0
    const entries: Array<AuditTrail.Entry & { readonly item: number }> = []
    for (const operation of operations) {
      switch (operation._tag) {
        case "Get":
          operation.succeed(ids.includes(operation.id, turn) ? undefined : found.get(operation.id))
          break
        case "Add": {
          const { actor, folded } = operation
          const id = operation === fresh[turn] ? ids[turn++] : undefined
          if (id !== undefined) {
            there.set(folded, id)
            entries.push(operation.entry(id))
            this.changed.set(id, { id, name: actor.name, comments: actor.comments })
            operation.succeed({ _tag: "Added", id })
          } else {
            const existing = there.get(folded)
            if (existing !== undefined) operation.succeed({ _tag: "Exists", id: existing })
            else operation.fail(new StoreError({ reason: "Unavailable" }))
          }
        }
      }
    }
    yield* this.auditAdded(entries)
  })

  /** Writes the entries of items that have just been added down, in whichever way costs less. */
  private auditAdded(entries: ReadonlyArray<AuditTrail.Entry & { readonly item: number }>): Run {
    const stretches: Array<AuditTrail.Added> = []
    for (const { address, item } of entries) {
      const last = stretches.at(-1)
      if (last?.address === address) last.last = item
      else stretches.push({ address, first: item, last: item })
    }
    if (entries.length < stretches.length * longEnough) {
      this.trail.push(...entries)
      return Effect.void
    }
    return Effect.andThen(this.writeTrail, this.tables.auditAdded(stretches))
  }

  private readonly comment = Effect.fnUntraced(
    { self: this },
    function* (operations: Array<Operation.Comment>) {
      const sizes = new Map(yield* this.tables.items.sizes(idsOf(operations)))
      const lines = new Map<number, string>()
      for (const operation of operations) {
        const { comments, id } = operation.actor
        const size = sizes.get(id)
        if (size === undefined) continue
        const sizeAfter = (size === 0 ? 0 : size + 1) + Buffer.byteLength(comments)
        if (sizeAfter > maxComments) {
          operation.fail(new StoreError({ reason: "TooLong" }))
          continue
        }
        const before = size === 0 ? undefined : lines.get(id)
        lines.set(id, before === undefined ? comments : `${before}\n${comments}`)
        sizes.set(id, sizeAfter)
      }
      const commented = new Set<number>()
      for (const item of yield* this.tables.items.append(lines)) {
        commented.add(item.id)
        this.changed.set(item.id, item)
      }
      for (const operation of operations) {
        if (operation.outcome !== undefined) continue
        const isThere = commented.has(operation.actor.id)
        if (isThere) this.trail.push(operation.entry(operation.actor.id))
        operation.succeed(isThere)
      }
    }
  )

  private readonly remove = Effect.fnUntraced(
    { self: this },
    function* (operations: Array<Operation.Remove>) {
      const removed = new Set(yield* this.tables.items.remove(idsOf(operations)))
      for (const operation of operations) {
        const { id } = operation.actor
        const isThere = removed.delete(id)
        if (isThere) {
          this.trail.push(operation.entry(id))
          this.changed.delete(id)
          this.removed.add(id)
        }
        operation.succeed(isThere)
      }
    }
  )

  private search(operation: Operation.Search): Run {
    return Effect.flatMap(this.tables.index.search(operation.text, Items.pageSize), (ids) =>
      this.find(operation, ids)
    )
  }

  private readonly find = Effect.fnUntraced(
    { self: this },
    function* (operation: Operation.List | Operation.Search, ids: ReadonlyArray<number>) {
      const measured = yield* this.tables.items.measure(ids)
      const isLong = measured.reduce((sum, { size }) => sum + size, 0) > maxAtOnce
      operation.succeed(
        isLong
          ? { _tag: "Long", items: measured.toSorted(newestFirst) }
          : { _tag: "Short", items: yield* this.read(ids) }
      )
    }
  )

  private read(ids: ReadonlyArray<number>): Run<ReadonlyArray<Item>> {
    return Effect.map(this.tables.items.get(ids), (items) => items.toSorted(newestFirst))
  }

  private readonly writeTrail = Effect.suspend(() => {
    const { trail } = this
    this.trail = []
    return this.tables.audit(trail)
  })

  private readonly writeIndex = Effect.suspend(() => {
    const removed = [...this.removed]
    const changed = [...this.changed.values()]
    this.removed.clear()
    this.changed.clear()
    return Effect.andThen(this.tables.index.remove(removed), this.tables.index.put(changed))
  })
}

const newestFirst = (one: Pick<Item, "id">, other: Pick<Item, "id">): number => other.id - one.id

type Plain = Operation.Add | Operation.Get

/** Neighbouring operations that go together. */
type Stretch =
  | { readonly kind: "plain"; readonly operations: Array<Plain> }
  | { readonly kind: "comments"; readonly operations: Array<Operation.Comment> }
  | { readonly kind: "removals"; readonly operations: Array<Operation.Remove> }
  | { readonly kind: "read"; readonly operation: Operation.Read }
  | { readonly kind: "list"; readonly operation: Operation.List }
  | { readonly kind: "search"; readonly operation: Operation.Search }

const stretchesOf = (operations: ReadonlyArray<Operation.Any>): Array<Stretch> => {
  const stretches: Array<Stretch> = []
  for (const operation of operations) {
    const last = stretches.at(-1)
    switch (operation._tag) {
      case "Add":
      case "Get":
        if (last?.kind === "plain") last.operations.push(operation)
        else stretches.push({ kind: "plain", operations: [operation] })
        break
      case "Comment":
        if (last?.kind === "comments") last.operations.push(operation)
        else stretches.push({ kind: "comments", operations: [operation] })
        break
      case "Remove":
        if (last?.kind === "removals") last.operations.push(operation)
        else stretches.push({ kind: "removals", operations: [operation] })
        break
      case "Read":
        stretches.push({ kind: "read", operation })
        break
      case "List":
        stretches.push({ kind: "list", operation })
        break
      case "Search":
        stretches.push({ kind: "search", operation })
    }
  }
  return stretches
}

const idsOf = (operations: ReadonlyArray<Operation.Comment | Operation.Remove>): ReadonlyArray<number> => [
  ...new Set(operations.map(({ actor }) => actor.id))
]
