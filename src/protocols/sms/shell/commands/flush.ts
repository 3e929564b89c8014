import { Effect } from "effect"
import { Catalogue } from "../Catalogue.ts"
import * as Command from "../Command.ts"

/**
 * `flush`: lets all commands go, so that the next call of each loads it afresh. Everybody's calls are slower for it, and
 * modules cost memory each time they are loaded: it is not for guests.
 */
export default Command.declare({
  name: "flush",
  description: "has all commands loaded afresh",
  states: ["USER", "ADMIN"]
}).handle(
  Effect.map(
    Catalogue,
    ({ flush }) =>
      () =>
        Effect.as(flush, "OK")
  )
)
