/**
 * Bytes as latin1 text: one character a byte, its code the byte. `TextDecoder` does not know this encoding: by "latin1"
 * it means windows-1252, in which the bytes from 0x80 to 0x9f are other characters.
 */

/** The bytes of a text; nothing where a character is no byte. */
export const bytesOf = (text: string): Uint8Array | undefined => {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return undefined
    bytes[i] = code
  }
  return bytes
}

/** The text of bytes. */
export const latin1Of = (bytes: Uint8Array): string => {
  if (bytes.length <= chunkSize) return String.fromCharCode(...bytes)
  let text = ""
  for (let at = 0; at < bytes.length; at += chunkSize) {
    text += String.fromCharCode(...bytes.subarray(at, at + chunkSize))
  }
  return text
}

/** The arguments of a call are on the stack. */
const chunkSize = 4096

/** Whether each character is a byte. */
export const isLatin1 = (text: string): boolean => !/[^\0-\xff]/.test(text)

/** Whether each character is the same byte in latin1 and in UTF-8. */
export const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text)
