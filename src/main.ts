/**
 * The `wireline` command. `serve` is what it does when it is not told anything else.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Exit, Layer, Logger, Option, Runtime } from "effect"
import { CliError, CliOutput, Command } from "effect/cli"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Accounts } from "./accounts/Accounts.ts"
import { audit } from "./cli/audit.ts"
import { exonCommand } from "./cli/exon.ts"
import { endpointOf, listening, serve, type Settings } from "./cli/serve.ts"
import { user } from "./cli/user.ts"
import * as Exon from "./protocols/exon/Server.ts"
import { Store } from "./protocols/exon/Store.ts"
import { SecurityModule } from "./protocols/sec-lsm-manager/SecurityModule.ts"
import * as SecLsmManager from "./protocols/sec-lsm-manager/Server.ts"
import { DataDirectory } from "./storage/DataDirectory.ts"
import * as Sqlite from "./storage/Sqlite.ts"

const storage = ({ data }: Settings) => Layer.provide(Sqlite.layerData, DataDirectory.layer(data))

const securityModule = ({ data, policyDirectory, securityModule }: Settings) =>
  securityModule === "smack"
    ? SecurityModule.layerSmack({ policies: Option.getOrUndefined(policyDirectory) })
    : SecurityModule.layerRecord({
        policies: Option.getOrElse(policyDirectory, () => join(data, "policies"))
      })

const secLsmManager = (settings: Settings) =>
  Option.match(
    endpointOf(settings.secLsmManager, { _tag: "Unix", path: join(settings.data, "sec-lsm-manager.socket") }),
    {
      onNone: () => Layer.empty,
      onSome: (endpoint) =>
        SecLsmManager.layer({ ...settings, maxFrame: settings.secLsmManagerMaxFrame }).pipe(
          Layer.provide(listening("sec-lsm-manager", endpoint)),
          Layer.provide(securityModule(settings))
        )
    }
  )

const exon = (settings: Settings) =>
  Option.match(endpointOf(settings.exon, { _tag: "Tcp", host: "127.0.0.1", port: 8878 }), {
    onNone: () => Layer.empty,
    onSome: (endpoint) =>
      Exon.layer({ ...settings, maxFrame: settings.exonMaxFrame }).pipe(
        Layer.provide(listening("exon", endpoint)),
        Layer.provide([Store.layerSqlite, Accounts.layer()])
      )
  })

const program = (settings: Settings) =>
  Layer.mergeAll(secLsmManager(settings), exon(settings)).pipe(Layer.provide(storage(settings)))

const wireline = Command.make("wireline").pipe(
  Command.withDescription("Serve text protocols: sec-lsm-manager and Exon"),
  Command.withSubcommands([serve(program), user, audit, exonCommand])
)

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8")
)

/** A command line that cannot be run is one line, like every other error; help is for who asks for it. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? complain(`${event.errors.map(plainly).join("; ")} (see ${event.commandPath.join(" ")} --help)`)
      : CliOutput.defaultPresenter.present(event)
}

/** What is expected of a setting is told by a Schema, and wrapped in words that say so. */
const plainly = ({ message }: { readonly message: string }): string =>
  message.replace(/Expected: Schema validation failed: (?:Expected )?/, "Expected ")

const complain = (problem: string) => Console.error(`wireline: ${problem.replaceAll(/\s*\n\s*/g, " ")}`)

/** What an operator can mend is one line; what only we can is shown whole. */
const report = (cause: Cause.Cause<{ readonly message: string }>) =>
  Cause.hasInterruptsOnly(cause)
    ? Effect.void
    : Option.match(Cause.findErrorOption(cause), {
        onNone: () => Console.error(Cause.pretty(cause)),
        onSome: (error) => (CliError.isCliError(error) ? Effect.void : complain(error.message))
      })

/** Flags that are no subcommand's. */
const ofNoSubcommand = new Set(["--help", "-h", "--version", "-v", "--completions", "--wizard"])

/** What the command line asks for; `serve` where it does not say. */
const asked = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first] = args
  return first === undefined || (first.startsWith("-") && !ofNoSubcommand.has(first.split("=")[0]!))
    ? ["serve", ...args]
    : args
}

// Whoever read what is printed has gone, or there is no room for it: no reason for more than a line.
process.stdout.on("error", (cause) => {
  // With `stdio:` it is a connection, which ends like any other.
  if (process.stdout.listenerCount("error") > 1) return
  console.error(`wireline: cannot write to standard output: ${cause.message}`)
  process.exit(1)
})

const args = asked(process.argv.slice(2))

Command.runWith(wireline, { version })(args).pipe(
  Effect.tapCause(report),
  Effect.provide([
    NodeServices.layer,
    CliOutput.layerPresenter(presenter),
    Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])
  ]),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    // A signal is the way to end a server: when it has drained, all is well. Anything else it has broken off.
    teardown: (exit, onExit) =>
      args[0] === "serve" && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        ? onExit(0)
        : Runtime.defaultTeardown(exit, onExit)
  })
)
