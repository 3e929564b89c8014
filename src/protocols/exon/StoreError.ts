/**
 * Why the item store did not do what it was asked.
 */
import { Schema } from "effect"

/**
 * - `TooLong`: the comments of the item would be more than `Item.maxComments`
 * - `Overloaded`: too much is waiting to be done
 * - `Unavailable`: the database failed; the cause says how, and has been logged
 * - `Closed`: the store is closing with the server
 */
export const StoreReason = Schema.Literals(["TooLong", "Overloaded", "Unavailable", "Closed"])
export type StoreReason = typeof StoreReason.Type

const explanations: Record<StoreReason, string> = {
  TooLong: "the comments of the item would be too long",
  Overloaded: "too many requests are waiting for the item store",
  Unavailable: "the database of the item store failed",
  Closed: "the item store is closing"
}

/** Nothing of the operation was done. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: StoreReason,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return explanations[this.reason]
  }
}
