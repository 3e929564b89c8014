/**
 * The names that people log in with: which ones there may be, and when two are the same.
 *
 * A name is kept as it was given and compared by its folded form, so that `Ada`, `ada` and `ＡＤＡ` are one account.
 */
import { Schema } from "effect"
import * as CaseFolding from "../CaseFolding.ts"

/** The most characters of a name. */
export const maxLength = 64

/** There can be no account of this name. */
export class BadName extends Schema.TaggedError<BadName>()("BadName", {
  username: Schema.String
}) {
  override get message(): string {
    return `a name has 1 to ${maxLength} characters, none of them a control character, and no space at either end`
  }
}

/** Whether there can be an account of this name. */
export const isValid = (name: string): boolean => {
  // Two units make a character at most; what is longer still need not be looked at.
  if (name.length === 0 || name.length > 2 * maxLength || !name.isWellFormed()) return false
  return Array.from(name).length <= maxLength && !/\p{Cc}|^\s|\s$/u.test(name) && fold(name).length > 0
}

/** What two names have in common that differ only in case, or in how Unicode writes the same characters. */
export const fold = CaseFolding.foldCompatible
