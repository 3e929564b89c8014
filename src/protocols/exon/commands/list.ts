import { Effect } from "effect"
import { Found } from "../Protocol.ts"
import { commandOnMany, toReply } from "../Session.ts"

/** `list`, `list page="PAGE"`: fifty items, newest first. */
export default commandOnMany("list", ({ page = 1 }, _session, store) =>
  Effect.map(store.list(page), (items) => Found.make({ data: items.map(toReply) }))
)
