import { Effect } from "effect"
import { command, Session } from "../Session.ts"
import { Store } from "../Store.ts"

/** `put KEY VALUE`: sets the value of a key. */
export default command(
  "put",
  Effect.map(Store, (store) =>
    Effect.fnUntraced(function* ({ key, value }) {
      const { namespace } = yield* Session
      yield* store.put(namespace, key, value)
      return { _tag: "ok" }
    })
  )
)
