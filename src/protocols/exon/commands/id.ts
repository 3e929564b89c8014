import { writeItem } from "../Finding.ts"
import { Available, NotFound } from "../Protocol.ts"
import { command, numberOf, reading, replying, toReply } from "../Session.ts"

/** `id ID`: what is known of an item. */
export default command("id", (request, session, store) =>
  reading(
    session,
    replying(store.get(numberOf(request)), (item) => {
      if (item === undefined) return NotFound.make({ data: "" })
      return "size" in item ? writeItem(item, store) : Available.make({ data: toReply(item) })
    })
  )
)
