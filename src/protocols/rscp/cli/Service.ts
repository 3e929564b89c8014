/**
 * RSCP, as the `wireline` command serves it.
 */
import { Layer, Schema } from "effect"
import * as Service from "../../../cli/Service.ts"
import * as Setting from "../../../cli/Setting.ts"
import { Calculator } from "../Calculator.ts"
import { maxLength, Rscp } from "../Protocol.ts"
import * as Server from "../Server.ts"

const table = Setting.inTable("rscp")

export const rscp = Service.make(Rscp, {
  endpoint: {
    description: "Where RSCP is served",
    byDefault: () => ({ _tag: "Tcp", host: "127.0.0.1", port: 6556 })
  },
  frame: { description: "message of RSCP", longest: maxLength },
  settings: {
    access: Setting.make(
      "rscp-access",
      Schema.Literals(["public", "private"]),
      "Who may compute with RSCP: everyone, or who has logged in to an account of the realm rscp (default: public)"
    ).pipe(table, Setting.withMetavar("public|private"), Setting.withDefault("public")),
    registration: Setting.make(
      "rscp-registration",
      Schema.Literals(["on", "off"]),
      "Whether clients of a private RSCP server may make accounts for themselves (default: on)"
    ).pipe(table, Setting.withMetavar("on|off"), Setting.withDefault("on"))
  },
  hasAccounts: true,
  layer: ({ access, limits, registration }, on) =>
    on(
      Layer.provide(
        Server.layer({ ...limits, access, registration: registration === "on" }),
        Calculator.layer()
      )
    ),
  connect: {
    description: "Talk to RSCP, the calculator",
    examples: [
      {
        command: "wireline connect rscp tls://calculator.example.org:6556 --tls-ca ca.pem",
        description: "Talk to a server of one's own authority over TLS"
      },
      {
        command: "printf 'CONNECT REQUEST\\nFUNCTION:ID=2:PARAM1=90\\n' | wireline connect rscp",
        description: "Compute in a script"
      }
    ],
    dialect: async () => (await import("./Dialect.ts")).rscp
  }
})
