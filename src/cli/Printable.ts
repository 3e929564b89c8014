/**
 * Text of somebody else's, such as a name that was tried at a login, as it is shown on a terminal: in one line, and
 * without what the terminal would take for an order.
 */

// Control and formatting characters, separators of lines, and the backslash that tells of them.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu

/** The text with `\u{1b}` for an escape, and so on. */
export const printable = (text: string): string =>
  text.replace(unprintable, (character) =>
    character === "\\" ? "\\\\" : `\\u{${character.codePointAt(0)!.toString(16)}}`
  )
