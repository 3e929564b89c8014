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
import { location } from "./DataSetting.ts"
import { placeOf, Reachable } from "./Reachable.ts"
import type { Services } from "./Service.ts"

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
      "Where the server is: tcp://HOST:PORT, tls://HOST:PORT or unix:PATH (default: where this machine serves it)"
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
  ...location
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

/** Flags of one protocol's own. */
export type Flags = Command.Command.FlagConfig

/** How people talk to a protocol. */
export interface How<P extends Protocol.Any, F extends Flags> {
  readonly description: string
  readonly examples: ReadonlyArray<Command.Command.Example>
  readonly flags?: F
  /** Loads how it is typed and read. */
  readonly dialect: (flags: Command.Command.Config.Infer<F>) => Promise<Dialect<P>>
}

/** The subcommand for one protocol, which is served there by default with this data directory. */
export const to = <P extends Protocol.Any, F extends Flags>(
  protocol: string,
  byDefault: (data: string) => Reachable,
  { description, dialect, examples, flags }: How<P, F>
) =>
  Command.make(
    protocol,
    { shared, own: flags ?? {} },
    Effect.fnUntraced(function* ({ own, shared }) {
      const endpoint = yield* placeOf(shared.endpoint, protocol, shared, byDefault)
      const tls = yield* tlsOf(shared)
      // What is parsed with these flags is told of them.
      const [{ converse }, loaded] = yield* Effect.promise(() =>
        Promise.all([import("./connect/Conversation.ts"), dialect(own as Command.Command.Config.Infer<F>)])
      )
      yield* converse(loaded, { endpoint, tls, json: shared.json })
    })
  ).pipe(Command.withDescription(description), Command.withExamples(examples))

/** The subcommand and its own, one a protocol. */
export const connect = (services: Services) => {
  const [first, ...others] = services
  return Command.make("connect").pipe(
    Command.withDescription(
      "Talk to a server: on a terminal with completion and history, else from standard input, message by message"
    ),
    Command.withSubcommands([first.connect, ...others.map(({ connect }) => connect)]),
    Command.withExamples(services.flatMap(({ connect }) => connect.examples.slice(0, 1)))
  )
}
