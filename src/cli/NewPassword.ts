/**
 * Where a new password comes from: the terminal, where it is asked twice and not shown, or the first line of standard
 * input.
 */
import { Effect, Redacted, Schema, Stdio, Stream, Terminal } from "effect"
import { Prompt } from "effect/cli"
import * as Password from "../accounts/Password.ts"

/** There is no new password; the message says why. */
export class NoPassword extends Schema.TaggedError<NoPassword>()("NoPassword", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

/** Asks on the terminal, on standard error, so that standard output holds what the command answers and nothing else. */
export const fromTerminal = Effect.gen(function* () {
  const stdio = yield* Stdio.Stdio
  if (!(yield* stdio.stdinIsTerminal)) {
    return yield* new NoPassword({
      problem: "the password is asked on a terminal, and this is none; give it with --password-stdin"
    })
  }
  const terminal = yield* Terminal.Terminal
  const display = (text: string) => Stream.run(Stream.make(text), stdio.stderr())
  return yield* Effect.provideService(askTwice, Terminal.Terminal, Terminal.make({ ...terminal, display }))
})

const askTwice = Effect.gen(function* () {
  // As one prompt, for between two the terminal would show what is typed.
  const [password, again] = yield* Prompt.all([
    Prompt.Hidden({ message: "Password" }),
    Prompt.Hidden({ message: "Password, again" })
  ])
  if (Redacted.value(password) !== Redacted.value(again)) {
    return yield* new NoPassword({ problem: "the two passwords are not the same" })
  }
  return password
}).pipe(Effect.catchTag("QuitError", () => Effect.interrupt))

/** The first line of standard input, without its LF or CR LF. */
export const fromStdin = Effect.gen(function* () {
  const stdio = yield* Stdio.Stdio
  let length = 0
  const chunks = yield* stdio.stdin.pipe(
    // A password has an end; some inputs have none.
    Stream.takeUntil((chunk) => (length += chunk.length) > 2 * Password.maxBytes || chunk.includes(LF)),
    Stream.runCollect,
    Effect.mapError(({ message }) => new NoPassword({ problem: `cannot read standard input: ${message}` })),
    // The process would go on for as long as somebody holds the other end open.
    Effect.ensuring(Effect.sync(() => process.stdin.destroy()))
  )
  const bytes = Buffer.concat(chunks)
  const line = bytes.subarray(0, bytes.includes(LF) ? bytes.indexOf(LF) : bytes.length)
  return yield* Effect.try({
    try: () => Redacted.make(new TextDecoder("utf-8", { fatal: true }).decode(line).replace(/\r$/, "")),
    catch: () => new NoPassword({ problem: "the password on standard input is not UTF-8" })
  })
})

const LF = 10
