/**
 * Reads a file of items into records, each with the number of the line it begins on. A line that holds none comes out
 * in its place, as what is wrong with it, and the reading goes on where it can: all the bad lines of a file are to be
 * named at once.
 *
 * That is why JSON is read line by line here, and not by `Ndjson` of `effect/encoding`, which ends at the first bad
 * one. `Csv` ends there too; but where a quote is wrong, nobody knows what the lines after it mean.
 */
import { Stream } from "effect"
import * as Csv from "effect/encoding/Csv"
import * as NumberedLines from "./NumberedLines.ts"
import { fields, type Format } from "./Transfer.ts"

/** The fields of an item as they were written, or why they cannot be read. */
export type Record =
  | { readonly place: number; readonly fields: unknown }
  | { readonly place: number; readonly problem: string }

/** The records of a file, in order. Empty lines hold none and are none. */
export const decode = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  format: Format
): Stream.Stream<Record, E, R> => {
  const lines = NumberedLines.decode(bytes)
  return format === "jsonl" ? jsonLines(lines) : csv(lines)
}

const jsonLines = <E, R>(lines: Stream.Stream<NumberedLines.Line, E, R>): Stream.Stream<Record, E, R> =>
  lines.pipe(
    Stream.map(({ number: place, problem, text }): Record | undefined => {
      if (problem !== undefined) return { place, problem }
      const json = place === 1 ? withoutMark(text) : text
      if (json.trim() === "") return undefined
      try {
        return { place, fields: JSON.parse(json) }
      } catch {
        return { place, problem: "not JSON" }
      }
    }),
    Stream.filter((record) => record !== undefined)
  )

const withoutMark = (text: string): string => (text.startsWith("\ufeff") ? text.slice(1) : text)

const csv = <E, R>(lines: Stream.Stream<NumberedLines.Line, E, R>): Stream.Stream<Record, E, R> =>
  Stream.suspend(() => {
    const rows = new Rows()
    return lines.pipe(
      // Beyond a line that is left out, quotes open where they close.
      Stream.takeUntil(({ problem }) => problem === "too long"),
      Stream.map((line) => rows.pass(line)),
      // A line at a time, for where a row is wrong, those of the same chunk before it are lost.
      Stream.rechunk(1),
      Stream.pipeThroughChannel(Csv.decodeString({ maxRecordSize: NumberedLines.maxLine })),
      Stream.map((cells) => rows.read(cells)),
      Stream.flattenIterable,
      Stream.catchIf(Csv.isCsvError, ({ line, message }) => {
        rows.forget()
        return Stream.make({ place: line, problem: message })
      }),
      Stream.concat(Stream.suspend(() => Stream.fromIterable(rows.end())))
    )
  })

class Rows {
  private headers: ReadonlyArray<string> | undefined
  /** Nothing can be said of the rows below bad headers. */
  private isLost = false
  /** The number of the line on which the next row begins. */
  private place = 1
  /** What is wrong with lines whose row has not come yet. */
  private problems: Array<Record> = []

  /** The text of a line, what is wrong with it kept. */
  pass({ number, problem, text }: NumberedLines.Line): string {
    if (problem !== undefined) this.problems.push({ place: number, problem })
    return text
  }

  /** The record of a row; none for the headers and for an empty line. */
  read(cells: ReadonlyArray<string>): ReadonlyArray<Record> {
    const { place, problems } = this
    this.place += 1 + cells.reduce((breaks, cell) => breaks + breaksIn(cell), 0)
    if (this.isLost) return []
    if (problems.length > 0) {
      this.problems = []
      this.isLost = this.headers === undefined
      return problems
    }
    if (cells.length === 1 && cells[0] === "") return []
    if (this.headers === undefined) {
      this.headers = cells
      const problem = problemOf(cells)
      this.isLost = problem !== undefined
      return problem === undefined ? [] : [{ place, problem }]
    }
    if (cells.length !== this.headers.length) {
      return [{ place, problem: `${cells.length} cells where ${this.headers.length} are expected` }]
    }
    const present = this.headers.flatMap((header, at) =>
      header !== "name" && cells[at] === "" ? [] : [[header, cells[at]!] as const]
    )
    return [{ place, fields: Object.fromEntries(present) }]
  }

  /** Leaves the rest: its rows, and the lines of a row that does not end. */
  forget(): void {
    this.problems = []
    this.isLost = true
  }

  end(): ReadonlyArray<Record> {
    if (this.isLost) return []
    if (this.problems.length > 0 || this.headers !== undefined) return this.problems
    return [{ place: 1, problem: "no line of headers" }]
  }
}

const breaksIn = (cell: string): number => cell.match(/\r\n|\r|\n/g)?.length ?? 0

const known: ReadonlySet<string> = new Set(fields)

const problemOf = (headers: ReadonlyArray<string>): string | undefined => {
  const unknown = headers.find((header) => !known.has(header))
  if (unknown !== undefined) return `unknown header ${JSON.stringify(unknown)}; expected ${fields.join(", ")}`
  if (new Set(headers).size < headers.length) return "a header stands twice"
  return headers.includes("name") ? undefined : "no header is name"
}
