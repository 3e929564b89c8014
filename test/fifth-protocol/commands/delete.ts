import { Effect } from "effect"
import { command, Session } from "../Session.ts"
import { Store } from "../Store.ts"

/** `delete KEY`: forgets a key. */
export default command(
  "delete",
  Effect.map(Store, (store) =>
    Effect.fnUntraced(function* ({ key }) {
      const { namespace } = yield* Session
      const there = yield* store.delete(namespace, key)
      return there ? { _tag: "ok" } : { _tag: "Failure", reason: "not-found" }
    })
  )
)
