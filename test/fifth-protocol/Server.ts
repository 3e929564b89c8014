/** Kv as a service, on the `SocketServer` and over the `Store` in the context. */
import { Server } from "../../src/index.ts"
import { Kv } from "./Protocol.ts"
import { Session } from "./Session.ts"

const commands = {
  use: () => import("./commands/use.ts"),
  put: () => import("./commands/put.ts"),
  get: () => import("./commands/get.ts"),
  delete: () => import("./commands/delete.ts"),
  keys: () => import("./commands/keys.ts"),
  quit: () => import("./commands/quit.ts")
}

export const layer = (limits: Server.Limits = {}) =>
  Server.layer(Kv, { ...limits, session: Session.layer, commands })
