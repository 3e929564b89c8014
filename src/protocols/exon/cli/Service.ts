/**
 * Exon, as the `wireline` command serves it.
 */
import { Layer } from "effect"
import * as Service from "../../../cli/Service.ts"
import { Exon, maxLength } from "../Protocol.ts"
import * as Server from "../Server.ts"
import { Store } from "../Store.ts"
import { audit } from "./audit.ts"
import { items } from "./items.ts"

export const exon = Service.make(Exon, {
  endpoint: {
    description: "Where Exon is served",
    byDefault: () => ({ _tag: "Tcp", host: "127.0.0.1", port: 8878 })
  },
  frame: { description: "request of Exon", longest: maxLength },
  settings: {},
  hasAccounts: true,
  layer: ({ limits }, on) => on(Layer.provide(Server.layer(limits), Store.layerSqlite)),
  connect: {
    description: "Talk to Exon, the inventory",
    examples: [
      { command: "wireline connect exon", description: "Talk to the server on this machine" },
      {
        command: "echo 'list' | wireline connect exon --json | jq -r '.data[].name'",
        description: "The names of the newest items, from a script"
      }
    ],
    dialect: async () => (await import("./Dialect.ts")).exon
  },
  commands: [audit, items]
})
