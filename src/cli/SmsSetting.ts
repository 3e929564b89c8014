/**
 * What the SMS shell is told on the command line, and what it is made of from that: for a server, and for a run without
 * one.
 */
import { Effect, Layer, Option, Schema, type Stdio } from "effect"
import { Flag } from "effect/cli"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { join } from "node:path"
import * as Endpoint from "../Endpoint.ts"
import { Codes } from "../protocols/sms/Codes.ts"
import { Gateway } from "../protocols/sms/Gateway.ts"
import { Mail } from "../protocols/sms/Mail.ts"
import { maxLength } from "../protocols/sms/Protocol.ts"
import { Sessions } from "../protocols/sms/Sessions.ts"
import { Shell } from "../protocols/sms/shell/Shell.ts"
import * as Transmitter from "../protocols/sms/Transmitter.ts"
import * as Configuration from "./Configuration.ts"
import * as Setting from "./Setting.ts"

/** Where the server is, unless told: the socket in its data directory. */
export const defaultEndpoint = (data: string) => ({ _tag: "Unix", path: join(data, "sms.socket") }) as const

/** The flags of whatever runs commands. */
export const ofShell = {
  config: Configuration.config,
  smsCommands: Setting.make(
    "sms-commands",
    Schema.NonEmptyString,
    "A directory of commands of your own for the SMS shell, TypeScript or JavaScript modules"
  ).pipe(Flag.withMetavar("DIR"), Flag.optional),
  smtpUrl: Setting.make(
    "smtp-url",
    Schema.RedactedFromValue(Schema.NonEmptyString, { label: "SMTP URL" }),
    "The server that codes are mailed through: smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS, or smtps://"
  ).pipe(Flag.withMetavar("URL"), Flag.optional)
}

/** The flags of a server. */
export const settings = {
  sms: Setting.make(
    "sms",
    Schema.Union([Schema.Literal("off"), Endpoint.FromString]),
    "Where gateways hand texts over to the SMS shell, an endpoint or off (default: unix:DATA/sms.socket)"
  ).pipe(Flag.withMetavar("ENDPOINT"), Flag.optional),
  smsMaxFrame: Setting.make(
    "sms-max-frame",
    Setting.Count,
    `The longest message of a gateway in bytes (default: ${maxLength})`
  ).pipe(Flag.withMetavar("BYTES"), Flag.withDefault(maxLength)),
  smsFifo: Setting.make(
    "sms-fifo",
    Schema.NonEmptyString,
    "A FIFO that gateways write messages into; it is made where it is missing"
  ).pipe(Flag.withMetavar("PATH"), Flag.optional),
  smsTransmitter: Setting.make(
    "sms-transmitter",
    Transmitter.Name,
    "What sends texts out: none, stdout for a JSON object a line, gammu for gammu-smsd-inject (default: none)"
  ).pipe(Flag.withMetavar("none|stdout|gammu"), Flag.withDefault("none" as const)),
  smsGammuConfig: Setting.make(
    "sms-gammu-config",
    Schema.NonEmptyString,
    "The configuration file of Gammu SMSD (default: the one that gammu-smsd-inject takes by itself)"
  ).pipe(Flag.withMetavar("FILE"), Flag.optional),
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

/** The way of a message, as the configuration file and these flags tell. */
export const gateway = (given: {
  readonly data: string
  readonly config: Option.Option<string>
  readonly smsCommands: Option.Option<string>
  readonly smtpUrl: Option.Option<Parameters<typeof Mail.layerSmtp>[0]>
}) =>
  Layer.unwrap(
    Effect.map(Configuration.read(given), ({ sms }) =>
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
