import { Effect } from "effect"
import * as Finding from "../Finding.ts"
import { command, numberOf, orFailed } from "../Session.ts"
import { Store } from "../Store.ts"

/** `id ID`: an item. */
export default command(
  "id",
  Effect.map(
    Store,
    (store) =>
      (request, { session }) =>
        store.get(numberOf(request)).pipe(
          Effect.map((found) => Finding.item(found, store, session)),
          orFailed
        )
  ),
  { concurrent: true }
)
