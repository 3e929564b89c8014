import { DateTime, Effect } from "effect"
import { Sessions } from "../../Sessions.ts"
import * as Command from "../Command.ts"

/** `sessions`: the live sessions, a line each: the number, the state, and the seconds that are left of it. */
export default Command.declare({
  name: "sessions",
  description: "lists the live sessions: number, state, seconds left",
  states: ["ADMIN"]
}).handle(
  Effect.map(Sessions, (sessions) =>
    Effect.fnUntraced(function* () {
      const now = yield* DateTime.now
      const live = (yield* sessions.list).map(
        ({ expires, number, state }) =>
          `${number} ${state} ${Math.max(0, Math.ceil((expires.epochMilliseconds - now.epochMilliseconds) / 1000))}`
      )
      return live.join("\n") || "no sessions"
    })
  )
)
