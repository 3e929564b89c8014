/**
 * Why the item store did not carry out a request.
 */
import { Schema } from "effect"

/**
 * - `TooLong`: the comments of the item would exceed `Item.maxComments`
 * - `Overloaded`: the queue of requests is full
 * - `Unavailable`: the database failed, and the log says how
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

/** The request failed, and nothing of it was done. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: StoreReason,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return explanations[this.reason]
  }
}
