/**
 * A program for tests: serves the probe on the endpoint that is its argument, says on standard error where, and ends
 * with SIGTERM, or when the peer of `stdio:` has left.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Context, Deferred, Effect, Layer, Logger, Schema } from "effect"
import { SocketServer } from "effect/socket"
import * as Endpoint from "../../src/Endpoint.ts"
import { layer, Stage } from "./Probe.ts"

Effect.gen(function* () {
  const endpoint = yield* Schema.decodeEffect(Endpoint.FromString)(process.argv[2] ?? "")
  const ended = yield* Deferred.make<void>()
  const onEnd = Effect.asVoid(Deferred.succeed(ended, undefined))
  const server = yield* Layer.build(
    Layer.provideMerge(layer(), Endpoint.layerServer(endpoint, { onEnd, drainTimeout: "2 seconds" }))
  )
  const bound = Endpoint.bound(endpoint, Context.get(server, SocketServer.SocketServer))
  process.stderr.write(`listening on ${Endpoint.format(bound)}\n`)
  yield* Deferred.await(ended)
}).pipe(
  Effect.scoped,
  Effect.provide([Stage.layer, Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])]),
  Effect.tapError((error) => Effect.sync(() => process.stderr.write(`${error.message}\n`))),
  (program) => NodeRuntime.runMain(program, { disableErrorReporting: true })
)
