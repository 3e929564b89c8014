/**
 * Texts by way of Gammu's SMS daemon: `gammu-smsd-inject` (its manual, section 1) puts each into the queue of the daemon,
 * on which its sending depends from then on.
 *
 * The text goes by standard input: on a command line everybody on the machine could read it, and a leading `-` would be
 * an option. Gammu splits what is longer than one message. It takes up to 5,000 bytes at a time, so that anything longer
 * goes in pieces, in order. Unicode is asked for only where the GSM alphabet does not do, for it halves what fits.
 */
import { Duration, Effect, Stream } from "effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import { isGsm } from "./Gsm.ts"
import { TransmissionFailed } from "./TransmissionFailed.ts"

export interface GammuOptions {
  /** The program; `gammu-smsd-inject` on the path unless told. */
  readonly program?: string | undefined
  /** The configuration of the daemon; `/etc/gammu-smsdrc` unless told. */
  readonly config?: string | undefined
}

/** How long the program may take. */
const timeout = Duration.seconds(30)

/** How much it reads of its input, in bytes. */
const maxInput = 5000

/** Digits, and nothing that would be an option, or a path in the file that the daemon makes of it. */
const dialled = /^\+?\d{2,20}$/

export const make = Effect.fnUntraced(function* ({ config, program = "gammu-smsd-inject" }: GammuOptions) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner

  const inject = (number: string, text: string): Effect.Effect<void, TransmissionFailed> =>
    Effect.gen(function* () {
      const child = yield* spawner.spawn(
        ChildProcess.make(
          program,
          [
            ...(config === undefined ? [] : ["-c", config]),
            "TEXT",
            number,
            ...(isGsm(text) ? [] : ["-unicode"]),
            "-len",
            String(text.length)
          ],
          {
            // Without a locale of UTF-8 it takes a text that is not ASCII for an empty one.
            env: { PATH: process.env["PATH"], HOME: process.env["HOME"], LC_ALL: "C.UTF-8" },
            stdin: Stream.make(Buffer.from(text)),
            forceKillAfter: "1 seconds"
          }
        )
      )
      const [said, code] = yield* Effect.all([lastLine(child.all), child.exitCode], {
        concurrency: "unbounded"
      })
      if (code !== 0) return yield* failed(said === "" ? `exit status ${code}` : said)
    }).pipe(
      Effect.scoped,
      Effect.timeoutOrElse({ duration: timeout, orElse: () => failed("it takes too long") }),
      Effect.catchTag("PlatformError", ({ message }) => failed(message))
    )

  const failed = (why: string) =>
    Effect.fail(new TransmissionFailed({ reason: `${program}: ${why}`, permanent: false }))

  return Effect.fn("Transmitter.transmit")(
    (number: string, text: string): Effect.Effect<void, TransmissionFailed> =>
      dialled.test(number)
        ? Effect.forEach(pieces(text), (piece) => inject(number, piece), { discard: true })
        : Effect.fail(new TransmissionFailed({ reason: "the number cannot be dialled", permanent: true }))
  )
})

/** The last line that is not empty, or the beginning of it. */
const lastLine = <E>(output: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E> =>
  output.pipe(
    Stream.decodeText,
    // Who says more than he is asked to does not fill the memory with it.
    Stream.runFold(
      () => "",
      (said: string, more: string) => (said + more).slice(-2000)
    ),
    Effect.map((said) => (said.trimEnd().split("\n").at(-1) ?? "").trim().slice(0, 200))
  )

/** The text in pieces that fit, cut between characters. A NUL would end it, and is left out. */
export const pieces = (text: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let piece = ""
  let bytes = 0
  for (const character of text.replaceAll("\0", "")) {
    const length = Buffer.byteLength(character)
    if (bytes + length > maxInput) {
      found.push(piece)
      piece = ""
      bytes = 0
    }
    piece += character
    bytes += length
  }
  return piece === "" ? found : [...found, piece]
}
