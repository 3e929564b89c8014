/**
 * When two texts are the same but for case. JavaScript has no case folding of Unicode, so it is made of what it has: small
 * letters (for `ẞ`), capitals (for `ß`), small letters again, and `σ` for every `ς`.
 *
 * That is Unicode's full caseless matching (`Straße` is `STRASSE`, `ΣΊΣΥΦΟΣ` is `Σίσυφος`), and a little more: `ı` is `i`, as
 * both have the capital `I`. It knows no language: `İ` is not `i`. Databases hold what these functions return, so they
 * return the same for ever.
 *
 * Pure: imports nothing.
 */

/** The text without its case; `é` is the same composed or not, and other forms of a character are others: `１` is not `1`. */
export const fold = (text: string): string =>
  isAscii(text) ? text.toLowerCase() : caseless(text.toWellFormed().normalize("NFD")).normalize("NFC")

/** The text without its case, and without what else tells forms of a character apart: `Ｆｕｌｌ` is `full`. */
export const foldCompatible = (text: string): string =>
  isAscii(text) ? text.toLowerCase() : caseless(text.normalize("NFKC")).normalize("NFKC")

/** Whether all of the text is ASCII. */
export const isAscii = (text: string): boolean => ascii.test(text)

const ascii = /^[\0-\x7f]*$/

const caseless = (text: string): string => text.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ")
