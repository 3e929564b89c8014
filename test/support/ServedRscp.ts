/** RSCP for tests, in the test's own process, where time is the test's. */
import { join } from "node:path"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Context, Effect, Layer, type Scope } from "effect"
import { Accounts } from "../../src/accounts/Accounts.ts"
import { Calculator } from "../../src/protocols/rscp/Calculator.ts"
import * as RscpServer from "../../src/protocols/rscp/Server.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { temporaryDirectory } from "./Directory.ts"
import { serveOn, tcp } from "./Probe.ts"
import { cheap } from "./ServedExon.ts"
import type { Served } from "./Talk.ts"

/** A server in this process. */
export interface Here extends Served {
  readonly accounts: Accounts["Service"]
}

/** Serves with accounts of its own, in memory unless a file is needed. */
export const serveRscp = (
  options: RscpServer.Options & {
    readonly inFile?: boolean
    readonly calculator?: Layer.Layer<Calculator>
  } = {}
): Effect.Effect<Here, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { calculator = Calculator.layer(), inFile = false, ...rest } = options
    const filename = inFile ? join(yield* temporaryDirectory, Sqlite.databaseName) : ":memory:"
    const services = yield* Layer.buildWithMemoMap(
      Layer.mergeAll(
        calculator,
        Accounts.layerKdf({ costs: cheap }).pipe(
          Layer.provide(NodeCrypto.layerKdf),
          Layer.provide(Sqlite.layer({ filename }))
        )
      ),
      Layer.makeMemoMapUnsafe(),
      yield* Effect.scope
    )
    const { endpoint } = yield* serveOn(
      tcp,
      Layer.provide(RscpServer.layer(rest), Layer.succeedContext(services))
    )
    return { endpoint: { ...tcp, port: endpoint.port }, accounts: Context.get(services, Accounts) }
  }).pipe(Effect.orDie)
