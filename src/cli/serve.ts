/**
 * `wireline serve`: serves every protocol that is not switched off, until a signal ends it.
 */
import type { NodeServices } from "@effect/platform-node/NodeServices"
import { Console, Context, Deferred, Effect, Layer, Option, Schema } from "effect"
import { Command } from "effect/cli"
import * as SocketServer from "effect/socket/SocketServer"
import { resolve } from "node:path"
import type { CertificateError, Certificates } from "../Certificates.ts"
import * as Endpoint from "../Endpoint.ts"
import * as Metrics from "./metrics.ts"
import { type Settings, settings } from "./Settings.ts"
import * as Systemd from "./Systemd.ts"
import * as TlsSetting from "./TlsSetting.ts"

export type { Settings }

/** What a server has to say for itself while it runs. */
class Serving extends Context.Service<
  Serving,
  {
    /** Where each protocol listens, once it does. */
    readonly bound: Map<string, Endpoint.Endpoint>
    /** Completed when there is nothing left to serve: the one peer of `stdio:` has left. */
    readonly ended: Deferred.Deferred<void>
    /** What `tls://` endpoints are served with, where there are any. */
    readonly tls: Endpoint.TlsOptions | undefined
  }
>()("wireline/cli/Serving") {}

/** The socket of one protocol; that it is bound is announced when all are. */
export const listening = (
  protocol: string,
  endpoint: Endpoint.Endpoint
): Layer.Layer<SocketServer.SocketServer, Endpoint.ListenError, Serving> =>
  Layer.unwrap(
    Effect.map(Serving, ({ bound, ended, tls }) =>
      Layer.tap(
        Endpoint.layerServer(endpoint, { onEnd: Effect.asVoid(Deferred.succeed(ended, undefined)), tls }),
        (services) =>
          Effect.sync(() =>
            bound.set(protocol, Endpoint.bound(endpoint, Context.get(services, SocketServer.SocketServer)))
          )
      )
    )
  )

/**
 * Says on standard output where each protocol is served, a line each, now that all of them are. Where standard output
 * is a peer's (`stdio:`), nothing is said at all: inetd gives the peer standard error too.
 */
const announce = (
  bound: ReadonlyMap<string, Endpoint.Endpoint>,
  metrics: string | undefined
): Effect.Effect<void> => {
  const lines = protocols
    .filter((protocol) => bound.has(protocol))
    .map((protocol) => `${protocol} listening on ${Endpoint.format(bound.get(protocol)!)}`)
    .concat(metrics === undefined ? [] : [`metrics at ${metrics}`])
  return [...bound.values()].some(({ _tag }) => _tag === "Stdio")
    ? Effect.void
    : Effect.forEach(lines, (line) => Console.log(line), { discard: true })
}

/** In the order in which they are announced. */
const protocols = ["sec-lsm-manager", "exon", "rscp", "sms"]

/** The protocols cannot be served as they were asked for. */
export class NothingToServe extends Schema.TaggedError<NothingToServe>()("NothingToServe", {
  message: Schema.String
}) {}

/** Where each protocol is to be served, as far as that was told. */
const told = ({
  exon,
  rscp,
  secLsmManager,
  sms
}: Settings): ReadonlyArray<Endpoint.Endpoint | "off" | undefined> =>
  [exon, rscp, secLsmManager, sms].map((endpoint) => Option.getOrUndefined(endpoint))

/** Those that were told and are not `off`. */
const endpointsOf = (settings: Settings): ReadonlyArray<Endpoint.Endpoint> =>
  told(settings).filter((endpoint) => typeof endpoint === "object")

/** Standard input and output have room for one peer, and a server without protocols is a mistake. */
const check = (settings: Settings): Effect.Effect<void, NothingToServe> => {
  if (Option.isNone(settings.smsFifo) && told(settings).every((endpoint) => endpoint === "off")) {
    return Effect.fail(new NothingToServe({ message: "every protocol is off; give one of them an endpoint" }))
  }
  const peers = endpointsOf(settings).filter(({ _tag }) => _tag === "Stdio").length
  if (peers > 0 && settings.smsTransmitter === "stdout") {
    return Effect.fail(
      new NothingToServe({ message: "stdio: and --sms-transmitter stdout cannot share standard output" })
    )
  }
  return peers > 1
    ? Effect.fail(
        new NothingToServe({ message: "two protocols cannot share stdio:; give one another endpoint" })
      )
    : Effect.void
}

/** All that can be found wrong before anything is served; gives the certificates of `tls://` endpoints. */
export const prepare = (
  settings: Settings
): Effect.Effect<Option.Option<Certificates>, NothingToServe | TlsSetting.NoCertificate | CertificateError> =>
  Effect.andThen(check(settings), TlsSetting.certificates(settings, endpointsOf(settings)))

/** What the peers of every protocol may use up; without a limit of time, a protocol's own holds. */
export const limitsOf = ({ idleTimeout, maxConnections }: Settings) => ({
  maxConnections,
  ...(Option.isSome(idleTimeout) && { idleTimeout: idleTimeout.value })
})

/** The endpoint of a protocol: the one that was given, none for `off`, else its default. */
export const endpointOf = (
  given: Option.Option<Endpoint.Endpoint | "off">,
  byDefault: Endpoint.Endpoint
): Option.Option<Endpoint.Endpoint> =>
  Option.match(given, {
    onNone: () => Option.some(byDefault),
    onSome: (endpoint) => (endpoint === "off" ? Option.none() : Option.some(endpoint))
  })

/** Why the protocols cannot be served, save for what is the protocols' own. */
type Unservable = NothingToServe | TlsSetting.NoCertificate | CertificateError | Endpoint.ListenError

/** The subcommand, which serves the program that these settings make. */
export const serve = <E>(
  program: (settings: Settings) => Layer.Layer<never, E, Serving | NodeServices>
): Command.Command<"serve", Settings, {}, E | Unservable, NodeServices> =>
  Command.make(
    "serve",
    settings,
    Effect.fnUntraced(function* (settings) {
      const certificates = yield* prepare(settings)
      const systemd = yield* Systemd.make(process.env)
      yield* TlsSetting.reloadAtHangup(certificates, systemd)
      const serving = {
        bound: new Map<string, Endpoint.Endpoint>(),
        ended: yield* Deferred.make<void>(),
        // As many may be about to be connections as there may be connections.
        tls: Option.getOrUndefined(
          Option.map(certificates, (certificates) => ({
            certificates,
            maxHandshakes: settings.maxConnections
          }))
        )
      }
      const metrics = settings.metrics === "off" ? undefined : yield* Metrics.serve(settings.metrics)
      const all = program({ ...settings, data: resolve(settings.data) })
      yield* Layer.build(Layer.provide(all, Layer.succeed(Serving, serving)))
      yield* announce(serving.bound, metrics?.url)
      yield* systemd.ready
      if (metrics !== undefined) {
        yield* metrics.serving
        yield* Metrics.warmUp
      }
      yield* Deferred.await(serving.ended)
    }, Effect.scoped)
  ).pipe(
    Command.withDescription(
      "Serve the protocols until SIGTERM or SIGINT; SIGHUP reads the TLS certificates again"
    ),
    Command.withExamples([
      { command: "wireline serve --data /var/lib/wireline", description: "Keep everything in one directory" },
      {
        command: "wireline serve --sec-lsm-manager unix:/run/sec-lsm-manager.socket --security-module smack",
        description: "Take the place of sec-lsm-manager"
      }
    ])
  )
