import { DateTime, Duration, Effect, Schema } from "effect"
import { TimeSpan } from "../../../../TimeSpan.ts"
import { Outbox } from "../../Outbox.ts"
import * as Command from "../Command.ts"
import * as Parameter from "../Parameter.ts"

/** How far ahead a reminder may be. */
const longest = Duration.days(30)

/** How many reminders a number may have waiting. */
const most = 10

/** The most characters of a reminder: three texts of the GSM alphabet. */
const maxLength = 459

const refuse = (text: string) => Effect.fail(new Command.CommandFailed({ text }))

/**
 * `remind TIME TEXT...`: sends the text back after a time such as `30s`, `10m` or `2h`, 30 days at most. It is kept in
 * the outbox, so a restart does not forget it, and one that is due meanwhile is sent afterwards. A number has 10 of them
 * at a time, of 459 characters each. Texts cost money, so it is not for guests.
 */
export default Command.declare({
  name: "remind",
  description: "sends a text back to you after a time, such as 30s, 10m or 2h",
  parameters: [
    Parameter.required("TIME", TimeSpan),
    Parameter.repeated("TEXT", Schema.NonEmptyString, { atLeast: 1 })
  ],
  states: ["USER", "ADMIN"]
}).handle(
  Effect.map(Outbox, (outbox) =>
    Effect.fnUntraced(function* ({ parameters: { TEXT, TIME }, session: { number } }) {
      const text = TEXT.join(" ")
      if (!outbox.sends) return yield* refuse("no texts are sent from here")
      if (Duration.isGreaterThan(TIME, longest)) return yield* refuse("30 days at most")
      if (Array.from(text).length > maxLength) return yield* refuse(`${maxLength} characters at most`)
      if ((yield* outbox.scheduled(number)) >= most) return yield* refuse(`${most} reminders at most`)
      const due = DateTime.addDuration(yield* DateTime.now, TIME)
      yield* outbox.send(number, text, { notBefore: due })
      return `in ${Duration.format(TIME)}`
    })
  )
)
