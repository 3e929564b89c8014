/**
 * Kv, as the `wireline` command serves it.
 */
import { Layer } from "effect"
import * as Service from "../../../src/cli/Service.ts"
import { Kv } from "../Protocol.ts"
import * as Server from "../Server.ts"
import { Store } from "../Store.ts"

export const kv = Service.make(Kv, {
  endpoint: {
    description: "Where Kv is served",
    byDefault: () => ({ _tag: "Tcp", host: "127.0.0.1", port: 6379 })
  },
  frame: { description: "request of Kv", longest: 1024 },
  settings: {},
  layer: ({ limits }, on) => on(Layer.provide(Server.layer(limits), Store.layer)),
  connect: {
    description: "Talk to Kv, the store of keys and values",
    examples: [{ command: "wireline connect kv", description: "Talk to the server on this machine" }],
    dialect: async () => (await import("./Dialect.ts")).kv
  }
})
