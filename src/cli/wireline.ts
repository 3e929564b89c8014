/**
 * The `wireline` command of some protocols. `serve` is what it does when it is not told anything else.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Exit, Logger, Option, Runtime } from "effect"
import { CliConfig, CliError, CliOutput, Command, GlobalFlag } from "effect/cli"
import { Unbundled } from "./Bundle.ts"
import { config } from "./config.ts"
import { BadConfiguration } from "./ConfigurationFile.ts"
import { connect } from "./connect.ts"
import * as Logging from "./Logging.ts"
import { type Program, serve } from "./serve.ts"
import type { Problem, Services } from "./Service.ts"
import * as Setting from "./Setting.ts"
import { vocabularyOf } from "./Settings.ts"
import { user } from "./user.ts"

/** The command, which serves this program. */
export const command = (services: Services, program: Program<Problem>, version: string) =>
  Command.make("wireline").pipe(
    Command.withDescription(`Serve text protocols: ${services.map(({ name }) => name).join(", ")}`),
    Command.withSubcommands([
      serve(services, program, version),
      user,
      connect(services),
      config(services),
      ...services.flatMap(({ commands }) => commands)
    ])
  )

/** A command line that cannot be run is one line, like every other error; help is for who asks for it. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation" ? complainOf(event) : CliOutput.defaultPresenter.present(event)
}

const complainOf = ({ commandPath, errors }: CliOutput.Presenter.InvalidInvocation) => {
  const inFile = errors.find((error) => error._tag === "UserError" && error.cause instanceof BadConfiguration)
  return inFile === undefined
    ? complain(`${errors.map(plainly).join("; ")} (see ${commandPath.join(" ")} --help)`)
    : complainOfEach(inFile.message)
}

/** What is expected of a setting is told by a Schema, and wrapped in words that say so. */
const plainly = ({ message }: { readonly message: string }): string =>
  message.replace(/Expected: Schema validation failed: (?:Expected )?/, "Expected ")

const complain = (problem: string) => Console.error(`wireline: ${problem.replaceAll(/\s*\n\s*/g, " ")}`)

/** All that is wrong in a configuration file, a line each. */
const complainOfEach = (problems: string) => Effect.forEach(problems.split("\n"), complain, { discard: true })

/** What an operator can mend is one line; what only we can is shown whole. */
const report = (cause: Cause.Cause<{ readonly message: string }>) =>
  Cause.hasInterruptsOnly(cause)
    ? Effect.void
    : Option.match(Cause.findErrorOption(cause), {
        onNone: () => Console.error(Cause.pretty(cause)),
        onSome: (error) => {
          if (CliError.isCliError(error)) return Effect.void
          return error instanceof BadConfiguration ? complainOfEach(error.message) : complain(error.message)
        }
      })

/** Flags that are no subcommand's. */
const ofNoSubcommand = new Set(["--help", "-h", "--version", "-v", "--completions", "--wizard"])

/** What the command line asks for; `serve` where it does not say. */
const asked = (args: ReadonlyArray<string>, subcommands: ReadonlySet<string>): ReadonlyArray<string> => {
  const [first] = args
  if (first !== undefined && (!first.startsWith("-") || ofNoSubcommand.has(first.split("=")[0]!))) return args
  // Flags may come before the subcommand that they are for; what comes right after one may be its value.
  const at = args.findIndex((word, at) => subcommands.has(word) && !/^--[^=]+$/.test(args[at - 1] ?? "--"))
  return at < 0 ? ["serve", ...args] : [...args.slice(at), ...args.slice(0, at)]
}

/** The reader of the output has gone, or there is no room for it: a single line is enough. */
const endUnprinted = (cause: Error): void => {
  // With `stdio:` it is a connection, which ends like any other.
  if (process.stdout.listenerCount("error") > 1) return
  console.error(`wireline: cannot write to standard output: ${cause.message}`)
  process.exit(1)
}

/** The flags of every subcommand. The level of the log is a setting of the server, with a variable and a key, too. */
const builtInsOf = (subcommand: string | undefined): ReadonlyArray<GlobalFlag.BuiltIn> =>
  subcommand === undefined || /^(-.*|serve|config)$/.test(subcommand)
    ? GlobalFlag.BuiltIns.filter((flag) => flag !== GlobalFlag.LogLevel)
    : GlobalFlag.BuiltIns

/** Runs the command as the process says, to its end; in a bundle, `unbundled` loads the modules that do the same. */
export const run = (
  services: Services,
  program: Program<Problem>,
  version: string,
  unbundled?: () => Promise<unknown>
): void => {
  process.stdout.on("error", endUnprinted)
  const wireline = command(services, program, version)
  const subcommands = wireline.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))
  const args = asked(process.argv.slice(2), new Set(subcommands))
  Command.runWith(wireline, { version })(args).pipe(
    Effect.tapCause(report),
    Effect.provide([NodeServices.layer, CliOutput.layerPresenter(presenter), Logger.layer([Logging.logger])]),
    Effect.provideService(CliConfig.CliConfig, CliConfig.make({ builtIns: builtInsOf(args[0]) })),
    Effect.provideService(
      Unbundled,
      unbundled &&
        (() => {
          process.stdout.off("error", endUnprinted)
          return unbundled()
        })
    ),
    Effect.provideService(Setting.Vocabulary, vocabularyOf(services)),
    NodeRuntime.runMain({
      disableErrorReporting: true,
      // A signal is the way to end a server: when it has drained, all is well. Anything else it has broken off.
      teardown: (exit, onExit) =>
        args[0] === "serve" && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
          ? onExit(0)
          : Runtime.defaultTeardown(exit, onExit)
    })
  )
}
