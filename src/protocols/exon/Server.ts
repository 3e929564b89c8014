/**
 * Exon as a service: its commands and its session, on the `SocketServer` in the context.
 */
import * as Server from "../../Server.ts"
import { Exon } from "./Protocol.ts"
import { Session } from "./Session.ts"

const commands = {
  id: () => import("./commands/id.ts"),
  add: () => import("./commands/add.ts"),
  comment: () => import("./commands/comment.ts"),
  auth: () => import("./commands/auth.ts"),
  del: () => import("./commands/del.ts"),
  search: () => import("./commands/search.ts"),
  list: () => import("./commands/list.ts"),
  quit: () => import("./commands/quit.ts")
}

/** Serves Exon; the items are those of the `Store` in the context, the people those of its `Accounts`. */
export const layer = (limits: Server.Limits = {}) =>
  Server.layer(Exon, { ...limits, session: Session.layer, commands })
