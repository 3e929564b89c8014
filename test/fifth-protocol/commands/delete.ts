import { Effect } from "effect"
import { Command } from "../../../src/index.ts"
import { Kv } from "../Protocol.ts"
import { Session } from "../Session.ts"
import { Store } from "../Store.ts"

/** `delete KEY`: forgets a key. */
export default Command.layer(
  Kv,
  "delete",
  Effect.map(Store, (store) =>
    Effect.fnUntraced(function* ({ key }) {
      const { namespace } = yield* Session
      const there = yield* store.delete(namespace, key)
      return there ? { _tag: "ok" } : { _tag: "Failure", reason: "not-found" }
    })
  )
)
