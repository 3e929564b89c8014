/**
 * How letters are compared: without regard to case for the names of items, and without regard to case or accents for
 * the words that a search looks for.
 *
 * **Case.** JavaScript has no case folding of Unicode, so it is made of what it has: the text is decomposed (NFD),
 * mapped to lower, upper and lower case, `ς` is made `σ`, and it is composed again (NFC). That is Unicode's full,
 * canonical caseless matching (`Straße` is `STRASSE`, `é` is the same composed or not, `ΣΊΣΥΦΟΣ` is `Σίσυφος`), and a
 * little more: `ı` is `i`, as both have the capital `I`. It knows no language: `İ` is not `i`.
 *
 * **Words.** A word is a run of letters, digits and marks, as Unicode classes them. Text without spaces between its
 * words, as Chinese is, is one word from one punctuation mark to the next.
 */

const ascii = /^[\0-\x7f]*$/
const accents = /[\p{Mn}&&\p{Diacritic}]+/gv
const nonWords = /[^\p{L}\p{N}\p{M}\p{Co}]+/gv

/** The text without its case. */
export const foldCase = (text: string): string =>
  ascii.test(text)
    ? text.toLowerCase()
    : text
        .toWellFormed()
        .normalize("NFD")
        .toLowerCase()
        .toUpperCase()
        .toLowerCase()
        .replaceAll("ς", "σ")
        .normalize("NFC")

/**
 * The words of the text without their case and accents, with something other than a letter or a digit in between.
 *
 * Text in ASCII comes back as it is: an index takes its letters without regard to case anyway, and that is most text.
 */
export const foldText = (text: string): string =>
  ascii.test(text)
    ? text
    : foldCase(text).normalize("NFD").replace(accents, "").normalize("NFC").replace(nonWords, " ")

/** The words of the text without their case and accents, each once. */
export const foldedWords = (text: string): ReadonlySet<string> =>
  new Set(
    foldText(text)
      .toLowerCase()
      .split(nonWords)
      .filter((word) => word !== "")
  )
