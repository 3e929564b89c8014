import { Schema } from "effect"

/** A text could not be handed over; the reason is for the log, and does not tell the text. */
export class TransmissionFailed extends Schema.TaggedError<TransmissionFailed>()("TransmissionFailed", {
  reason: Schema.String,
  /** Whether it never can be, so that there is no use in trying again. */
  permanent: Schema.Boolean
}) {
  override get message(): string {
    return this.reason
  }
}
