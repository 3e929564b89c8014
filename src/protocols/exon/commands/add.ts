import { Effect } from "effect"
import { Exists, ProtocolError, Registered } from "../Protocol.ts"
import { actorOf, command, orFailed } from "../Session.ts"
import { Store } from "../Store.ts"

/** `add name="NAME"::comments="COMMENTS"`: registers an item under a name that no other has. */
export default command(
  "add",
  Effect.map(Store, (store) => ({ comments = "", name }, connection) => {
    const trimmed = name.trim()
    // A name of nothing but spaces is none.
    if (trimmed === "") return ProtocolError.make({ data: null })
    return store.add({ name: trimmed, comments, ...actorOf(connection) }).pipe(
      Effect.map((result) =>
        result._tag === "Added"
          ? Registered.make({ data: result.id })
          : Exists.make({ data: String(result.id) })
      ),
      orFailed
    )
  }),
  { concurrent: true }
)
