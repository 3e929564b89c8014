import { Effect } from "effect"
import * as Finding from "../Finding.ts"
import { command, orFailed } from "../Session.ts"
import { Store } from "../Store.ts"

/** `search text="TEXT"`: the newest 50 items with all of these words, or words that begin so, in name or comments. */
export default command(
  "search",
  Effect.map(
    Store,
    (store) =>
      ({ text }, { session }) =>
        store.search(text).pipe(
          Effect.map((found) => Finding.items(found, store, session)),
          orFailed
        )
  ),
  { concurrent: true }
)
