import { type Reply, Rscp } from "../Protocol.ts"
import * as Dialect from "../../../cli/connect/Dialect.ts"
import * as Notation from "../../../cli/connect/Notation.ts"
import * as View from "../../../cli/connect/View.ts"

const show = (reply: Reply): View.Part => {
  switch (reply._tag) {
    case "Functions":
      return View.table(
        ["id", "parameters", "function"],
        reply.functions.map((it) => [String(it.id), it.nbparam < 0 ? "any" : String(it.nbparam), it.function])
      )
    case "Response":
      return View.text(reply.answer, Rscp.isError(reply) ? "bad" : "plain")
    case "Failure":
      return View.text(reply.reason, "bad")
    case "Failed":
    case "NotCreated":
      return View.text(Rscp.encodeReply(reply), "bad")
    case "Authentification":
      return View.text(Rscp.encodeReply(reply))
    case "Successful":
    case "Created":
      return View.text(Rscp.encodeReply(reply), "good")
  }
}

/** RSCP, as people type and read it. */
export const rscp = Dialect.make(Rscp, {
  notation: Notation.colonPairs,
  show: (replies) => replies.map(show),
  isFarewell: ({ _tag }) => _tag === "disconnect"
})
