import { Deleted, NotDeleted, NotLoggedIn } from "../Protocol.ts"
import { actorOf, command, replying } from "../Session.ts"

/** `del ID`: removes an item; only for who has logged in. */
export default command("del", ({ id }, session, store) =>
  session.user === undefined
    ? NotLoggedIn.make({ data: String(id) })
    : replying(store.remove({ id, ...actorOf(session) }), (done) =>
        done ? Deleted.make({ data: id }) : NotDeleted.make({ data: String(id) })
      )
)
