import { Effect } from "effect"
import { Commented, NotCommented } from "../Protocol.ts"
import { actorOf, command } from "../Session.ts"

/** `comment id="ID"::comments="COMMENTS"`: adds a comment to an item, on a line of its own. */
export default command("comment", ({ comments, id }, session, store) =>
  store.comment({ id, comments, ...actorOf(session) }).pipe(
    Effect.catchIf(
      ({ reason }) => reason === "TooLong",
      () => Effect.succeed(false)
    ),
    Effect.map((done) => (done ? Commented.make({ data: id }) : NotCommented.make({ data: id })))
  )
)
