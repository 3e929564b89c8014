/**
 * Mail to whoever logs in by it: a code, and nothing else.
 *
 * A mail is taken at once and handed to the SMTP server beside whatever goes on, so that nobody can tell from how long an
 * answer takes, or from what it is, whether there was a mail to send. What keeps it from being handed over is logged,
 * without the address; a server that is away is tried again for two minutes. At the end of the layer there are ten
 * seconds for what is still on its way.
 */
import { Cause, Context, Duration, Effect, FiberSet, Layer, type Redacted, Schedule } from "effect"
import * as Smtp from "./mail/Smtp.ts"

/** A mail of plain text. */
export interface Letter {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Takes mails to be sent. */
export class Mail extends Context.Service<
  Mail,
  {
    /** false where there is no SMTP server; then nothing is sent. */
    readonly sends: boolean
    readonly send: (letter: Letter) => Effect.Effect<void>
  }
>()("wireline/sms/Mail") {
  /** Sends nothing. */
  static readonly layerNone: Layer.Layer<Mail> = Layer.succeed(Mail, {
    sends: false,
    send: () => Effect.void
  })

  /**
   * Sends by way of an SMTP server: `smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS`, or `smtps://`; see `mail/Smtp.ts`. An
   * address that is none fails with what is wrong with it; that there is a server shows with the first mail.
   */
  static readonly layerSmtp = (url: Redacted.Redacted): Layer.Layer<Mail, Smtp.BadSmtpUrl> =>
    Layer.effect(Mail, Effect.flatMap(Effect.fromResult(Smtp.parse(url)), make))
}

/** How long what is on its way at the end may take. */
const drainTimeout = Duration.seconds(10)

/** A server that does not take a mail is tried again, for as long as a code would still be of use when it comes. */
const retries = Schedule.spaced("15 seconds").pipe(Schedule.upTo({ duration: "2 minutes" }))

const make = Effect.fnUntraced(function* (server: Smtp.Server) {
  const post = yield* Smtp.connect(server)
  const sending = yield* FiberSet.make<void>()
  yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(sending), drainTimeout))
  const run = yield* FiberSet.runtime(sending)()

  const handOver = (letter: Letter) =>
    post(letter).pipe(
      Effect.tapError(({ message, permanent }) =>
        permanent ? Effect.void : Effect.logWarning(`a mail waits: ${message}`)
      ),
      Effect.retry({ while: ({ permanent }) => !permanent, schedule: retries }),
      Effect.catch(({ message }) => Effect.logError(`a mail was not sent: ${message}`)),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.logWarning("a mail was not sent: the server ends")
          : Effect.logError("a mail was not sent", cause)
      )
    )

  return Mail.of({ sends: true, send: (letter) => Effect.sync(() => void run(handOver(letter))) })
})
