import { Effect } from "effect"
import { Catalogue } from "../Catalogue.ts"
import * as Command from "../Command.ts"
import * as Parameter from "../Parameter.ts"

/** `desc COMMAND`: what a command does, in a line. */
export default Command.declare({
  name: "desc",
  description: "tells what a command does",
  parameters: [Parameter.required("COMMAND")],
  states: ["GUEST", "LOGININPROGRESS", "USER", "ADMIN"]
}).handle(
  Effect.map(
    Catalogue,
    (catalogue) =>
      ({ parameters: { COMMAND }, session }) =>
        Effect.map(catalogue.find(COMMAND, session.state), ({ description }) => description)
  )
)
