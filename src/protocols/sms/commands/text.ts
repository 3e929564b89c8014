import { Effect } from "effect"
import * as Command from "../../../Command.ts"
import { Gateway } from "../Gateway.ts"
import { SmsShell } from "../Protocol.ts"

/**
 * A text. It takes its way while the next ones of the connection begin theirs: a slow command delays only its own
 * number.
 */
export default Command.layer(
  SmsShell,
  "text",
  Effect.map(Gateway, (gateway) => (text) => gateway.receive(text)),
  { concurrent: true }
)
