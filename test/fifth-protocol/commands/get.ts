import { Effect } from "effect"
import { command } from "../Session.ts"
import { Store } from "../Store.ts"

/** `get KEY`: the value of a key. */
export default command(
  "get",
  Effect.map(Store, (store) => ({ key }, { session }) => {
    const value = store.get(session.namespace, key)
    return value === undefined ? { _tag: "Failure", reason: "not-found" } : { _tag: "value", value }
  })
)
