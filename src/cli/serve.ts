/**
 * `wireline serve`: serves every protocol that is not switched off, until a signal ends it.
 */
import type { NodeServices } from "@effect/platform-node/NodeServices"
import { Console, Deferred, Effect, Layer, Option, References, Schema, type Scope, String } from "effect"
import { Command } from "effect/cli"
import { resolve } from "node:path"
import type { CertificateError, Certificates } from "../Certificates.ts"
import * as Endpoint from "../Endpoint.ts"
import { unbundledIf } from "./Bundle.ts"
import * as Metrics from "./metrics.ts"
import type { TelemetryError } from "./OtlpExport.ts"
import type { Service } from "./Service.ts"
import { Serving } from "./Serving.ts"
import * as Setting from "./Setting.ts"
import * as Settings from "./Settings.ts"
import * as Systemd from "./Systemd.ts"
import * as Telemetry from "./Telemetry.ts"
import * as TlsSetting from "./TlsSetting.ts"

/**
 * Says on standard output where each protocol is served, a line each, now that all of them are. Where standard output
 * is a peer's (`stdio:`), nothing is said at all: inetd gives the peer standard error too.
 */
const announce = (
  services: ReadonlyArray<Service>,
  bound: ReadonlyMap<string, Endpoint.Endpoint>,
  metrics: string | undefined
): Effect.Effect<void> => {
  const lines = services
    .filter(({ name }) => bound.has(name))
    .map(({ name }) => `${name} listening on ${Endpoint.format(bound.get(name)!)}`)
    .concat(metrics === undefined ? [] : [`metrics at ${metrics}`])
  return [...bound.values()].some(({ _tag }) => _tag === "Stdio")
    ? Effect.void
    : Effect.forEach(lines, (line) => Console.log(line), { discard: true })
}

/** The protocols cannot be served as they were asked for. */
export class NothingToServe extends Schema.TaggedError<NothingToServe>()("NothingToServe", {
  message: Schema.String
}) {}

/** The endpoints that were given, `off` not being one. */
const endpointsOf = (
  services: ReadonlyArray<Service>,
  settings: Settings.Settings
): ReadonlyArray<Endpoint.Endpoint> => services.flatMap(({ given }) => given(settings) ?? [])

/** Standard input and output have room for one peer, and a server without protocols is a mistake. */
const check = (
  services: ReadonlyArray<Service>,
  settings: Settings.Settings
): Effect.Effect<void, NothingToServe> => {
  const wrong = (message: string) => Effect.fail(new NothingToServe({ message }))
  if (!services.some(({ isOn }) => isOn(settings))) {
    return wrong("every protocol is off; give one of them an endpoint")
  }
  const peers = endpointsOf(services, settings).filter(({ _tag }) => _tag === "Stdio").length
  const [taker] = services.flatMap(({ takesOutput }) => takesOutput(settings) ?? [])
  if (peers > 0 && taker !== undefined) return wrong(`stdio: and ${taker} cannot share standard output`)
  return peers > 1 ? wrong("two protocols cannot share stdio:; give one another endpoint") : Effect.void
}

/** All that can be found wrong before anything is served; gives the certificates of `tls://` endpoints. */
export const prepare = (
  services: ReadonlyArray<Service>,
  settings: Settings.Settings
): Effect.Effect<Option.Option<Certificates>, NothingToServe | TlsSetting.NoCertificate | CertificateError> =>
  Effect.andThen(
    check(services, settings),
    TlsSetting.certificates(settings, endpointsOf(services, settings))
  )

/** Why the protocols cannot be served, save for what is the protocols' own. */
type Unservable =
  | NothingToServe
  | TlsSetting.NoCertificate
  | CertificateError
  | TelemetryError
  | Endpoint.ListenError

const run = Effect.fnUntraced(function* <E>(
  services: ReadonlyArray<Service>,
  program: Program<E>,
  settings: Settings.Settings,
  version: string
): Effect.fn.Return<void, E | Unservable, NodeServices | Scope.Scope> {
  const certificates = yield* prepare(services, settings)
  const telemetry = yield* Telemetry.start(settings, version)
  yield* Effect.provideContext(
    serveUntilEnd(services, program, settings, certificates, telemetry.flush),
    telemetry.context
  )
})

const serveUntilEnd = Effect.fnUntraced(function* <E>(
  services: ReadonlyArray<Service>,
  program: Program<E>,
  settings: Settings.Settings,
  certificates: Option.Option<Certificates>,
  flushTelemetry: Effect.Effect<void>
): Effect.fn.Return<void, E | Endpoint.ListenError, NodeServices | Scope.Scope> {
  for (const name of yield* Setting.misspelled) {
    yield* Effect.logWarning(`${name} is no variable of wireline, and is not looked at`)
  }
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
  // Closing the program removes its metrics.
  yield* Effect.addFinalizer(() => flushTelemetry)
  yield* announce(services, serving.bound, metrics?.url)
  yield* systemd.ready
  if (metrics !== undefined) {
    yield* metrics.serving
    yield* Metrics.warmUp
  }
  yield* Deferred.await(serving.ended)
})

/** What is served with these settings. */
export type Program<E> = (settings: Settings.Settings) => Layer.Layer<never, E, Serving | NodeServices>

/** The subcommand, which serves the program that these settings make of these services. */
export const serve = <E>(
  services: ReadonlyArray<Service>,
  program: Program<E>,
  version: string
): Command.Command<"serve", Settings.Settings, {}, E | Unservable, NodeServices> =>
  Command.make("serve", Settings.of(services), (settings) =>
    run(services, program, settings, version).pipe(
      Effect.scoped,
      unbundledIf(services.some(({ loadsModules }) => loadsModules(settings))),
      Effect.provideService(References.MinimumLogLevel, String.capitalize(settings.logLevel))
    )
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
