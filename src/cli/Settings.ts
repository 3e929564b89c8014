/**
 * All that `wireline serve` is told, and the configuration file may tell.
 */
import { Schema } from "effect"
import type { Command } from "effect/cli"
import * as Endpoint from "../Endpoint.ts"
import { config } from "./ConfigSetting.ts"
import { data } from "./DataSetting.ts"
import * as Setting from "./Setting.ts"
import * as Telemetry from "./Telemetry.ts"
import * as TlsSetting from "./TlsSetting.ts"

/** What belongs to no protocol, and is told first. */
const general = {
  config,
  data,
  maxConnections: Setting.count(
    "max-connections",
    "The most connections of one protocol at a time (default: 1000)"
  ).pipe(Setting.withMetavar("N"), Setting.withDefault(1000)),
  idleTimeout: Setting.make(
    "idle-timeout",
    Setting.TimeLimit,
    "How long a connection may say nothing: 30s, 10m, 2h or off (default: off, for RSCP 30m)"
  ).pipe(Setting.withMetavar("TIME"), Setting.optional()),
  logLevel: Setting.make(
    "log-level",
    Schema.Literals(["debug", "info", "warn", "error", "none"]),
    "The least that is logged (default: info)"
  ).pipe(Setting.withMetavar("debug|info|warn|error|none"), Setting.withDefault("info"))
}

/** What belongs to no protocol either, and is told last. */
const surroundings = {
  metrics: Setting.make(
    "metrics",
    Schema.Union([Schema.Literal("off"), Endpoint.TcpFromString]),
    "Where the metrics are served over HTTP, tcp://HOST:PORT or off (default: tcp://127.0.0.1:8100)"
  ).pipe(
    Setting.inTable("metrics"),
    Setting.withMetavar("ENDPOINT"),
    Setting.withDefault({ _tag: "Tcp", host: "127.0.0.1", port: 8100 })
  ),
  ...Telemetry.settings,
  ...TlsSetting.settings
}

/** The settings of one protocol. */
export type Own = Readonly<Record<string, Setting.Setting<unknown>>>

/** Some protocols, as far as this is about them. */
type Protocols = ReadonlyArray<{
  readonly name: string
  readonly settings: Own
  readonly table?: Setting.Table<unknown> | undefined
  readonly hasAccounts: boolean
}>

/** All settings of a server of these protocols. */
export const of = (protocols: Protocols) => ({
  ...general,
  protocols: Object.fromEntries(protocols.map(({ name, settings }): [string, Own] => [name, settings])),
  ...surroundings
})

/** What `serve` was told, defaults filled in. */
export interface Settings extends Command.Command.Config.Infer<ReturnType<typeof of>> {}

/** All that the configuration file of such a server may tell. */
export const vocabularyOf = (protocols: Protocols): Setting.Vocabulary => ({
  settings: [general, ...protocols.map(({ settings }) => settings), surroundings]
    .flatMap((settings: Own) => Object.values(settings))
    .map(({ about }) => about),
  tables: protocols.flatMap(({ table }) => table ?? []),
  realms: protocols.filter(({ hasAccounts }) => hasAccounts).map(({ name }) => name)
})
