import { Exon, type Item, type Reply } from "../Protocol.ts"
import * as Dialect from "../../../cli/connect/Dialect.ts"
import * as Notation from "../../../cli/connect/Notation.ts"
import * as View from "../../../cli/connect/View.ts"

/** The comments come last, for they are long. */
const columns = ["id", "name", "date", "author", "comments"] as const satisfies ReadonlyArray<keyof Item>

const rowOf = (item: Item): View.Row => columns.map((name) => String(item[name]))

const show = (reply: Reply): View.Part => {
  if (reply._tag === "Available") return View.record(columns.map((name) => [name, String(reply.data[name])]))
  if (reply._tag === "Found") {
    return reply.data.length === 0
      ? View.text("no items", "faint")
      : View.table(columns, reply.data.map(rowOf))
  }
  const about = reply.data === null || reply.data === "" ? "" : ` (${reply.data})`
  return View.text(reply.message + about, Exon.isError(reply) ? "bad" : "good")
}

/** Exon, as people type and read it. */
export const exon = Dialect.make(Exon, {
  notation: Notation.pairs,
  show: (replies) => replies.map(show),
  isFarewell: ({ _tag }) => _tag === "quit"
})
