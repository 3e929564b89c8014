/** The SMS shell for tests, in the test's own process, where time is the test's. */
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { Context, DateTime, Duration, Effect, Layer, Schema, type Scope } from "effect"
import { Accounts } from "../../src/accounts/Accounts.ts"
import { Codes } from "../../src/protocols/sms/Codes.ts"
import { Configuration } from "../../src/protocols/sms/Configuration.ts"
import { Gateway } from "../../src/protocols/sms/Gateway.ts"
import { Mail } from "../../src/protocols/sms/Mail.ts"
import { Outbox } from "../../src/protocols/sms/Outbox.ts"
import * as SmsServer from "../../src/protocols/sms/Server.ts"
import { Sessions } from "../../src/protocols/sms/Sessions.ts"
import { Shell } from "../../src/protocols/sms/shell/Shell.ts"
import { StorageUnavailable } from "../../src/protocols/sms/StorageUnavailable.ts"
import type * as Server from "../../src/Server.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { serveOn, tcp } from "./Probe.ts"
import { cheap } from "./ServedExon.ts"
import type { Served } from "./Talk.ts"

/** A text on its way out. */
export interface Sent {
  readonly number: string
  readonly text: string
}

/** An outbox that keeps what it is to send in the order in which it came; it may be off, or its database be broken. */
export const outboxOf = (sent: Array<Sent>, state: "on" | "off" | "broken" = "on"): Layer.Layer<Outbox> =>
  Layer.succeed(Outbox, {
    sends: state !== "off",
    send: (number, text) =>
      state === "broken"
        ? Effect.fail(new StorageUnavailable({ cause: new Error("disk full") }))
        : Effect.sync(() => void sent.push({ number, text })),
    scheduled: () => Effect.succeed(0),
    waiting: Effect.sync(() => ({ count: sent.length, due: sent.length, oldest: Duration.zero }))
  })

/** A server in this process. */
export interface Here extends Served {
  readonly accounts: Accounts["Service"]
  readonly gateway: Gateway["Service"]
  readonly sent: ReadonlyArray<Sent>
}

export interface Options {
  /** The `[sms]` table, as it is in the file. */
  readonly configuration?: typeof Configuration.Encoded
  readonly outbox?: "on" | "off" | "broken"
  readonly limits?: Server.Limits
  /** Stands in for the real one. */
  readonly shell?: Layer.Layer<Shell>
}

const platform = NodeChildProcessSpawner.layer.pipe(
  Layer.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer))
)

/** Serves with sessions and accounts of its own, in memory. */
export const serveSms = (options: Options = {}): Effect.Effect<Here, never, Scope.Scope> =>
  Effect.gen(function* () {
    const configuration = Schema.decodeSync(Configuration)(options.configuration ?? {})
    const sent: Array<Sent> = []
    const shell =
      options.shell ??
      Shell.layer({ commands: configuration.commands, programs: configuration.programs }).pipe(
        Layer.provide([
          Sessions.layer({ timeToLive: configuration.session_time }),
          Codes.layer,
          Mail.layerNone
        ])
      )
    const services = yield* Layer.buildWithMemoMap(
      Gateway.layer(configuration).pipe(
        Layer.provide(shell),
        Layer.provide([outboxOf(sent, options.outbox), platform]),
        Layer.provideMerge(Layer.provide(Accounts.layerKdf({ costs: cheap }), NodeCrypto.layerKdf)),
        Layer.provide(Sqlite.layer({ filename: ":memory:" }))
      ),
      Layer.makeMemoMapUnsafe(),
      yield* Effect.scope
    )
    const { endpoint } = yield* serveOn(
      tcp,
      Layer.provide(SmsServer.layer(options.limits), Layer.succeedContext(services))
    )
    return {
      endpoint: { ...tcp, port: endpoint.port },
      accounts: Context.get(services, Accounts),
      gateway: Context.get(services, Gateway),
      sent
    }
  }).pipe(Effect.orDie)

/** A message as a gateway hands it over, without an LF. */
export const message = (text: string, more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ sms_number: "+33612345678", sms_text: text, ...more })

/** What a reply says, its chain aside. */
export const said = (reply: string): Readonly<Record<string, unknown>> => {
  const { chain: _, ...rest } = JSON.parse(reply) as Record<string, unknown>
  return rest
}

/** The replies in what a server has sent, one a line. */
export const repliesIn = (received: string): ReadonlyArray<string> => {
  const lines = received.split("\n")
  if (lines.pop() !== "") throw new Error("the last reply has no LF")
  return lines
}

/** The steps of a reply, and when: `received 3`. */
export const steps = (reply: string): ReadonlyArray<string> =>
  (JSON.parse(reply) as { readonly chain: ReadonlyArray<readonly [string, number]> }).chain.map(
    ([step, at]) => `${step} ${at}`
  )

/** The time of the test's clock in Unix seconds. */
export const now = Effect.map(DateTime.now, ({ epochMilliseconds }) => Math.floor(epochMilliseconds / 1000))
