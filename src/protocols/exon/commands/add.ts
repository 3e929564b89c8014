import { Exists, ProtocolError, Registered } from "../Protocol.ts"
import { actorOf, command, replying } from "../Session.ts"

/** `add name="NAME"::comments="COMMENTS"`: registers an item under a name that no other has. */
export default command("add", ({ comments = "", name }, session, store) => {
  const trimmed = name.trim()
  // A name of nothing but spaces is none.
  if (trimmed === "") return ProtocolError.make({ data: null })
  return replying(store.add({ name: trimmed, comments, ...actorOf(session) }), (outcome) =>
    outcome._tag === "Added"
      ? Registered.make({ data: outcome.id })
      : Exists.make({ data: String(outcome.id) })
  )
})
