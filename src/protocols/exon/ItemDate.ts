/**
 * The date of an item as Exon shows it: what `date "+%G-%m-%d %H:%M:%S"` prints in the server's time zone
 * (specification, "ID request"). Pure.
 *
 * `%G` is the year that the ISO 8601 week belongs to, which around New Year is not the year of the day: 2027-01-01 is
 * a Friday of the last week of 2026, and reads 2026-01-01.
 */

/** The date of a moment, given in milliseconds since 1970. */
export const format = (moment: number): string => {
  const date = new Date(moment)
  const day = [pad(weekYear(date), 4), pad(date.getMonth() + 1), pad(date.getDate())].join("-")
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part)).join(":")}`
}

/** A week belongs to the year of its Thursday; it begins on Monday. */
const weekYear = (date: Date): number => {
  const sinceMonday = (date.getDay() + 6) % 7
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - sinceMonday + 3).getFullYear()
}

const pad = (part: number, length = 2): string => String(part).padStart(length, "0")
