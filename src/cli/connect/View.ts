/**
 * Replies as they are shown to people: lines, tables and records, in the width of the terminal and in its colours,
 * which `NO_COLOR` takes away.
 *
 * All text may be somebody else's, so it is shown without what a terminal would take for an order.
 */
import { styleText } from "node:util"
import { printable } from "../Printable.ts"

/** What a line tells: that it was done, that it was not, or neither. */
export type Tone = "good" | "bad" | "plain" | "faint"

/** A part of what is shown. */
export type Part =
  | { readonly _tag: "Text"; readonly text: string; readonly tone: Tone }
  | { readonly _tag: "Table"; readonly columns: ReadonlyArray<string>; readonly rows: ReadonlyArray<Row> }
  | { readonly _tag: "Record"; readonly entries: ReadonlyArray<readonly [name: string, value: string]> }

/** The cells of a row, in the order of the columns. */
export type Row = ReadonlyArray<string>

/** Text of one line or several. */
export const text = (text: string, tone: Tone = "plain"): Part => ({ _tag: "Text", text, tone })

/** Rows under the names of their columns. */
export const table = (columns: ReadonlyArray<string>, rows: ReadonlyArray<Row>): Part => ({
  _tag: "Table",
  columns,
  rows
})

/** Names and what they have, a line each. */
export const record = (entries: ReadonlyArray<readonly [name: string, value: string]>): Part => ({
  _tag: "Record",
  entries
})

const styles = { good: "green", bad: "red", faint: "dim", name: "bold" } as const

/** Styles text where standard output is a terminal that may have colours. */
const style = (tone: Tone | "name", text: string): string =>
  tone === "plain" ? text : styleText(styles[tone], text)

/** The parts as lines of at most so many columns, without an LF at the end. */
export const render = (parts: ReadonlyArray<Part>, width: number): string =>
  parts.flatMap((part) => linesOf(part, width)).join("\n")

const linesOf = (part: Part, width: number): ReadonlyArray<string> => {
  switch (part._tag) {
    case "Text":
      return part.text.split("\n").map((line) => style(part.tone, printable(line)))
    case "Table":
      return tableOf(part.columns, part.rows, width)
    case "Record": {
      const names = part.entries.map(([name]) => printable(name))
      const indent = Math.max(0, ...names.map(widthOf))
      return part.entries.flatMap(([, value], at) =>
        value
          .split("\n")
          .map(
            (line, index) =>
              `${style("name", pad(index === 0 ? names[at]! : "", indent))}  ${printable(line)}`
          )
      )
    }
  }
}

/** The last column takes what is left of a line, and is cut off there; the others are as wide as they have to be. */
const tableOf = (
  columns: ReadonlyArray<string>,
  rows: ReadonlyArray<Row>,
  width: number
): ReadonlyArray<string> => {
  const cells = rows.map((row) => row.map((cell) => cell.split("\n").map(printable).join(" ↵ ")))
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column), ...cells.map((row) => widthOf(row[index] ?? "")))
  )
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const last = Math.max(8, width - before)
  const line = (row: Row): string =>
    row
      .map((cell, index) => (index < columns.length - 1 ? pad(cell, widths[index]!) : cut(cell, last)))
      .join("  ")
      .trimEnd()
  return [style("name", line(columns)), ...cells.map(line)]
}

const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)))

const cut = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  let kept = ""
  let taken = 1
  for (const { segment } of graphemes.segment(text)) {
    taken += widthOfOne(segment)
    if (taken > width) break
    kept += segment
  }
  return `${kept}…`
}

const graphemes = new Intl.Segmenter()

/** How many columns of a terminal the text takes. */
const widthOf = (text: string): number => {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += widthOfOne(segment)
  return width
}

// What East Asian scripts and emoji take: two columns.
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u

const widthOfOne = (grapheme: string): number => (wide.test(grapheme) ? 2 : 1)
