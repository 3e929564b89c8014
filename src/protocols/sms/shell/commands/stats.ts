import { Duration, Effect } from "effect"
import { Outbox } from "../../Outbox.ts"
import { Sessions } from "../../Sessions.ts"
import * as Command from "../Command.ts"
import { Statistics } from "../Statistics.ts"

/**
 * `stats`: how many messages have been answered since the start, and how many of them with an error; how many sessions
 * live, how many texts wait to be sent, and for how long the server has been up.
 */
export default Command.declare({
  name: "stats",
  description: "counts messages, sessions and waiting texts",
  states: ["ADMIN"]
}).handle(
  Effect.gen(function* () {
    const outbox = yield* Outbox
    const sessions = yield* Sessions
    const statistics = yield* Statistics
    return Effect.fnUntraced(function* () {
      const { errors, messages, uptime } = yield* statistics.read
      const live = yield* sessions.list
      const { count } = yield* outbox.waiting
      return [
        `messages ${messages}`,
        `errors ${errors}`,
        `sessions ${live.length}`,
        `waiting ${count}`,
        `up ${Duration.format(Duration.seconds(Math.floor(Duration.toSeconds(uptime))))}`
      ].join(", ")
    })
  })
)
