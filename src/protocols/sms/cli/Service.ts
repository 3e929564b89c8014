/**
 * The SMS shell, as the `wireline` command serves it: gateways hand texts over on a socket, by a FIFO, or both.
 */
import { Layer, Option, Schema, type Stdio } from "effect"
import { Flag } from "effect/cli"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Service from "../../../cli/Service.ts"
import * as Setting from "../../../cli/Setting.ts"
import * as Fifo from "../Fifo.ts"
import { Outbox } from "../Outbox.ts"
import { maxLength, SmsShell } from "../Protocol.ts"
import * as Server from "../Server.ts"
import * as Transmitter from "../Transmitter.ts"
import { defaultEndpoint, gateway, ofShell } from "./Settings.ts"
import { texts } from "./texts.ts"
import { table } from "./Table.ts"

const inTable = Setting.inTable("sms")

export const sms = Service.make(SmsShell, {
  endpoint: {
    description: "Where gateways hand texts over to the SMS shell",
    byDefault: defaultEndpoint
  },
  frame: { description: "message of a gateway", longest: maxLength },
  settings: {
    fifo: Setting.make(
      "sms-fifo",
      Schema.NonEmptyString,
      "A FIFO that gateways write messages into; it is made where it is missing"
    ).pipe(inTable, Setting.withMetavar("PATH"), Setting.optional()),
    transmitter: Setting.make(
      "sms-transmitter",
      Transmitter.Name,
      "What sends texts out: none, stdout for a JSON object a line, gammu for gammu-smsd-inject (default: none)"
    ).pipe(inTable, Setting.withMetavar("none|stdout|gammu"), Setting.withDefault("none")),
    gammuConfig: Setting.make(
      "sms-gammu-config",
      Schema.NonEmptyString,
      "The configuration file of Gammu SMSD (default: the one that gammu-smsd-inject takes by itself)"
    ).pipe(inTable, Setting.withMetavar("FILE"), Setting.optional()),
    ...ofShell
  },
  table,
  hasAccounts: true,
  isOnBesides: ({ fifo }) => Option.isSome(fifo),
  takesOutput: ({ transmitter }) => (transmitter === "stdout" ? "--sms-transmitter stdout" : undefined),
  loadsModules: ({ commandDirectory }) => Option.isSome(commandDirectory),
  layer: (told, on) =>
    Layer.merge(
      on(Server.layer(told.limits)),
      Option.match(told.fifo, { onNone: () => Layer.empty, onSome: Fifo.layer })
    ).pipe(Layer.provide(gateway(told)), Layer.provide(Layer.provide(Outbox.layer, transmitter(told)))),
  connect: {
    description: "Talk to the SMS shell, as a gateway or as a number",
    examples: [
      { command: "wireline connect sms --number +33612345678", description: "See what a number may do" }
    ],
    flags: {
      number: Flag.String("number").pipe(
        Flag.withSchema(Schema.NonEmptyString),
        Flag.withMetavar("NUMBER"),
        Flag.withDescription(
          "Talk as this number: every line is a text of it, and no answer is sent out (default: lines are JSON objects)"
        ),
        Flag.optional
      )
    },
    dialect: async ({ number }) => {
      const { documents, textsOf } = await import("./Dialect.ts")
      return Option.match(number, { onNone: () => documents, onSome: textsOf })
    }
  },
  commands: [texts]
})

/** The transmitter of this name. */
const transmitter = (told: {
  readonly transmitter: Transmitter.Name
  readonly gammuConfig: Option.Option<string>
}): Layer.Layer<Transmitter.Transmitter, never, ChildProcessSpawner | Stdio.Stdio> => {
  switch (told.transmitter) {
    case "none":
      return Transmitter.Transmitter.layerNone
    case "stdout":
      return Transmitter.Transmitter.layerStdout
    case "gammu":
      return Transmitter.Transmitter.layerGammu({ config: Option.getOrUndefined(told.gammuConfig) })
  }
}
