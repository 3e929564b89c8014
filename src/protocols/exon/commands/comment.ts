import { Commented, NotCommented } from "../Protocol.ts"
import { actorOf, command, replying } from "../Session.ts"

/** `comment id="ID"::comments="COMMENTS"`: adds a comment to an item, on a line of its own. */
export default command("comment", ({ comments, id }, session, store) =>
  replying(
    store.comment({ id, comments, ...actorOf(session) }),
    (done) => (done ? Commented.make({ data: id }) : NotCommented.make({ data: id })),
    ({ reason }) => (reason === "TooLong" ? NotCommented.make({ data: id }) : undefined)
  )
)
