/**
 * What whatever runs commands of the SMS shell is told, a server or not, and the way of a message that comes of it.
 */
import { Effect, Layer, Option, Schema } from "effect"
import { join } from "node:path"
import type { Location } from "../../../cli/ConfigurationFile.ts"
import type { Reachable } from "../../../cli/Reachable.ts"
import * as Setting from "../../../cli/Setting.ts"
import { Codes } from "../Codes.ts"
import { Gateway } from "../Gateway.ts"
import { Mail } from "../Mail.ts"
import { Sessions } from "../Sessions.ts"
import { Shell } from "../shell/Shell.ts"
import * as Table from "./Table.ts"

/** Where the server is, unless told: the socket in its data directory. */
export const defaultEndpoint = (data: string): Reachable => ({ _tag: "Unix", path: join(data, "sms.socket") })

const table = Setting.inTable("sms")

/** The settings of whatever runs commands. */
export const ofShell = {
  commandDirectory: Setting.make(
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

/** What the rest of the table in the file tells; all is as by default where there is no file. */
const told = (location: Location) =>
  Effect.map(Setting.readFile(location), (file) => file?.of(Table.table) ?? Table.table.defaults)

/** The way of a message, as the configuration file and these settings tell. */
export const gateway = (
  given: Location & {
    readonly commandDirectory: Option.Option<string>
    readonly smtpUrl: Option.Option<Parameters<typeof Mail.layerSmtp>[0]>
  }
) =>
  Layer.unwrap(
    Effect.map(told(given), (sms) =>
      Gateway.layer(sms).pipe(
        Layer.provide(
          Shell.layer({
            commands: sms.commands,
            programs: sms.programs,
            modules: Option.getOrUndefined(given.commandDirectory)
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
