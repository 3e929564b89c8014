/**
 * The `wireline` command: the protocols that it serves, and what they stand on.
 */
import { Layer } from "effect"
import { createRequire } from "node:module"
import { Accounts } from "./accounts/Accounts.ts"
import * as Service from "./cli/Service.ts"
import type { Settings } from "./cli/Settings.ts"
import * as Wireline from "./cli/wireline.ts"
import { exon } from "./protocols/exon/cli/Service.ts"
import { rscp } from "./protocols/rscp/cli/Service.ts"
import { secLsmManager } from "./protocols/sec-lsm-manager/cli/Service.ts"
import { sms } from "./protocols/sms/cli/Service.ts"
import { DataDirectory } from "./storage/DataDirectory.ts"
import * as Sqlite from "./storage/Sqlite.ts"

/** Each is a Layer of its own; they share the people and the database. */
const services = [secLsmManager, exon, rscp, sms] as const

const program = (settings: Settings) =>
  Service.layer(services, settings).pipe(
    Layer.provide(Accounts.layer()),
    Layer.provide(Sqlite.layerData),
    Layer.provide(DataDirectory.layer(settings.data))
  )

// By its name it is found from the bundle, too, which is in a folder of its own.
const { version }: { version: string } = createRequire(import.meta.url)("wireline/package.json")

/** Set in the bundle alone, by `scripts/bundle.ts`: where, from there, this module is unbundled. */
declare const UNBUNDLED: string | undefined
const unbundled = typeof UNBUNDLED === "undefined" ? undefined : new URL(UNBUNDLED, import.meta.url).href

Wireline.run(services, program, version, unbundled === undefined ? undefined : () => import(unbundled))
