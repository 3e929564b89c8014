/**
 * Hands texts over to a server, as its gateway. A text is delivered when the server has answered, whatever it answered:
 * then its command has run, and what is to be sent in return waits in the server's database.
 *
 * A server that is away is tried again, twice a second, until the time is over: it may be restarting. Where a
 * connection ends between a text and its answer, nobody can tell whether the text was executed; it is handed over
 * again, so it may be executed twice.
 */
import { Effect, Schedule, Schema } from "effect"
import type { Duration } from "effect"
import * as Client from "../../Client.ts"
import * as Endpoint from "../../Endpoint.ts"
import { SmsShell, type Text } from "./Protocol.ts"

/** A text could not be handed over. */
export class NotDelivered extends Schema.TaggedError<NotDelivered>()("NotDelivered", {
  endpoint: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the text was not delivered to ${this.endpoint}: ${this.reason}`
  }
}

const betweenTries = Schedule.spaced("500 millis")

/** Hands a text over; fails where no server has taken it before the time is over. */
export const deliver = (
  endpoint: Endpoint.Reachable,
  text: Text,
  timeout: Duration.Input
): Effect.Effect<void, NotDelivered> =>
  Effect.suspend(() => {
    let why = "it does not answer"
    const failed = (reason: string) => new NotDelivered({ endpoint: Endpoint.format(endpoint), reason })
    return attempt(endpoint, text).pipe(
      Effect.tapErrorTag("Disconnected", ({ message }) => Effect.sync(() => void (why = message))),
      Effect.retry({ while: ({ _tag }) => _tag === "Disconnected", schedule: betweenTries }),
      Effect.mapError(({ message }) => failed(message)),
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(failed(why)) })
    )
  })

/** The server takes no such message. */
class Refused extends Schema.TaggedError<Refused>()("Refused", { message: Schema.String }) {}

const attempt = Effect.fnUntraced(function* (endpoint: Endpoint.Reachable, text: Text) {
  const client = yield* Effect.provide(Client.make(SmsShell), Endpoint.layerClient(endpoint))
  for (const reply of yield* client.send(text)) {
    if (reply._tag === "Failure") return yield* new Refused({ message: `refused: ${reply.error}` })
  }
}, Effect.scoped)
