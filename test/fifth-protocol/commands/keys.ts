import { Context, Effect } from "effect"
import { Command } from "../../../src/index.ts"
import { Kv } from "../Protocol.ts"
import { Session } from "../Session.ts"
import { Store } from "../Store.ts"

/** `keys [PREFIX]`: the keys of the namespace, those that begin with a prefix where there is one. */
export default Command.layer(
  Kv,
  "keys",
  Effect.map(Store, (store) => ({ prefix = "" }, connection: Context.Context<Session>) => {
    const keys = store
      .keys(Context.get(connection, Session).namespace)
      .filter((key) => key.startsWith(prefix))
    return [...keys.map((key) => ({ _tag: "key", key }) as const), { _tag: "end", count: keys.length }]
  })
)
