import { PathType, type Reply, SecLsmManager } from "../Protocol.ts"
import * as Dialect from "../../../cli/connect/Dialect.ts"
import * as Grammar from "../../../cli/connect/Grammar.ts"
import * as Notation from "../../../cli/connect/Notation.ts"
import * as View from "../../../cli/connect/View.ts"

/** The row of a reply that `display` has many of: what it is, and what was said of it. */
const rowOf = (reply: Reply): View.Row | undefined => {
  switch (reply._tag) {
    case "ErrorOn":
      return ["error", "on"]
    case "StringId":
      return ["id", reply.id]
    case "StringPath":
      return ["path", reply.path, reply.type]
    case "StringPermission":
      return ["permission", reply.permission]
    case "StringPlug":
      return ["plug", reply.expdir, `into ${reply.impdir} of ${reply.impid}`]
    case "done":
    case "error":
      return undefined
  }
}

const show = (replies: ReadonlyArray<Reply>): ReadonlyArray<View.Part> => {
  const rows = replies.flatMap((reply) => {
    const row = rowOf(reply)
    return row === undefined ? [] : [row]
  })
  const ends = replies.flatMap((reply) =>
    reply._tag === "done"
      ? [View.text(["done", ...reply.args].join(" "), "good")]
      : reply._tag === "error"
        ? [View.text(`error ${reply.reason}`, "bad")]
        : []
  )
  return rows.length === 0 ? ends : [View.table(["what", "value", ""], rows), ...ends]
}

// A request takes any text for a type, for that it is none is for the server to answer; a reply has one of the list.
const requests = Grammar.requestsOf(SecLsmManager).map((message) => ({
  ...message,
  fields: message.fields.map((field) =>
    message.keyword === "path" && field.name === "type" ? { ...field, choices: PathType.literals } : field
  )
}))

/** sec-lsm-manager, as people type and read it. */
export const secLsmManager = Dialect.make(SecLsmManager, { notation: Notation.words, requests, show })
