import { Found } from "../Protocol.ts"
import { commandOnMany, replying, toReply } from "../Session.ts"

/** `search text="TEXT"`: the newest 50 items with all of these words, or words that begin so, in name or comments. */
export default commandOnMany("search", ({ text }, store) =>
  replying(store.search(text), (items) => Found.make({ data: items.map(toReply) }))
)
