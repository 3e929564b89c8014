/**
 * What can be asked of the store, as operations that wait in the queue of `GroupCommit.ts` and are run by
 * `StoreWorker.ts`. Each keeps the moment it was asked at.
 */
import type { Exit } from "effect"
import type * as AuditTrail from "./AuditTrail.ts"
import { Operation } from "./GroupCommit.ts"
import { type Item, foldName } from "./Item.ts"
import type { Measured } from "./Items.ts"
import type { StoreError } from "./StoreError.ts"

/** What came of adding: the number of the item added, or of the one that has the name. */
export type AddOutcome =
  | { readonly _tag: "Added"; readonly id: number }
  | { readonly _tag: "Exists"; readonly id: number }

/**
 * Items that were found, newest first: as they are at this moment, or, where they are too long to be read at once, what
 * there is to be read.
 */
export type Found =
  | { readonly _tag: "Short"; readonly items: ReadonlyArray<Item> }
  | { readonly _tag: "Long"; readonly items: ReadonlyArray<Measured> }

/** Who does it, and from where. */
export interface Actor {
  /** The user, or `anon`. */
  readonly author: string
  /** The address of the peer. */
  readonly address: string
}

type Complete<A> = (outcome: Exit.Exit<A, StoreError>) => void

/** An operation that leaves an entry in the audit trail, if it did something. */
abstract class Change<A> extends Operation<A> {
  readonly writes = true
  readonly at: number
  protected abstract readonly event: AuditTrail.Event
  protected abstract readonly actor: Actor

  constructor(at: number, complete: Complete<A>) {
    super(complete)
    this.at = at
  }

  entry(item: number): AuditTrail.Entry & { readonly item: number } {
    const { address, author } = this.actor
    return { at: this.at, event: this.event, author, address, item }
  }
}

export class Add extends Change<AddOutcome> {
  readonly _tag = "Add"
  readonly weight: number
  readonly folded: string
  readonly actor: Actor & Pick<Item, "name" | "comments">
  protected readonly event = "add"

  constructor(actor: Add["actor"], at: number, complete: Complete<AddOutcome>) {
    super(at, complete)
    this.actor = actor
    this.folded = foldName(actor.name)
    this.weight = actor.name.length + actor.comments.length
  }
}

export class Comment extends Change<boolean> {
  readonly _tag = "Comment"
  readonly weight: number
  readonly actor: Actor & Pick<Item, "id" | "comments">
  protected readonly event = "comment"

  constructor(actor: Comment["actor"], at: number, complete: Complete<boolean>) {
    super(at, complete)
    this.actor = actor
    this.weight = actor.comments.length
  }
}

export class Remove extends Change<boolean> {
  readonly _tag = "Remove"
  readonly weight = 0
  readonly actor: Actor & Pick<Item, "id">
  protected readonly event = "delete"

  constructor(actor: Remove["actor"], at: number, complete: Complete<boolean>) {
    super(at, complete)
    this.actor = actor
  }
}

/** An item as it is at this moment, or how long it is, where that is too long to be kept. */
export class Get extends Operation<Item | Measured | undefined> {
  readonly _tag = "Get"
  readonly writes = false
  readonly weight = 0
  readonly id: number

  constructor(id: number, complete: Complete<Item | Measured | undefined>) {
    super(complete)
    this.id = id
  }
}

/** Reads items, newest first. */
export class Read extends Operation<ReadonlyArray<Item>> {
  readonly _tag = "Read"
  readonly writes = false
  readonly weight: number
  readonly ids: ReadonlyArray<number>

  constructor(items: ReadonlyArray<Measured>, complete: Complete<ReadonlyArray<Item>>) {
    super(complete)
    this.ids = items.map(({ id }) => id)
    this.weight = items.reduce((sum, { size }) => sum + size, 0)
  }
}

export class List extends Operation<Found> {
  readonly _tag = "List"
  readonly writes = false
  readonly weight = 4096
  readonly page: number

  constructor(page: number, complete: Complete<Found>) {
    super(complete)
    this.page = page
  }
}

export class Search extends Operation<Found> {
  readonly _tag = "Search"
  readonly writes = false
  /** Some milliseconds in the worst case; with this, few go before other work of the server has its turn. */
  readonly weight = 8192
  readonly text: string

  constructor(text: string, complete: Complete<Found>) {
    super(complete)
    this.text = text
  }
}

export type Any = Add | Comment | Remove | Get | Read | List | Search
