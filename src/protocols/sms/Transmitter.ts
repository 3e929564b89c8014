/**
 * What takes texts out of the house: the last step of a text's way (`--sms-transmitter`).
 *
 * A transmitter hands one text over and says when that is done; it queues nothing and tries nothing again, which is the
 * `Outbox`'s part. Handed over twice, a text goes out twice.
 */
import { Context, Effect, Layer, Schema, Stdio, Stream } from "effect"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Gammu from "./transmitters/Gammu.ts"
import { TransmissionFailed } from "./transmitters/TransmissionFailed.ts"

export { TransmissionFailed } from "./transmitters/TransmissionFailed.ts"

/** The transmitters that there are. */
export const Name = Schema.Literals(["none", "stdout", "gammu"])
export type Name = typeof Name.Type

/** Hands texts over to be sent. */
export class Transmitter extends Context.Service<
  Transmitter,
  {
    /** false where no text goes out at all; then none is queued either. */
    readonly sends: boolean
    readonly transmit: (number: string, text: string) => Effect.Effect<void, TransmissionFailed>
  }
>()("wireline/sms/Transmitter") {
  /** Sends nothing: an answer goes back to the gateway, and that is all. */
  static readonly layerNone: Layer.Layer<Transmitter> = Layer.succeed(Transmitter, {
    sends: false,
    transmit: () =>
      Effect.fail(new TransmissionFailed({ reason: "there is no transmitter", permanent: false }))
  })

  /**
   * Writes a JSON object a line to standard output, `{"number":"+33612345678","text":"..."}`, for a program at the other
   * end of a pipe. Lines that begin otherwise are the server's own, such as those that say where it listens.
   */
  static readonly layerStdout: Layer.Layer<Transmitter, never, Stdio.Stdio> = Layer.effect(
    Transmitter,
    Effect.map(Stdio.Stdio, (stdio) => ({
      sends: true,
      transmit: Effect.fn("Transmitter.transmit")((number: string, text: string) =>
        Stream.make(`${JSON.stringify({ number, text })}\n`).pipe(
          Stream.run(stdio.stdout()),
          Effect.mapError(({ message }) => new TransmissionFailed({ reason: message, permanent: false }))
        )
      )
    }))
  )

  /** Hands texts to a Gammu SMSD on this machine; see `transmitters/Gammu.ts`. */
  static readonly layerGammu = (
    options: Gammu.GammuOptions = {}
  ): Layer.Layer<Transmitter, never, ChildProcessSpawner.ChildProcessSpawner> =>
    Layer.effect(
      Transmitter,
      Effect.map(Gammu.make(options), (transmit) => ({ sends: true, transmit }))
    )
}
