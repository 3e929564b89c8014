/**
 * Moments as ISO 8601 writes them, read strictly: `2026-02-30` is no day, where JavaScript takes it for March 2nd.
 */

const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/

/**
 * The moment in milliseconds since 1970, or undefined when the text is none. Without an offset it is a time in `zone`:
 * `local` is the zone of this process, and with `none` there has to be an offset.
 */
export const parse = (text: string, zone: "local" | "UTC" | "none"): number | undefined => {
  const match = iso.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, offset] = match
  if (offset === undefined && zone === "none") return undefined
  const lastDay = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()
  if (Number(day) > lastDay) return undefined
  const time = hour === undefined ? "T00:00" : ""
  const moment = Date.parse(
    text.replace(" ", "T") + time + (offset === undefined && zone === "UTC" ? "Z" : "")
  )
  return Number.isNaN(moment) ? undefined : moment
}
