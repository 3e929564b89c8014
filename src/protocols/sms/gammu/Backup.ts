/**
 * Texts in a file of `gammu backupsms`, or of an SMSD that keeps its texts so (`inboxformat = detail`):
 *
 *     [SMSBackup000]
 *     State = UnRead
 *     Number = "+33612345678"
 *     UDH = 0500033E0201
 *     Text00 = 00680065006C0070
 *     Coding = Unicode_No_Compression
 *
 * Texts are UCS-2 in hexadecimal, whatever they are coded in on the air, and cut into lines of 200 digits. The user
 * data header (3GPP TS 23.040, 9.2.3.24.1) tells which sections are parts of one text.
 *
 * Pure: imports only `effect`.
 */
import * as Ini from "effect/encoding/Ini"
import * as Received from "./Received.ts"

/** The texts of a file that were received; those that were sent, or are to be, and what is no text, are left out. */
export const read = (file: string): ReadonlyArray<Received.Received> =>
  Received.join(
    Object.entries(Ini.parse(file)).flatMap(([name, section], place) =>
      /^SMSBackup\d/i.test(name) && isRecord(section) ? partOf(section, place) : []
    )
  )

type Section = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Section => typeof value === "object" && value !== null

const partOf = (section: Section, place: number): ReadonlyArray<Received.Part> => {
  const number = ucs2(word(section, "NumberUnicode")) || word(section, "Number")
  const isReceived = !/^(un)?sent$/i.test(word(section, "State"))
  if (number === "" || !isReceived || /^8bit/i.test(word(section, "Coding"))) return []
  const text = Object.keys(section)
    .filter((key) => /^Text\d+$/.test(key))
    .toSorted()
    .map((key) => word(section, key))
    .join("")
  return [{ number, text: ucs2(text), of: `alone ${place}`, place, ...concatenation(word(section, "UDH")) }]
}

const word = (section: Section, key: string): string => {
  const value = section[key]
  return typeof value === "string" ? value : ""
}

const ucs2 = (hexadecimal: string): string =>
  hexadecimal.replace(/[0-9a-f]{4}/gi, (unit) => String.fromCharCode(Number.parseInt(unit, 16)))

/** The reference and the place of a part, which elements 00 and 08 of the header hold: reference, count, place. */
const concatenation = (header: string): Pick<Received.Part, "of" | "place"> | undefined => {
  const bytes = Uint8Array.from(header.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  for (let at = 1; at + 1 < bytes.length; at += 2 + bytes[at + 1]!) {
    const content = bytes.subarray(at + 2, at + 2 + bytes[at + 1]!)
    const isConcatenation =
      (bytes[at] === 0x00 && content.length === 3) || (bytes[at] === 0x08 && content.length === 4)
    if (isConcatenation) return { of: `part ${content.subarray(0, -1).join(".")}`, place: content.at(-1)! }
  }
  return undefined
}
