/**
 * The `wireline` command. `serve` is what it does when it is not told anything else.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Exit, Layer, Logger, Option, Runtime } from "effect"
import { CliError, CliOutput, Command } from "effect/cli"
import type * as SocketServer from "effect/socket/SocketServer"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Accounts } from "./accounts/Accounts.ts"
import { audit } from "./cli/audit.ts"
import { configCommand } from "./cli/config.ts"
import { BadConfiguration } from "./cli/ConfigurationFile.ts"
import { connect } from "./cli/connect.ts"
import { exonCommand } from "./cli/exon.ts"
import * as ExonSetting from "./cli/ExonSetting.ts"
import * as Logging from "./cli/Logging.ts"
import * as RscpSetting from "./cli/RscpSetting.ts"
import * as SecLsmManagerSetting from "./cli/SecLsmManagerSetting.ts"
import { endpointOf, limitsOf, listening, serve, type Settings } from "./cli/serve.ts"
import { sms as smsCommand } from "./cli/sms.ts"
import * as SmsSetting from "./cli/SmsSetting.ts"
import { user } from "./cli/user.ts"
import type * as Endpoint from "./Endpoint.ts"
import * as Exon from "./protocols/exon/Server.ts"
import { Store } from "./protocols/exon/Store.ts"
import { Calculator } from "./protocols/rscp/Calculator.ts"
import * as Rscp from "./protocols/rscp/Server.ts"
import { SecurityModule } from "./protocols/sec-lsm-manager/SecurityModule.ts"
import * as SecLsmManager from "./protocols/sec-lsm-manager/Server.ts"
import * as Fifo from "./protocols/sms/Fifo.ts"
import { Outbox } from "./protocols/sms/Outbox.ts"
import * as Sms from "./protocols/sms/Server.ts"
import { DataDirectory } from "./storage/DataDirectory.ts"
import * as Sqlite from "./storage/Sqlite.ts"

const storage = ({ data }: Settings) => Layer.provide(Sqlite.layerData, DataDirectory.layer(data))

/** Built once, whichever protocols have people log in. */
const accounts = Accounts.layer()

const securityModule = ({ data, policyDirectory, securityModule }: Settings) =>
  securityModule === "smack"
    ? SecurityModule.layerSmack({ policies: Option.getOrUndefined(policyDirectory) })
    : SecurityModule.layerRecord({
        policies: Option.getOrElse(policyDirectory, () => join(data, "policies"))
      })

/** A protocol on its endpoint; nothing where it has none. */
const on = <E, R>(
  protocol: string,
  endpoint: Option.Option<Endpoint.Endpoint>,
  layer: Layer.Layer<never, E, R | SocketServer.SocketServer>
) =>
  Option.match(endpoint, {
    onNone: () => Layer.empty,
    onSome: (endpoint) => Layer.provide(layer, listening(protocol, endpoint))
  })

const secLsmManager = (settings: Settings) =>
  on(
    "sec-lsm-manager",
    endpointOf(settings.secLsmManager, SecLsmManagerSetting.defaultEndpoint(settings.data)),
    SecLsmManager.layer({ ...limitsOf(settings), maxFrame: settings.secLsmManagerMaxFrame }).pipe(
      Layer.provide(securityModule(settings))
    )
  )

const exon = (settings: Settings) =>
  on(
    "exon",
    endpointOf(settings.exon, ExonSetting.defaultEndpoint),
    Exon.layer({ ...limitsOf(settings), maxFrame: settings.exonMaxFrame }).pipe(
      Layer.provide([Store.layerSqlite, accounts])
    )
  )

const rscp = (settings: Settings) =>
  on(
    "rscp",
    endpointOf(settings.rscp, RscpSetting.defaultEndpoint),
    Rscp.layer({
      ...limitsOf(settings),
      maxFrame: settings.rscpMaxFrame,
      access: settings.rscpAccess,
      registration: settings.rscpRegistration === "on"
    }).pipe(Layer.provide([Calculator.layer(), accounts]))
  )

/** Gateways hand texts over on a socket, by a FIFO, or both. */
const sms = (settings: Settings) => {
  const socket = endpointOf(settings.sms, SmsSetting.defaultEndpoint(settings.data))
  if (Option.isNone(socket) && Option.isNone(settings.smsFifo)) return Layer.empty
  return Layer.merge(
    on("sms", socket, Sms.layer({ ...limitsOf(settings), maxFrame: settings.smsMaxFrame })),
    Option.match(settings.smsFifo, { onNone: () => Layer.empty, onSome: Fifo.layer })
  ).pipe(
    Layer.provide(SmsSetting.gateway(settings)),
    Layer.provide([Layer.provide(Outbox.layer, SmsSetting.transmitter(settings)), accounts])
  )
}

const program = (settings: Settings) =>
  Layer.mergeAll(
    Layer.provide(secLsmManager(settings), Logging.about("sec-lsm-manager")),
    Layer.provide(exon(settings), Logging.about("exon")),
    Layer.provide(rscp(settings), Logging.about("rscp")),
    Layer.provide(sms(settings), Logging.about("sms"))
  ).pipe(Layer.provide(storage(settings)))

const wireline = Command.make("wireline").pipe(
  Command.withDescription("Serve text protocols: sec-lsm-manager, Exon, RSCP and the SMS shell"),
  Command.withSubcommands([serve(program), user, audit, connect, configCommand, exonCommand, smsCommand])
)

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8")
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
  Effect.provide([NodeServices.layer, CliOutput.layerPresenter(presenter), Logger.layer([Logging.logger])]),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    // A signal is the way to end a server: when it has drained, all is well. Anything else it has broken off.
    teardown: (exit, onExit) =>
      args[0] === "serve" && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        ? onExit(0)
        : Runtime.defaultTeardown(exit, onExit)
  })
)
