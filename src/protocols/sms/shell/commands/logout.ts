import { Effect } from "effect"
import * as Command from "../Command.ts"

/** `logout`: back to a guest, or an end to a login that was begun. */
export default Command.declare({
  name: "logout",
  description: "logs out",
  states: ["LOGININPROGRESS", "USER", "ADMIN"]
}).handle(({ session }) => Effect.as(session.transition("GUEST"), "logged out"))
