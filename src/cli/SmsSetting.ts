/**
 * What the SMS shell is told on the command line, and what it is made of from that: for a server, and for a run without
 * one.
 */
import { Effect, Layer, Option, Schema, type Stdio } from "effect"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { join } from "node:path"
import { defaults } from "../protocols/sms/Configuration.ts"
import { Codes } from "../protocols/sms/Codes.ts"
import { Gateway } from "../protocols/sms/Gateway.ts"
import { Mail } from "../protocols/sms/Mail.ts"
import { maxLength } from "../protocols/sms/Protocol.ts"
import { Sessions } from "../protocols/sms/Sessions.ts"
import { Shell } from "../protocols/sms/shell/Shell.ts"
import * as Transmitter from "../protocols/sms/Transmitter.ts"
import { type Location } from "./ConfigurationFile.ts"
import * as Setting from "./Setting.ts"

/** Where the server is, unless told: the socket in its data directory. */
export const defaultEndpoint = (data: string) => ({ _tag: "Unix", path: join(data, "sms.socket") }) as const

const table = Setting.inTable("sms")

/** The flags of whatever runs commands. */
export const ofShell = {
  smsCommands: Setting.make(
    "sms-commands",
    Schema.NonEmptyString,
    "A directory of commands of your own for the SMS shell, TypeScript or JavaScript modules"
  ).pipe(
    // `commands` is the table of what they are configured with.
    Setting.inTable("sms", "command_dir"),
    Setting.withMetavar("DIR"),
    Setting.optional()
  ),
  smtpUrl: Setting.make(
    "smtp-url",
    Schema.RedactedFromValue(Schema.NonEmptyString, { label: "SMTP URL" }),
    "The server that codes are mailed through: smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS, or smtps://",
    { isSecret: true }
  ).pipe(table, Setting.withMetavar("URL"), Setting.optional())
}

/** The flags of a server. */
export const settings = {
  sms: Setting.endpoint("sms", "Where gateways hand texts over to the SMS shell", defaultEndpoint),
  smsMaxFrame: Setting.maxFrame("sms", "message of a gateway", maxLength),
  smsFifo: Setting.make(
    "sms-fifo",
    Schema.NonEmptyString,
    "A FIFO that gateways write messages into; it is made where it is missing"
  ).pipe(table, Setting.withMetavar("PATH"), Setting.optional()),
  smsTransmitter: Setting.make(
    "sms-transmitter",
    Transmitter.Name,
    "What sends texts out: none, stdout for a JSON object a line, gammu for gammu-smsd-inject (default: none)"
  ).pipe(table, Setting.withMetavar("none|stdout|gammu"), Setting.withDefault("none")),
  smsGammuConfig: Setting.make(
    "sms-gammu-config",
    Schema.NonEmptyString,
    "The configuration file of Gammu SMSD (default: the one that gammu-smsd-inject takes by itself)"
  ).pipe(table, Setting.withMetavar("FILE"), Setting.optional()),
  ...ofShell
}

/** The transmitter of this name. */
export const transmitter = (given: {
  readonly smsTransmitter: Transmitter.Name
  readonly smsGammuConfig: Option.Option<string>
}): Layer.Layer<Transmitter.Transmitter, never, ChildProcessSpawner | Stdio.Stdio> => {
  switch (given.smsTransmitter) {
    case "none":
      return Transmitter.Transmitter.layerNone
    case "stdout":
      return Transmitter.Transmitter.layerStdout
    case "gammu":
      return Transmitter.Transmitter.layerGammu({ config: Option.getOrUndefined(given.smsGammuConfig) })
  }
}

/** What the rest of the table in the file tells; all is as by default where there is no file. */
const sms = (location: Location) => Effect.map(Setting.readFile(location), (file) => file?.sms ?? defaults)

/** The way of a message, as the configuration file and these flags tell. */
export const gateway = (
  given: Location & {
    readonly smsCommands: Option.Option<string>
    readonly smtpUrl: Option.Option<Parameters<typeof Mail.layerSmtp>[0]>
  }
) =>
  Layer.unwrap(
    Effect.map(sms(given), (sms) =>
      Gateway.layer(sms).pipe(
        Layer.provide(
          Shell.layer({
            commands: sms.commands,
            programs: sms.programs,
            modules: Option.getOrUndefined(given.smsCommands)
          })
        ),
        Layer.provide([
          Sessions.layer({ timeToLive: sms.session_time }),
          Codes.layer,
          Option.match(given.smtpUrl, { onNone: () => Mail.layerNone, onSome: Mail.layerSmtp })
        ])
      )
    )
  )
