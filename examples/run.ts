/**
 * What the examples share: `node examples/NAME.ts ENDPOINT` serves a protocol there until SIGTERM or SIGINT. Connections
 * that are open then may finish first.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Deferred, Effect, Exit, Layer, Logger, Option, Runtime, Schema } from "effect"
import * as SocketServer from "effect/socket/SocketServer"
import { Certificates, Endpoint } from "../src/index.ts"

/** An error that is one line for the person who started the example. */
interface Problem {
  readonly message: string
}

/**
 * Serves a protocol on the endpoint that the command line names, and prints `NAME listening on ENDPOINT`.
 *
 * **Details**
 *
 * With `certificates`, `tls://` works, and so does STARTTLS on `tcp://`. On `stdio:`, standard output belongs to the peer,
 * so the line goes to standard error, as the log always does; the process ends with the one connection.
 */
export const run = (
  name: string,
  layer: Layer.Layer<never, Problem, SocketServer.SocketServer>,
  options: { readonly certificates?: Certificates.ServerOptions | undefined } = {}
): void =>
  serve(name, layer, options.certificates).pipe(
    Effect.scoped,
    Effect.tapCause(report(name)),
    Effect.provide(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])),
    NodeRuntime.runMain({
      disableErrorReporting: true,
      // A signal is the usual way to end a server.
      teardown: (exit, onExit) =>
        Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
          ? onExit(0)
          : Runtime.defaultTeardown(exit, onExit)
    })
  )

const serve = Effect.fnUntraced(function* (
  name: string,
  layer: Layer.Layer<never, Problem, SocketServer.SocketServer>,
  certificates: Certificates.ServerOptions | undefined
) {
  const text = process.argv[2] ?? ""
  const endpoint = yield* Effect.mapError(Schema.decodeEffect(Endpoint.FromString)(text), ({ message }) => ({
    message: `${JSON.stringify(text)} is not an endpoint: ${message}`
  }))
  const tls = certificates && { certificates: yield* Certificates.load(certificates) }
  const ended = yield* Deferred.make<void>()
  const listener = Endpoint.layerServer(endpoint, { tls, onEnd: Deferred.succeed(ended, undefined) })
  const context = yield* Layer.build(Layer.provideMerge(layer, listener))
  const server = yield* Effect.provide(SocketServer.SocketServer, context)
  const print = endpoint._tag === "Stdio" ? Console.error : Console.log
  yield* print(`${name} listening on ${Endpoint.format(Endpoint.bound(endpoint, server))}`)
  yield* Deferred.await(ended)
})

/** What you can correct is one line. A defect is printed in full. */
const report = (name: string) => (cause: Cause.Cause<Problem>) =>
  Cause.hasInterruptsOnly(cause)
    ? Effect.void
    : Console.error(
        Option.match(Cause.findErrorOption(cause), {
          onNone: () => Cause.pretty(cause),
          onSome: ({ message }) => `${name}: ${message.replaceAll(/\s*\n\s*/g, " ")}`
        })
      )
