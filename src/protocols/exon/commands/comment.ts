import { Commented, NotCommented } from "../Protocol.ts"
import { actorOf, command, numberOf, replying } from "../Session.ts"

/** `comment id="ID"::comments="COMMENTS"`: adds a comment to an item, on a line of its own. */
export default command("comment", (request, session, store) => {
  const id = numberOf(request)
  return replying(
    store.comment({ id, comments: request.comments, ...actorOf(session) }),
    (done) => (done ? Commented.make({ data: id }) : NotCommented.make({ data: request.id })),
    ({ reason }) => (reason === "TooLong" ? NotCommented.make({ data: request.id }) : undefined)
  )
})
