/** An example served on a Unix socket of the test's own. */
import { Effect, Layer, type Scope } from "effect"
import type * as SocketServer from "effect/socket/SocketServer"
import { join } from "node:path"
import * as Endpoint from "../../src/Endpoint.ts"
import { temporaryDirectory } from "./Directory.ts"

/** Serves until the scope ends; returns where. */
export const serve = <E>(
  layer: Layer.Layer<never, E, SocketServer.SocketServer>
): Effect.Effect<Extract<Endpoint.Endpoint, { _tag: "Unix" }>, E | Endpoint.ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const endpoint = { _tag: "Unix", path: join(yield* temporaryDirectory, "socket") } as const
    yield* Layer.build(Layer.provide(layer, Endpoint.layerServer(endpoint)))
    return endpoint
  })
