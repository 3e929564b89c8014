/**
 * E-mail addresses as accounts have them.
 */

/** One `@`, with a domain of at least two labels after it, and no longer than RFC 5321 lets a path be. */
export const isValid = (text: string): boolean =>
  text.length <= 254 && /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/.test(text)
