/**
 * `wireline sms`: the shell without a server (`exec`), and the side of a gateway that has a text for one (`deliver`).
 */
import { Console, Duration, Effect, FileSystem, Layer, Option, Schema, Stdio, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { Accounts } from "../../../accounts/Accounts.ts"
import * as Delivery from "../Delivery.ts"
import { Gateway } from "../Gateway.ts"
import * as Backup from "../gammu/Backup.ts"
import * as Environment from "../gammu/Environment.ts"
import type { Received } from "../gammu/Received.ts"
import { Outbox } from "../Outbox.ts"
import { isError } from "../Protocol.ts"
import { TimeSpan } from "../../../TimeSpan.ts"
import { unbundledIf } from "../../../cli/Bundle.ts"
import * as DataDatabase from "../../../cli/DataDatabase.ts"
import { location } from "../../../cli/DataSetting.ts"
import { placeOf, Reachable } from "../../../cli/Reachable.ts"
import { defaultEndpoint, gateway as gatewayOf, ofShell } from "./Settings.ts"

const exec = Command.make(
  "exec",
  {
    number: Flag.String("number").pipe(
      Flag.withSchema(Schema.NonEmptyString),
      Flag.withMetavar("NUMBER"),
      Flag.withDescription("The number that the text comes from, such as +33612345678")
    ),
    text: Argument.String("text").pipe(
      Argument.withSchema(Schema.NonEmptyString),
      Argument.withMetavar("TEXT"),
      Argument.withDescription("The text, in quotes: it is one argument")
    ),
    ...location,
    ...ofShell
  },
  ({ number, text, ...settings }) =>
    run(number, text).pipe(
      Effect.provide(
        gatewayOf(settings).pipe(
          Layer.provide([Outbox.layerQueueOnly, Accounts.layer()]),
          Layer.provide(DataDatabase.layer(settings.data))
        )
      ),
      unbundledIf(Option.isSome(settings.commandDirectory))
    )
).pipe(
  Command.withDescription("Run a text as if a number had sent it, and print the answer; no server is needed"),
  Command.withExamples([
    { command: "wireline sms exec --number +33612345678 'help'", description: "See what a number may do" }
  ])
)

/** Runs a text of this number, and prints the answer. */
const run = Effect.fnUntraced(function* (number: string, text: string) {
  const gateway = yield* Gateway
  // The answer is for the person at the terminal.
  const reply = yield* gateway.receive({
    _tag: "text",
    sms_number: number,
    sms_text: text,
    transmit: false
  })
  yield* Console.log(reply._tag === "Answer" ? reply.output : reply.error)
  if (isError(reply)) yield* Effect.sync(() => void (process.exitCode = 1))
})

/** There is no text where one was looked for. */
class NoText extends Schema.TaggedError<NoText>()("NoText", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

const deliver = Command.make(
  "deliver",
  {
    endpoint: Flag.String("endpoint").pipe(
      Flag.withSchema(Reachable),
      Flag.withMetavar("ENDPOINT"),
      Flag.withDescription("Where the server takes texts (default: where this machine serves it)"),
      Flag.optional
    ),
    file: Flag.String("file").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(
        "A file of gammu backupsms, or - for one on standard input (default: the environment that Gammu SMSD makes, else standard input)"
      ),
      Flag.optional
    ),
    timeout: Flag.String("timeout").pipe(
      Flag.withSchema(TimeSpan),
      Flag.withMetavar("TIME"),
      Flag.withDescription("How long to try: 30s, 10m, 2h (default: 1m, half of what Gammu SMSD waits)"),
      Flag.withDefault(Duration.minutes(1))
    ),
    ids: Argument.String("id").pipe(
      Argument.withDescription("What Gammu SMSD adds to the command that it runs; not looked at"),
      Argument.variadic()
    ),
    ...location
  },
  Effect.fnUntraced(function* ({ config, data, endpoint, file, timeout }) {
    const to = yield* placeOf(endpoint, "sms", { config, data }, defaultEndpoint)
    for (const { number, text } of yield* received(file)) {
      yield* Delivery.deliver(to, { _tag: "text", sms_number: number, sms_text: text }, timeout)
    }
  })
).pipe(
  Command.withDescription(
    "Hand a received text over to the server, and end well once that was acknowledged: for RunOnReceive of Gammu SMSD"
  ),
  Command.withExamples([
    {
      command: "wireline sms deliver --endpoint unix:/var/lib/wireline/sms.socket",
      description: "As RunOnReceive in /etc/gammu-smsdrc: hand over the text that came"
    },
    {
      command: "wireline sms deliver --file backup --timeout 10s",
      description: "Hand over the texts of a file"
    }
  ])
)

/** The texts that were received, from where they are told to be. */
const received = Effect.fnUntraced(function* (file: Option.Option<string>) {
  const found = Option.isNone(file) ? Environment.read(process.env) : undefined
  // One without a text, a picture say, is none of the shell's.
  if (found !== undefined) return found
  const path = Option.getOrElse(file, () => "-")
  const texts = Backup.read(yield* path === "-" ? standardInput : fromFile(path))
  if (texts.length === 0) {
    const place = path === "-" ? "on standard input" : `in ${path}`
    return yield* new NoText({ problem: `there is no text ${place}; a file of gammu backupsms is expected` })
  }
  return texts
}) satisfies (
  file: Option.Option<string>
) => Effect.Effect<ReadonlyArray<Received>, NoText, FileSystem.FileSystem | Stdio.Stdio>

const fromFile = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.mapError(
    fs.readFileString(path),
    ({ reason }) => new NoText({ problem: `cannot read ${path}: ${reason._tag}` })
  )
})

const standardInput = Effect.gen(function* () {
  const stdio = yield* Stdio.Stdio
  if (yield* stdio.stdinIsTerminal) {
    return yield* new NoText({
      problem: "there is no text: Gammu SMSD tells it in its environment; else give --file FILE"
    })
  }
  return yield* stdio.stdin.pipe(
    Stream.decodeText,
    Stream.mkString,
    Effect.mapError(({ message }) => new NoText({ problem: `cannot read standard input: ${message}` }))
  )
})

/** The subcommand and its own. */
export const texts = Command.make("sms").pipe(
  Command.withDescription("Run a text without a server, or hand one over to it"),
  Command.withSubcommands([exec, deliver]),
  Command.withExamples([
    { command: "wireline sms exec --number +33612345678 'help'", description: "See what a number may do" },
    {
      command: "wireline sms deliver --endpoint unix:/var/lib/wireline/sms.socket",
      description: "As RunOnReceive in /etc/gammu-smsdrc: hand over the text that came"
    }
  ])
)
