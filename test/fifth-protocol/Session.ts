/** The session of a connection: the namespace that it is in. */
import { Context, Layer } from "effect"
import { Command } from "../../src/index.ts"
import { Kv } from "./Protocol.ts"

export class Session extends Context.Service<Session, { namespace: string }>()("fifth-protocol/Session") {
  static readonly layer = Layer.sync(Session, () => ({ namespace: "default" }))
}

export const command = Command.define(Kv, Session)
