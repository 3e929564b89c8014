import { Effect } from "effect"
import { command } from "../Session.ts"
import { Store } from "../Store.ts"

/** `keys [PREFIX]`: the keys of the namespace, those that begin with a prefix where there is one. */
export default command(
  "keys",
  Effect.map(Store, (store) => ({ prefix = "" }, { session }) => {
    const keys = store.keys(session.namespace).filter((key) => key.startsWith(prefix))
    return [...keys.map((key) => ({ _tag: "key", key }) as const), { _tag: "end", count: keys.length }]
  })
)
