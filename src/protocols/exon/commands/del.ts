import { Effect } from "effect"
import { Deleted, NotDeleted, NotLoggedIn } from "../Protocol.ts"
import { actorOf, command } from "../Session.ts"

/** `del ID`: removes an item; only for who has logged in. */
export default command("del", ({ id }, session, store) => {
  if (session.user === undefined) return NotLoggedIn.make({ data: String(id) })
  return Effect.map(store.remove({ id, ...actorOf(session) }), (done) =>
    done ? Deleted.make({ data: id }) : NotDeleted.make({ data: String(id) })
  )
})
