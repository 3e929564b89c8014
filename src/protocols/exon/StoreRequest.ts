/**
 * Requests to the store, and what each results in: plain data both ways, so that a request and its outcome can cross to
 * a worker thread. `RequestQueue.ts` collects requests into batches, and `StoreWorker.ts` runs these.
 */
import type { Item } from "./Item.ts"
import type { MeasuredItem } from "./Items.ts"
import type { StoreReason } from "./StoreError.ts"

/** Who makes a change, and from where, for the audit trail. */
export interface Actor {
  /** The user, or `anon`. */
  readonly author: string
  /** The address of the peer. */
  readonly address: string
}

/** What every change has: its actor, and the time of the request in milliseconds since 1970. */
interface Change extends Actor {
  readonly at: number
}

/** Adds an item, unless its name is taken. `folded` is its name as `Item.foldName` folds it. */
export interface Add extends Change {
  readonly _tag: "Add"
  readonly name: string
  readonly folded: string
  readonly comments: string
}

/** Appends a comment to an item, on a line of its own. */
export interface Comment extends Change {
  readonly _tag: "Comment"
  readonly id: number
  readonly comments: string
}

/** Removes an item. */
export interface Remove extends Change {
  readonly _tag: "Remove"
  readonly id: number
}

/** Reads an item, or measures it if it is longer than `Items.maxShort`. */
export interface Get {
  readonly _tag: "Get"
  readonly id: number
}

/** Reads items that were measured before. */
export interface Read {
  readonly _tag: "Read"
  readonly items: ReadonlyArray<MeasuredItem>
}

/** Fifty items, newest first; page 1 is the first. */
export interface List {
  readonly _tag: "List"
  readonly page: number
}

/** The 50 newest of the items that `SearchIndex` finds. */
export interface Search {
  readonly _tag: "Search"
  readonly text: string
}

export type StoreRequest = Add | Comment | Remove | Get | Read | List | Search

/** The number of the item that was added, or of the one that has the name. */
export type AddResult =
  | { readonly _tag: "Added"; readonly id: number }
  | { readonly _tag: "Exists"; readonly id: number }

/** The items of a list or a search, newest first: read, or only measured where they are too long together. */
export type Found =
  | { readonly _tag: "Short"; readonly items: ReadonlyArray<Item> }
  | { readonly _tag: "Long"; readonly items: ReadonlyArray<MeasuredItem> }

/** What each request results in. */
interface Results {
  readonly Add: AddResult
  /** Whether there is such an item. */
  readonly Comment: boolean
  /** The item that was removed, if there was one. */
  readonly Remove: Item | undefined
  readonly Get: Item | MeasuredItem | undefined
  /** The items that are still there, in the order of the request. */
  readonly Read: ReadonlyArray<Item>
  readonly List: Found
  readonly Search: Found
}

/** What a request results in. */
export type Result<Request extends StoreRequest> = Results[Request["_tag"]]

/** How a request ended. */
export type Outcome<A = Result<StoreRequest>> =
  | { readonly _tag: "Success"; readonly value: A }
  | { readonly _tag: "Failure"; readonly reason: StoreReason }

/** Whether a request changes anything, so that it needs a transaction. All others only read. */
export const isWrite = ({ _tag }: StoreRequest): boolean =>
  _tag === "Add" || _tag === "Comment" || _tag === "Remove"

/**
 * How much work a request is, about, in characters that are read or written. A search takes some milliseconds at worst;
 * with its weight, a batch has few.
 */
export const weightOf = (request: StoreRequest): number => {
  switch (request._tag) {
    case "Add":
      return request.name.length + request.comments.length
    case "Comment":
      return request.comments.length
    case "Remove":
    case "Get":
      return 0
    case "Read":
      return request.items.reduce((sum, { size }) => sum + size, 0)
    case "List":
      return 4096
    case "Search":
      return 8192
  }
}
