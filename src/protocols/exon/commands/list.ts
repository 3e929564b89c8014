import { Found } from "../Protocol.ts"
import { commandOnMany, replying, toReply } from "../Session.ts"

/** `list`, `list page="PAGE"`: fifty items, newest first. */
export default commandOnMany("list", ({ page = 1 }, store) =>
  replying(store.list(page), (items) => Found.make({ data: items.map(toReply) }))
)
