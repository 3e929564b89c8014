import { Effect } from "effect"
import { Command } from "../../../src/index.ts"
import { Kv } from "../Protocol.ts"
import { Session } from "../Session.ts"
import { Store } from "../Store.ts"

/** `put KEY VALUE`: sets the value of a key. */
export default Command.layer(
  Kv,
  "put",
  Effect.map(Store, (store) =>
    Effect.fnUntraced(function* ({ key, value }) {
      const { namespace } = yield* Session
      yield* store.put(namespace, key, value)
      return { _tag: "ok" }
    })
  )
)
