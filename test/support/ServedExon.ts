/**
 * Exon for tests: in the test's own process, where time is the test's, or as a process of its own, which can be killed.
 */
import { join } from "node:path"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import type { Kdf } from "effect/crypto"
import { Accounts } from "../../src/accounts/Accounts.ts"
import * as ExonServer from "../../src/protocols/exon/Server.ts"
import { Store } from "../../src/protocols/exon/Store.ts"
import type * as Server from "../../src/Server.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { temporaryDirectory } from "./Directory.ts"
import { serveOn, tcp } from "./Probe.ts"
import * as Started from "./Started.ts"
import type { Served } from "./Talk.ts"

export type ServedExon = Served
export { answersOf, askOne, converseWith, type Exchange, lastWordsOf, writeTo } from "./Talk.ts"

/** A server in this process. */
export interface Here extends ServedExon {
  readonly accounts: Accounts["Service"]
}

/** What the password of every account of these tests is. */
export const password = "correct horse"

/** Derivations that cost next to nothing. */
export const cheap = { memory: 8, passes: 1, parallelism: 1 }

/**
 * Serves in this process from `directory/wireline.db`, or from memory, which is quicker for many servers one after the
 * other; with accounts of these names.
 */
export const serveHere = (
  options: {
    readonly directory?: string
    readonly inMemory?: boolean
    readonly people?: ReadonlyArray<string>
    readonly kdf?: Layer.Layer<Kdf.Kdf>
    readonly limits?: Server.Limits
    /** The store, in place of the one in SQLite. */
    readonly store?: typeof Store.layerSqlite
  } = {}
): Effect.Effect<Here, never, Scope.Scope> =>
  Effect.gen(function* () {
    const filename = options.inMemory
      ? ":memory:"
      : join(options.directory ?? (yield* temporaryDirectory), Sqlite.databaseName)
    const { store = Store.layerSqlite } = options
    const accounts = Layer.provide(Accounts.layerKdf({ costs: cheap }), options.kdf ?? NodeCrypto.layerKdf)
    const services = yield* Layer.buildWithMemoMap(
      Layer.provideMerge(Layer.merge(store, accounts), Sqlite.layer({ filename })),
      Layer.makeMemoMapUnsafe(),
      yield* Effect.scope
    )
    const people = Context.get(services, Accounts)
    for (const name of options.people ?? []) {
      yield* people.create("exon", name, Redacted.make(password))
    }
    const { endpoint } = yield* serveOn(
      tcp,
      Layer.provide(ExonServer.layer(options.limits), Layer.succeedContext(services))
    )
    return { endpoint: { ...tcp, port: endpoint.port }, accounts: people }
  }).pipe(Effect.orDie)

/** Serves from `directory/data` in a process of its own. */
export const serveThere = (
  directory: string,
  args: ReadonlyArray<string> = []
): Effect.Effect<
  ServedExon & { readonly process: Started.Started; readonly data: string },
  never,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const data = join(directory, "data")
    const process = yield* Started.wireline([
      ...["serve", "--data", data, "--exon", "tcp://127.0.0.1:0", "--sec-lsm-manager", "off"],
      ...args
    ])
    const [, port] = yield* process.says("stdout", /^exon listening on tcp:\/\/127\.0\.0\.1:(\d+)\n/m)
    return { process, data, endpoint: { ...tcp, port: Number(port) } }
  })
