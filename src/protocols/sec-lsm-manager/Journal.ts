/**
 * Whether the messages of all clients are logged: the switch of the `log` message, global to the server and off when
 * it starts (specification, "logging set/get").
 */
import { Context, Effect, Layer } from "effect"
import type { Observer } from "../../Server.ts"

export class Journal extends Context.Service<Journal, { on: boolean }>()("wireline/sec-lsm-manager/Journal") {
  static readonly layer = Layer.sync(Journal, () => ({ on: false }))
}

/** Logs a message as the specification notates it; a control character is shown by its code, so that it stays a line. */
export const observer: Observer = (direction, frame) =>
  Effect.logInfo(
    (direction === "received" ? "c->s " : "s->c ") +
      frame.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`)
  )
