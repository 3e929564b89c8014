/**
 * sec-lsm-manager, as the `wireline` command serves it.
 */
import { Layer, Option, Schema } from "effect"
import { join } from "node:path"
import * as Service from "../../../cli/Service.ts"
import * as Setting from "../../../cli/Setting.ts"
import { maxLength, SecLsmManager } from "../Protocol.ts"
import { SecurityModule } from "../SecurityModule.ts"
import * as Server from "../Server.ts"

const table = Setting.inTable("sec-lsm-manager")

export const secLsmManager = Service.make(SecLsmManager, {
  endpoint: {
    description: "Where sec-lsm-manager is served",
    byDefault: (data) => ({ _tag: "Unix", path: join(data, "sec-lsm-manager.socket") })
  },
  frame: { description: "message of sec-lsm-manager", longest: maxLength },
  settings: {
    securityModule: Setting.make(
      "security-module",
      Schema.Literals(["record", "smack"]),
      "What an application is installed into: record only writes down what would be done, smack does it (default: record)"
    ).pipe(table, Setting.withMetavar("record|smack"), Setting.withDefault("record")),
    policyDirectory: Setting.make(
      "policy-dir",
      Schema.NonEmptyString,
      "The directory of the policies (default: DATA/policies, or /etc/smack/accesses.d with smack)"
    ).pipe(table, Setting.withMetavar("DIR"), Setting.optional())
  },
  layer: ({ data, limits, policyDirectory, securityModule }, on) =>
    on(
      Layer.provide(
        Server.layer(limits),
        securityModule === "smack"
          ? SecurityModule.layerSmack({ policies: Option.getOrUndefined(policyDirectory) })
          : SecurityModule.layerRecord({
              policies: Option.getOrElse(policyDirectory, () => join(data, "policies"))
            })
      )
    ),
  connect: {
    description: "Talk to sec-lsm-manager",
    examples: [
      {
        command: "wireline connect sec-lsm-manager unix:/run/sec-lsm-manager.socket < install-demo",
        description: "Install an application from a script; status 1 where anything was refused"
      }
    ],
    dialect: async () => (await import("./Dialect.ts")).secLsmManager
  }
})
