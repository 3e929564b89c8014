import { Effect } from "effect"
import { Journal } from "../Journal.ts"
import type { Log } from "../Protocol.ts"
import { define, done, inSession } from "../Session.ts"

/** `log [on|off]`: switches the logging of messages, of all clients, and tells how it stands. */
export default define(
  "log",
  Effect.map(Journal, (journal) =>
    inSession(({ state }: typeof Log.Type) => {
      if (state !== undefined) journal.on = state === "on"
      return done(journal.on ? "on" : "off")
    })
  )
)
