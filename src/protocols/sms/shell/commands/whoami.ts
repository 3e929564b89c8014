import { Effect } from "effect"
import * as Command from "../Command.ts"

/** `whoami`: the number that the text came from. */
export default Command.declare({
  name: "whoami",
  description: "tells your number",
  states: ["GUEST", "LOGININPROGRESS", "USER", "ADMIN"]
}).handle(({ session }) => Effect.succeed(session.number))
