/**
 * Why something failed or died, in a line for the log; the cause, with its stack, is logged beside it.
 */
import { Cause } from "effect"

export const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!
}
