import { Deleted, NotDeleted, NotLoggedIn } from "../Protocol.ts"
import { actorOf, command, numberOf, replying } from "../Session.ts"

/** `del ID`: removes an item; only for who has logged in. */
export default command("del", (request, session, store) => {
  if (session.user === undefined) return NotLoggedIn.make({ data: String(request.id) })
  const id = numberOf(request)
  return replying(store.remove({ id, ...actorOf(session) }), (done) =>
    done ? Deleted.make({ data: id }) : NotDeleted.make({ data: String(request.id) })
  )
})
