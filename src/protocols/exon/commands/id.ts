import { Available, NotFound } from "../Protocol.ts"
import { command, numberOf, replying, toReply } from "../Session.ts"

/** `id ID`: what is known of an item. */
export default command("id", (request, _session, store) =>
  replying(store.get(numberOf(request)), (item) =>
    item === undefined ? NotFound.make({ data: "" }) : Available.make({ data: toReply(item) })
  )
)
