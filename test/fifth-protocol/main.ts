/** The `wireline` command with a fifth protocol, and no other. */
import { Layer } from "effect"
import { Accounts } from "../../src/accounts/Accounts.ts"
import * as Service from "../../src/cli/Service.ts"
import type { Settings } from "../../src/cli/Settings.ts"
import * as Wireline from "../../src/cli/wireline.ts"
import { DataDirectory } from "../../src/storage/DataDirectory.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { kv } from "./cli/Service.ts"

const services = [kv] as const

const program = (settings: Settings) =>
  Service.layer(services, settings).pipe(
    Layer.provide(Accounts.layer()),
    Layer.provide(Sqlite.layerData),
    Layer.provide(DataDirectory.layer(settings.data))
  )

Wireline.run(services, program, "0")
