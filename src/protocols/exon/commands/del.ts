import { Effect } from "effect"
import { Deleted, NotDeleted, NotLoggedIn } from "../Protocol.ts"
import { actorOf, command, numberOf, orFailed } from "../Session.ts"
import { Store } from "../Store.ts"

/** `del ID`: removes an item; only for users who have logged in. */
export default command(
  "del",
  Effect.map(Store, (store) => (request, connection) => {
    const { session } = connection
    if (session.user === undefined) return NotLoggedIn.make({ data: String(request.id) })
    const id = numberOf(request)
    return store.remove({ id, ...actorOf(connection), session }).pipe(
      Effect.map((done) =>
        done ? Deleted.make({ data: id }) : NotDeleted.make({ data: String(request.id) })
      ),
      orFailed
    )
  }),
  { concurrent: true }
)
