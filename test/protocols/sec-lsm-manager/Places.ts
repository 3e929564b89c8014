/** Where a test and the processes it starts keep things below one root directory, and the layers over them. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import type { Backend } from "../../../src/protocols/sec-lsm-manager/Backend.ts"
import { SecurityModule } from "../../../src/protocols/sec-lsm-manager/SecurityModule.ts"
import type { SecurityError } from "../../../src/protocols/sec-lsm-manager/SecurityError.ts"
import * as Smack from "../../../src/protocols/sec-lsm-manager/Smack.ts"
import * as Sqlite from "../../../src/storage/Sqlite.ts"
import * as World from "./World.ts"

/** Stands in for the mount point of smackfs, its `load2` being a regular file. */
export const smackfs = (root: string): string => {
  mkdirSync(join(root, "smackfs"), { recursive: true })
  return join(root, "smackfs")
}

export const database = (root: string) => Sqlite.layer({ filename: join(root, "wireline.db") })

export const backend = (kind: string, root: string): Layer.Layer<Backend, SecurityError> =>
  kind === "smack"
    ? Smack.layer({ smackfs: smackfs(root) }).pipe(Layer.provide(NodeServices.layer))
    : World.layer(root)

/** The module over a back end and the database below `root`, built anew each time. */
export const using =
  (root: string, backend: Layer.Layer<Backend, SecurityError>) =>
  <A, E>(program: Effect.Effect<A, E, SecurityModule | Layer.Success<ReturnType<typeof database>>>) =>
    Effect.provide(
      program,
      SecurityModule.layer({ policies: join(root, "policies") }).pipe(
        Layer.provide(backend),
        Layer.provideMerge(database(root))
      ),
      { local: true }
    )
