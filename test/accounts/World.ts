/** Accounts in a database file, with passwords that cost next to nothing and derivations that are counted. */
import { join } from "node:path"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { Effect, Layer, Redacted } from "effect"
import { Kdf } from "effect/crypto"
import { Accounts } from "../../src/accounts/Accounts.ts"
import type { DerivationOptions } from "../../src/accounts/Derivation.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { temporaryDirectory } from "../support/Directory.ts"

export const cheap = { memory: 8, passes: 1, parallelism: 1 }

/** The cost of every derivation so far, and the most that ran at the same time. */
export class Derivations {
  readonly all: Array<Kdf.Algorithm> = []
  most = 0
  private running = 0

  /** How many an effect takes. */
  readonly during = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const before = this.all.length
      return Effect.map(effect, () => this.all.length - before)
    })

  /** Node's own, counted. */
  readonly layer = Layer.effect(
    Kdf.Kdf,
    Effect.map(Kdf.Kdf, (kdf) => ({
      derive: (...args: Parameters<Kdf.Kdf["Service"]["derive"]>) =>
        Effect.suspend(() => {
          this.all.push(args[0])
          this.most = Math.max(this.most, ++this.running)
          return Effect.ensuring(
            kdf.derive(...args),
            Effect.sync(() => this.running--)
          )
        })
    }))
  ).pipe(Layer.provide(NodeCrypto.layerKdf))
}

/** A database in a file, which outlives its servers. */
export const world = Effect.map(temporaryDirectory, (directory) => {
  const database = Sqlite.layer({ filename: join(directory, "wireline.db") })
  const derivations = new Derivations()
  return {
    database,
    derivations,
    /** Runs with the accounts as a server has them that has just started. */
    started: (options: DerivationOptions = {}) =>
      Effect.provide(
        Accounts.layerKdf({ costs: cheap, ...options }).pipe(
          Layer.provide(derivations.layer),
          Layer.provideMerge(database)
        ),
        { local: true }
      )
  }
})

export const right = Redacted.make("correct horse")
export const wrong = Redacted.make("battery staple")

/** Logs in to `exon`; how that ended, in a word. */
export const outcome = (name: string, password: Redacted.Redacted, address = "unix", realm = "exon") =>
  Accounts.use((accounts) =>
    accounts.login(realm, name, password, address).pipe(
      Effect.as("right"),
      Effect.catchTag("LoginFailed", ({ reason }) => Effect.succeed(reason))
    )
  )
