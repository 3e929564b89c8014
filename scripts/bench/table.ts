/**
 * Plain tables for a terminal, and the way figures are written in them. A figure that is not known (NaN) is a dash.
 */

/** The first column is text and stands left, the others are figures and stand right. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths: Array<number> = []
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length)
    })
  }
  return rows
    .map((row) =>
      row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join("  ")
    )
    .join("\n")
}

const known = (value: number, text: string): string => (Number.isNaN(value) ? "-" : text)

export const whole = (value: number): string => known(value, Math.round(value).toLocaleString("en"))

export const decimals = (value: number, digits: number): string => known(value, value.toFixed(digits))

export const percent = (share: number): string => known(share, `${Math.round(share * 100)}%`)

export const reached = (value: number, isReached: boolean): string => known(value, isReached ? "yes" : "no")
