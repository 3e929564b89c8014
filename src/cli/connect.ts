/**
 * `wireline connect`: talks to a server in the words of its protocol, as a terminal or as a script.
 *
 * What a conversation is made of is loaded when there is one.
 */
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type * as Endpoint from "../Endpoint.ts"
import type * as Protocol from "../Protocol.ts"
import type { Dialect } from "./connect/Dialect.ts"
import { data } from "./DataSetting.ts"
import * as ExonSetting from "./ExonSetting.ts"
import { Reachable } from "./Reachable.ts"
import * as RscpSetting from "./RscpSetting.ts"
import * as SecLsmManagerSetting from "./SecLsmManagerSetting.ts"
import * as SmsSetting from "./SmsSetting.ts"

const file = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withSchema(Schema.NonEmptyString),
    Flag.withMetavar("FILE"),
    Flag.withDescription(description),
    Flag.optional
  )

/** What every conversation is told. */
const shared = {
  endpoint: Argument.String("endpoint").pipe(
    Argument.withSchema(Reachable),
    Argument.withMetavar("ENDPOINT"),
    Argument.withDescription(
      "Where the server is: tcp://HOST:PORT, tls://HOST:PORT or unix:PATH (default: where it is served by default)"
    ),
    Argument.optional
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Print replies as JSON objects, one a line")
  ),
  tlsCa: file("tls-ca", "The authorities of the server's certificate in PEM (default: those of Node.js)"),
  tlsCert: file("tls-cert", "A certificate to show to the server in PEM"),
  tlsKey: file("tls-key", "The private key of that certificate in PEM, not encrypted"),
  data
}

type Shared = Command.Command.Config.Infer<typeof shared>

/** A certificate without its key, or a key without its certificate. */
class HalfAnIdentity extends Schema.TaggedError<HalfAnIdentity>()("HalfAnIdentity", {
  missing: Schema.String
}) {
  override get message(): string {
    return `a certificate is shown with its key; give ${this.missing}`
  }
}

const tlsOf = ({
  tlsCa,
  tlsCert,
  tlsKey
}: Shared): Effect.Effect<Endpoint.TlsClientOptions, HalfAnIdentity> => {
  const [ca, cert, key] = [tlsCa, tlsCert, tlsKey].map((file) => Option.getOrUndefined(file))
  if ((cert === undefined) !== (key === undefined)) {
    return Effect.fail(
      new HalfAnIdentity({ missing: `${cert === undefined ? "--tls-cert" : "--tls-key"} FILE` })
    )
  }
  return Effect.succeed({
    ...(ca === undefined ? {} : { ca: { file: ca } }),
    ...(cert === undefined || key === undefined
      ? {}
      : { identity: { cert: { file: cert }, key: { file: key } } })
  })
}

const talk = Effect.fnUntraced(function* <P extends Protocol.Any>(
  given: Shared,
  byDefault: Reachable,
  load: () => Promise<Dialect<P>>
) {
  const endpoint = Option.getOrElse(given.endpoint, () => byDefault)
  const tls = yield* tlsOf(given)
  const [{ converse }, dialect] = yield* Effect.promise(() =>
    Promise.all([import("./connect/Conversation.ts"), load()])
  )
  yield* converse(dialect, { endpoint, tls, json: given.json })
})

const exon = Command.make("exon", shared, (given) =>
  talk(given, ExonSetting.defaultEndpoint, async () => (await import("./connect/exon.ts")).exon)
).pipe(
  Command.withDescription("Talk to Exon, the inventory"),
  Command.withExamples([
    { command: "wireline connect exon", description: "Talk to the server on this machine" },
    {
      command: "echo 'list' | wireline connect exon --json | jq -r '.data[].name'",
      description: "The names of the newest items, from a script"
    }
  ])
)

const rscp = Command.make("rscp", shared, (given) =>
  talk(given, RscpSetting.defaultEndpoint, async () => (await import("./connect/rscp.ts")).rscp)
).pipe(
  Command.withDescription("Talk to RSCP, the calculator"),
  Command.withExamples([
    {
      command: "wireline connect rscp tls://calculator.example.org:6556 --tls-ca ca.pem",
      description: "Talk to a server of one's own authority over TLS"
    },
    {
      command: "printf 'CONNECT REQUEST\\nFUNCTION:ID=2:PARAM1=90\\n' | wireline connect rscp",
      description: "Compute in a script"
    }
  ])
)

const secLsmManager = Command.make("sec-lsm-manager", shared, (given) =>
  talk(
    given,
    SecLsmManagerSetting.defaultEndpoint(given.data),
    async () => (await import("./connect/sec-lsm-manager.ts")).secLsmManager
  )
).pipe(
  Command.withDescription("Talk to sec-lsm-manager"),
  Command.withExamples([
    {
      command: "wireline connect sec-lsm-manager unix:/run/sec-lsm-manager.socket < install-demo",
      description: "Install an application from a script; status 1 where anything was refused"
    }
  ])
)

const sms = Command.make(
  "sms",
  {
    ...shared,
    number: Flag.String("number").pipe(
      Flag.withSchema(Schema.NonEmptyString),
      Flag.withMetavar("NUMBER"),
      Flag.withDescription(
        "Talk as this number: every line is a text of it, and no answer is sent out (default: lines are JSON objects)"
      ),
      Flag.optional
    )
  },
  (given) =>
    talk(given, SmsSetting.defaultEndpoint(given.data), async () => {
      const { documents, textsOf } = await import("./connect/sms.ts")
      return Option.match(given.number, { onNone: () => documents, onSome: textsOf })
    })
).pipe(
  Command.withDescription("Talk to the SMS shell, as a gateway or as a number"),
  Command.withExamples([
    { command: "wireline connect sms --number +33612345678", description: "See what a number may do" }
  ])
)

/** The subcommand and its own, one a protocol. */
export const connect = Command.make("connect").pipe(
  Command.withDescription(
    "Talk to a server: on a terminal with completion and history, else from standard input, message by message"
  ),
  Command.withSubcommands([exon, rscp, secLsmManager, sms]),
  Command.withExamples([
    { command: "wireline connect exon", description: "Talk to the Exon server on this machine" },
    {
      command: "wireline connect sms --number +33612345678",
      description: "Text the SMS shell without a telephone"
    }
  ])
)
