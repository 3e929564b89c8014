/**
 * The words that a search looks for, without regard to case or accents.
 *
 * A word is a run of letters, digits and marks, as Unicode classes them. Text without spaces between its words, as Chinese
 * is, is one word from one punctuation mark to the next.
 */
import * as CaseFolding from "../../CaseFolding.ts"

const accents = /[\p{Mn}&&\p{Diacritic}]+/gv
const nonWords = /[^\p{L}\p{N}\p{M}\p{Co}]+/gv

/**
 * The words of the text without their case and accents, with something other than a letter or a digit in between.
 *
 * Text in ASCII comes back as it is: an index takes its letters without regard to case anyway, and that is most text.
 */
export const fold = (text: string): string =>
  CaseFolding.isAscii(text)
    ? text
    : CaseFolding.fold(text).normalize("NFD").replace(accents, "").normalize("NFC").replace(nonWords, " ")

/** The words of the text without their case and accents, each once. */
export const of = (text: string): ReadonlySet<string> =>
  new Set(
    fold(text)
      .toLowerCase()
      .split(nonWords)
      .filter((word) => word !== "")
  )
