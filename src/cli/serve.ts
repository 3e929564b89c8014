/**
 * `wireline serve`: serves every protocol that is not switched off, until a signal ends it.
 */
import { Console, Context, Deferred, Duration, Effect, Layer, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { SocketServer } from "effect/socket"
import { resolve } from "node:path"
import * as Endpoint from "../Endpoint.ts"
import { maxLength as exonMaxFrame } from "../protocols/exon/Protocol.ts"
import { maxLength as secLsmManagerMaxFrame } from "../protocols/sec-lsm-manager/Protocol.ts"
import { data } from "./DataSetting.ts"
import * as Setting from "./Setting.ts"

/** An endpoint, or `off`. */
const EndpointOrOff = Schema.Union([Schema.Literal("off"), Endpoint.FromString])

const settings = {
  data,
  secLsmManager: Setting.make(
    "sec-lsm-manager",
    EndpointOrOff,
    "Where sec-lsm-manager is served: tcp://HOST:PORT, unix:PATH, fd:NAME, stdio: or off (default: unix:DATA/sec-lsm-manager.socket)"
  ).pipe(Flag.withMetavar("ENDPOINT"), Flag.optional),
  secLsmManagerMaxFrame: Setting.make(
    "sec-lsm-manager-max-frame",
    Setting.Count,
    `The longest message of sec-lsm-manager in bytes (default: ${secLsmManagerMaxFrame})`
  ).pipe(Flag.withMetavar("BYTES"), Flag.withDefault(secLsmManagerMaxFrame)),
  exon: Setting.make(
    "exon",
    EndpointOrOff,
    "Where Exon is served, an endpoint or off (default: tcp://127.0.0.1:8878)"
  ).pipe(Flag.withMetavar("ENDPOINT"), Flag.optional),
  exonMaxFrame: Setting.make(
    "exon-max-frame",
    Setting.Count,
    `The longest request of Exon in bytes (default: ${exonMaxFrame})`
  ).pipe(Flag.withMetavar("BYTES"), Flag.withDefault(exonMaxFrame)),
  securityModule: Setting.make(
    "security-module",
    Schema.Literals(["record", "smack"]),
    "What an application is installed into: record only writes down what would be done, smack does it (default: record)"
  ).pipe(Flag.withMetavar("record|smack"), Flag.withDefault("record" as const)),
  policyDirectory: Setting.make(
    "policy-dir",
    Schema.NonEmptyString,
    "The directory of the policies (default: DATA/policies, or /etc/smack/accesses.d with smack)"
  ).pipe(Flag.withMetavar("DIR"), Flag.optional),
  maxConnections: Setting.make(
    "max-connections",
    Setting.Count,
    "The most connections of one protocol at a time (default: 1000)"
  ).pipe(Flag.withMetavar("N"), Flag.withDefault(1000)),
  idleTimeout: Setting.make(
    "idle-timeout",
    Setting.TimeLimit,
    "How long a connection may say nothing: 30s, 10m, 2h or off (default: off)"
  ).pipe(Flag.withMetavar("TIME"), Flag.withDefault(Duration.infinity))
}

/** What `serve` was told, defaults filled in. */
export type Settings = Command.Command.Config.Infer<typeof settings>

/** Completed when there is nothing left to serve: the one peer of `stdio:` has left. */
class Ended extends Context.Service<Ended, Deferred.Deferred<void>>()("wireline/cli/Ended") {}

/**
 * The socket of one protocol. As soon as it is bound, a line on standard output says where; with `stdio:`, where
 * standard output is the peer's, nothing does.
 */
export const listening = (
  protocol: string,
  endpoint: Endpoint.Endpoint
): Layer.Layer<SocketServer.SocketServer, Endpoint.ListenError, Ended> =>
  Layer.unwrap(
    Effect.map(Ended, (ended) =>
      Layer.tap(
        Endpoint.layerServer(endpoint, { onEnd: Effect.asVoid(Deferred.succeed(ended, undefined)) }),
        (services) => {
          const bound = Endpoint.bound(endpoint, Context.get(services, SocketServer.SocketServer))
          return endpoint._tag === "Stdio"
            ? Effect.void
            : Console.log(`${protocol} listening on ${Endpoint.format(bound)}`)
        }
      )
    )
  )

/** The endpoint of a protocol: the one that was given, none for `off`, else its default. */
export const endpointOf = (
  given: Option.Option<Endpoint.Endpoint | "off">,
  byDefault: Endpoint.Endpoint
): Option.Option<Endpoint.Endpoint> =>
  Option.match(given, {
    onNone: () => Option.some(byDefault),
    onSome: (endpoint) => (endpoint === "off" ? Option.none() : Option.some(endpoint))
  })

/** The subcommand, which serves the program that these settings make. */
export const serve = <E, R>(program: (settings: Settings) => Layer.Layer<never, E, R | Ended>) =>
  Command.make(
    "serve",
    settings,
    Effect.fnUntraced(function* (settings) {
      const ended = yield* Deferred.make<void>()
      const all = program({ ...settings, data: resolve(settings.data) })
      yield* Effect.raceFirst(
        Layer.launch(Layer.provide(all, Layer.succeed(Ended, ended))),
        Deferred.await(ended)
      )
    })
  ).pipe(
    Command.withDescription("Serve the protocols until SIGTERM or SIGINT"),
    Command.withExamples([
      { command: "wireline serve --data /var/lib/wireline", description: "Keep everything in one directory" },
      {
        command: "wireline serve --sec-lsm-manager unix:/run/sec-lsm-manager.socket --security-module smack",
        description: "Take the place of sec-lsm-manager"
      }
    ])
  )
