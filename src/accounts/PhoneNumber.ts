/**
 * Phone numbers as names of accounts: `+`, the code of the country, and the rest, as in E.164.
 */

/** `+` and 6 to 15 digits, the first of which is no 0. */
const international = /^\+[1-9]\d{5,14}$/

/** What people put between digits. */
const separators = /[ .-]/g

/**
 * The one way to write a number: without spaces, dots and hyphens, and with `+` for a leading `00`. `undefined` for what
 * is no number with the code of its country, for nobody knows whose that is.
 */
export const normalise = (text: string): string | undefined => {
  // Much longer than any number, and not looked at.
  if (text.length > 64) return undefined
  const number = text.replaceAll(separators, "").replace(/^00/, "+")
  return international.test(number) ? number : undefined
}
