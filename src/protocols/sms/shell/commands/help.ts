import { Effect, Schema } from "effect"
import { Catalogue } from "../Catalogue.ts"
import * as Command from "../Command.ts"
import * as Parameter from "../Parameter.ts"

/**
 * `help`: the names of the commands that may be called from here, in alphabetical order. `help COMMAND...`: how each is
 * called, a line each; one that there is not, or that may not be called from here, is an error.
 */
export default Command.declare({
  name: "help",
  description: "names the commands that you may call, or tells how one is called",
  parameters: [Parameter.repeated("COMMAND", Schema.String)],
  states: ["GUEST", "LOGININPROGRESS", "USER", "ADMIN"]
}).handle(
  Effect.map(
    Catalogue,
    (catalogue) =>
      ({ parameters: { COMMAND }, session }) =>
        COMMAND.length === 0
          ? Effect.map(catalogue.callable(session.state), (commands) =>
              commands.map(({ name }) => name).join(" ")
            )
          : Effect.map(
              Effect.forEach(COMMAND, (name) => catalogue.find(name, session.state)),
              (commands) => commands.map(({ usage }) => usage).join("\n")
            )
  )
)
