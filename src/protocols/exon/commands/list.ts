import { Effect } from "effect"
import * as Finding from "../Finding.ts"
import { command, orFailed } from "../Session.ts"
import { Store } from "../Store.ts"

/** `list`, `list page="PAGE"`: fifty items, newest first. */
export default command(
  "list",
  Effect.map(
    Store,
    (store) =>
      ({ page = 1 }, { session }) =>
        store.list(Number(page)).pipe(
          Effect.map((found) => Finding.items(found, store, session)),
          orFailed
        )
  ),
  { concurrent: true }
)
