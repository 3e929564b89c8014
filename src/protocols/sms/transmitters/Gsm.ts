/**
 * The alphabet of GSM (3GPP TS 23.038, 6.2.1): a text in it has 160 characters a message, and any other 70.
 */

/** The default alphabet, row by row, without the escape to the extension. */
const basic =
  "@£$¥èéùìòÇ\nØø\rÅå" +
  "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ" +
  " !\"#¤%&'()*+,-./" +
  "0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNO" +
  "PQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmno" +
  "pqrstuvwxyzäöñüà"

/** The extension; each of these takes the place of two. */
const extension = "\f^{}\\[~]|€"

const characters: ReadonlySet<string> = new Set(basic + extension)

/** Whether every character of the text is in the alphabet or its extension. */
export const isGsm = (text: string): boolean => {
  for (const character of text) if (!characters.has(character)) return false
  return true
}
