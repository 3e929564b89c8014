/**
 * Serves Exon without the command line, until it is killed: says on standard output at which port. `Killed.test.ts`
 * starts it.
 *
 *     node serve-exon.ts FILE
 */
import { writeSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { Context, Effect, Layer } from "effect"
import { SocketServer } from "effect/socket"
import { Accounts } from "../../../src/accounts/Accounts.ts"
import * as Endpoint from "../../../src/Endpoint.ts"
import * as ExonServer from "../../../src/protocols/exon/Server.ts"
import { Store } from "../../../src/protocols/exon/Store.ts"
import * as Sqlite from "../../../src/storage/Sqlite.ts"

const endpoint = { _tag: "Tcp", host: "127.0.0.1", port: 0 } as const

const exon = ExonServer.layer().pipe(
  Layer.provide([Store.layerSqlite, Accounts.layer()]),
  Layer.provide(Sqlite.layer({ filename: process.argv[2]! })),
  Layer.provideMerge(Endpoint.layerServer(endpoint))
)

const program = Effect.gen(function* () {
  const server = Context.get(yield* Layer.build(exon), SocketServer.SocketServer)
  writeSync(1, `${Endpoint.format(Endpoint.bound(endpoint, server))}\n`)
  // Whoever is killed writes no cache at his end.
  flushCompileCache()
  return yield* Effect.never
})

await Effect.runPromise(Effect.scoped(program))
