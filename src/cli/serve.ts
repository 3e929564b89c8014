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

/** What a server has to say for itself while it runs. */
class Serving extends Context.Service<
  Serving,
  {
    /** Where each protocol listens, once it does. */
    readonly bound: Map<string, Endpoint.Endpoint>
    /** Completed when there is nothing left to serve: the one peer of `stdio:` has left. */
    readonly ended: Deferred.Deferred<void>
  }
>()("wireline/cli/Serving") {}

/** The socket of one protocol; that it is bound is announced when all are. */
export const listening = (
  protocol: string,
  endpoint: Endpoint.Endpoint
): Layer.Layer<SocketServer.SocketServer, Endpoint.ListenError, Serving> =>
  Layer.unwrap(
    Effect.map(Serving, ({ bound, ended }) =>
      Layer.tap(
        Endpoint.layerServer(endpoint, { onEnd: Effect.asVoid(Deferred.succeed(ended, undefined)) }),
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
const announce = (bound: ReadonlyMap<string, Endpoint.Endpoint>): Effect.Effect<void> => {
  const lines = protocols
    .filter((protocol) => bound.has(protocol))
    .map((protocol) => `${protocol} listening on ${Endpoint.format(bound.get(protocol)!)}`)
  return [...bound.values()].some(({ _tag }) => _tag === "Stdio")
    ? Effect.void
    : Effect.forEach(lines, (line) => Console.log(line), { discard: true })
}

/** In the order in which they are announced. */
const protocols = ["sec-lsm-manager", "exon"]

/** The protocols cannot be served as they were asked for. */
class NothingToServe extends Schema.TaggedError<NothingToServe>()("NothingToServe", {
  message: Schema.String
}) {}

/** Standard input and output have room for one peer, and a server without protocols is a mistake. */
const check = ({ exon, secLsmManager }: Settings): Effect.Effect<void, NothingToServe> => {
  const given = [exon, secLsmManager].map((endpoint) => Option.getOrUndefined(endpoint))
  if (given.every((endpoint) => endpoint === "off")) {
    return Effect.fail(new NothingToServe({ message: "every protocol is off; give one of them an endpoint" }))
  }
  return given.filter((endpoint) => typeof endpoint === "object" && endpoint._tag === "Stdio").length > 1
    ? Effect.fail(
        new NothingToServe({ message: "two protocols cannot share stdio:; give one another endpoint" })
      )
    : Effect.void
}

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
export const serve = <E, R>(program: (settings: Settings) => Layer.Layer<never, E, R | Serving>) =>
  Command.make(
    "serve",
    settings,
    Effect.fnUntraced(function* (settings) {
      yield* check(settings)
      const serving = { bound: new Map<string, Endpoint.Endpoint>(), ended: yield* Deferred.make<void>() }
      const all = program({ ...settings, data: resolve(settings.data) })
      yield* Layer.build(Layer.provide(all, Layer.succeed(Serving, serving)))
      yield* announce(serving.bound)
      yield* Deferred.await(serving.ended)
    }, Effect.scoped)
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
