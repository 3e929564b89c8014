import { Available, NotFound } from "../Protocol.ts"
import { command, replying, toReply } from "../Session.ts"

/** `id ID`: what is known of an item. */
export default command("id", ({ id }, _session, store) =>
  replying(store.get(id), (item) =>
    item === undefined ? NotFound.make({ data: "" }) : Available.make({ data: toReply(item) })
  )
)
