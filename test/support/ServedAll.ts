/** All protocols, served by one process on Unix sockets in a directory of its own. */
import { join } from "node:path"
import { Context, Effect, Layer, type Scope } from "effect"
import { temporaryDirectory } from "./Directory.ts"
import * as Started from "./Started.ts"

export interface All {
  readonly process: Started.Started
  readonly directory: string
  readonly data: string
  /** Where Exon and RSCP are; the others are where they are by default. */
  readonly exon: string
  readonly rscp: string
}

export class ServedAll extends Context.Service<ServedAll, All>()("wireline/test/ServedAll") {
  static readonly layer = Layer.effect(
    ServedAll,
    Effect.suspend(() => serve())
  )
}

/** Serves, with these arguments beside, until the scope ends. */
export const serve = (...args: ReadonlyArray<string>): Effect.Effect<All, never, Scope.Scope> =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory
    const data = join(directory, "data")
    const [exon, rscp] = ["exon", "rscp"].map((name) => `unix:${join(directory, name)}`)
    const process = yield* Started.wireline([
      ...["serve", "--data", data, "--exon", exon!, "--rscp", rscp!],
      ...["--sms", `unix:${join(data, "sms.socket")}`, ...args]
    ])
    yield* process.says("stdout", /^sms listening on .*\n/m)
    return { process, directory, data, exon: exon!, rscp: rscp! }
  })
