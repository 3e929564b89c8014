/**
 * `wireline serve` as a process of its own, on a Unix socket in a directory of the test's own, with a few files to
 * speak about.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Context, Effect, Layer, type Scope } from "effect"
import { temporaryDirectory } from "./Directory.ts"
import * as RawPeer from "./RawPeer.ts"
import * as Started from "./Started.ts"

export class Served extends Context.Service<
  Served,
  {
    readonly process: Started.Started
    /** A directory for what a test makes; the data directory is in it. */
    readonly directory: string
    readonly data: string
    readonly endpoint: { readonly _tag: "Unix"; readonly path: string }
  }
>()("wireline/test/Served") {
  static readonly layer = Layer.effect(
    Served,
    Effect.flatMap(temporaryDirectory, (directory) => serve(directory))
  )
}

/** Serves from `directory/data`, which may be there from before, and waits until it listens. */
export const serve = (
  directory: string,
  args: ReadonlyArray<string> = [],
  options?: Started.StartOptions
): Effect.Effect<Served["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const data = join(directory, "data")
    const process = yield* Started.wireline(["serve", "--data", data, ...args], options)
    yield* process.says("stdout", /^sec-lsm-manager listening on .*\n/)
    return {
      process,
      directory,
      data,
      endpoint: { _tag: "Unix", path: join(data, "sec-lsm-manager.socket") }
    }
  })

/** A new connection to the server. */
export const connect: Effect.Effect<RawPeer.RawPeer, never, Served | Scope.Scope> = Effect.flatMap(
  Served,
  ({ endpoint }) => RawPeer.connect(endpoint)
)

/** All that a client gets that sends this and half-closes. */
export const answers = (sent: string | Uint8Array): Effect.Effect<string, never, Served> =>
  Effect.gen(function* () {
    const peer = yield* connect
    yield* peer.send(sent)
    yield* peer.end
    return yield* peer.rest
  }).pipe(Effect.scoped)

/** All that a client gets that sends this and goes on listening: it returns when the server closes the connection. */
export const lastWords = (sent: string | Uint8Array): Effect.Effect<string, never, Served> =>
  Effect.gen(function* () {
    const peer = yield* connect
    yield* peer.send(sent)
    return yield* peer.rest
  }).pipe(Effect.scoped)

/** Sends one line and gives the replies to it, so many. */
export const ask = (peer: RawPeer.RawPeer, line: string, count = 1): Effect.Effect<ReadonlyArray<string>> =>
  Effect.andThen(peer.send(`${line}\n`), peer.lines(count))

/** The file of the database. */
export const databaseOf = ({ data }: Served["Service"]): string => {
  const file = join(data, "wireline.db")
  if (!existsSync(file)) throw new Error(`there is no ${file}`)
  return file
}
