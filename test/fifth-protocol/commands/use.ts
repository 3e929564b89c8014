import { Context } from "effect"
import { Command } from "../../../src/index.ts"
import { Kv } from "../Protocol.ts"
import { Session } from "../Session.ts"

/** `use NAMESPACE`: what follows is about the keys of this namespace. */
export default Command.layer(Kv, "use", ({ namespace }, connection: Context.Context<Session>) => {
  Context.get(connection, Session).namespace = namespace
  return { _tag: "ok" }
})
