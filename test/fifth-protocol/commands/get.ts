import { Context, Effect } from "effect"
import { Command } from "../../../src/index.ts"
import { Kv } from "../Protocol.ts"
import { Session } from "../Session.ts"
import { Store } from "../Store.ts"

/** `get KEY`: the value of a key. */
export default Command.layer(
  Kv,
  "get",
  Effect.map(Store, (store) => ({ key }, connection: Context.Context<Session>) => {
    const value = store.get(Context.get(connection, Session).namespace, key)
    return value === undefined ? { _tag: "Failure", reason: "not-found" } : { _tag: "value", value }
  })
)
