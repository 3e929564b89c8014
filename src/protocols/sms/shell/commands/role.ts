import { Effect } from "effect"
import * as Command from "../Command.ts"

/** `role`: the state of the session. */
export default Command.declare({
  name: "role",
  description: "tells what you are logged in as",
  states: ["GUEST", "LOGININPROGRESS", "USER", "ADMIN"]
}).handle(({ session }) => Effect.succeed(session.state))
