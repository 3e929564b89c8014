import { Effect } from "effect"
import { Commented, Failed, NotCommented } from "../Protocol.ts"
import { actorOf, command, numberOf } from "../Session.ts"
import { Store } from "../Store.ts"

/** `comment id="ID"::comments="COMMENTS"`: adds a comment to an item, on a line of its own. */
export default command(
  "comment",
  Effect.map(Store, (store) => (request, connection) => {
    const id = numberOf(request)
    return Effect.match(store.comment({ id, comments: request.comments, ...actorOf(connection) }), {
      onSuccess: (done) => (done ? Commented.make({ data: id }) : NotCommented.make({ data: request.id })),
      // For all else the store has logged why.
      onFailure: ({ reason }) =>
        reason === "TooLong" ? NotCommented.make({ data: request.id }) : Failed.make({ data: null })
    })
  }),
  { concurrent: true }
)
