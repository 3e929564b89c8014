/** Messages in the files of Gammu. */

/** A text in UCS-2, in hexadecimal. */
const ucs2 = (text: string): string =>
  Array.from({ length: text.length }, (_, i) =>
    text.charCodeAt(i).toString(16).padStart(4, "0").toUpperCase()
  ).join("")

/** A section of a file of `gammu backupsms`, as Gammu writes them: lines of 200 digits. */
export const section = (message: {
  readonly at: number
  readonly number: string
  readonly text: string
  readonly state?: string
  readonly coding?: string
  /** The user data header, in hexadecimal. */
  readonly udh?: string
}): string => {
  const { at, coding = "Unicode_No_Compression", number, state = "UnRead", text, udh } = message
  const lines = ucs2(text).match(/.{1,200}/g) ?? []
  return [
    `[SMSBackup${String(at).padStart(3, "0")}]`,
    "; what it says is a comment, too",
    'SMSC = "+33609001390"',
    `State = ${state}`,
    `Number = "${number}"`,
    ...(udh === undefined ? [] : [`UDH = ${udh}`]),
    ...lines.map((line, i) => `Text${String(i).padStart(2, "0")} = ${line}`),
    `Coding = ${coding}`,
    "Folder = 1",
    `Length = ${text.length}`,
    "Class = -1",
    "ReplySMSC = FALSE",
    "RejectDuplicates = FALSE",
    "ReplaceMessage = 0",
    "MessageReference = 0",
    ""
  ].join("\n")
}
