/**
 * An item of the inventory, and the two things that are decided about it without asking the database: when two names
 * are the same, and how much may be written about one item.
 */
import * as CaseFolding from "../../CaseFolding.ts"

/** An item as it is kept. */
export interface Item {
  /** Given in the order of adding, from 1, and never again to another item. */
  readonly id: number
  readonly name: string
  /** The moment of adding, in milliseconds since 1970. */
  readonly date: number
  /** One comment a line, in the order they came; empty when there is none. */
  readonly comments: string
  /** Who added it. */
  readonly author: string
}

/**
 * The most that the comments of one item may be together, in bytes of UTF-8: 256 KiB.
 *
 * Every comment has the whole item indexed afresh, and this bounds what one request can make the server do.
 */
export const maxComments = 262_144

/** What the database holds unique: two names are the same when this is the same. */
export const foldName = CaseFolding.fold
