/**
 * All that `wireline serve` is told, and the configuration file may tell.
 */
import { Schema } from "effect"
import type { Command } from "effect/cli"
import * as Endpoint from "../Endpoint.ts"
import { config } from "./ConfigSetting.ts"
import { data } from "./DataSetting.ts"
import * as ExonSetting from "./ExonSetting.ts"
import * as RscpSetting from "./RscpSetting.ts"
import * as SecLsmManagerSetting from "./SecLsmManagerSetting.ts"
import * as Setting from "./Setting.ts"
import * as SmsSetting from "./SmsSetting.ts"
import * as TlsSetting from "./TlsSetting.ts"

export const settings = {
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
  ...SecLsmManagerSetting.settings,
  ...ExonSetting.settings,
  ...RscpSetting.settings,
  ...SmsSetting.settings,
  metrics: Setting.make(
    "metrics",
    Schema.Union([Schema.Literal("off"), Endpoint.TcpFromString]),
    "Where the metrics are served over HTTP, tcp://HOST:PORT or off (default: tcp://127.0.0.1:8100)"
  ).pipe(
    Setting.inTable("metrics"),
    Setting.withMetavar("ENDPOINT"),
    Setting.withDefault({ _tag: "Tcp", host: "127.0.0.1", port: 8100 })
  ),
  ...TlsSetting.settings
}

/** What `serve` was told, defaults filled in. */
export interface Settings extends Command.Command.Config.Infer<typeof settings> {}
