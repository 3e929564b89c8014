/**
 * Settings of the command line: each is a flag, `--max-connections 100`, and an environment variable,
 * `WIRELINE_MAX_CONNECTIONS=100`; the flag wins.
 */
import { Config, Duration, Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import { Flag } from "effect/cli"
import * as TimeSpan from "../TimeSpan.ts"
import * as Endpoint from "../Endpoint.ts"

/** A setting that is written as text and read with a Schema; a bad value is refused with what the Schema expects. */
export const make = <A>(name: string, schema: Schema.Codec<A, string>, description: string): Flag.Flag<A> =>
  Flag.String(name).pipe(
    Flag.withFallbackConfig(Config.String(variable(name))),
    Flag.withSchema(schema),
    Flag.withDescription(`${description} [${variable(name)}]`)
  )

/** Where a protocol is served: an endpoint, or `off`; its name is the flag's. */
export const endpoint = (protocol: string, description: string, byDefault: string) =>
  make(
    protocol,
    Schema.Union([Schema.Literal("off"), Endpoint.FromString]),
    `${description}: tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, fd:NAME, stdio: or off (default: ${byDefault})`
  ).pipe(Flag.withMetavar("ENDPOINT"), Flag.optional)

/** The longest frame of a protocol. */
export const maxFrame = (protocol: string, frame: string, byDefault: number) =>
  make(`${protocol}-max-frame`, Count, `The longest ${frame} in bytes (default: ${byDefault})`).pipe(
    Flag.withMetavar("BYTES"),
    Flag.withDefault(byDefault)
  )

const variable = (name: string): string => `WIRELINE_${name.toUpperCase().replaceAll("-", "_")}`

/** A whole number of at least 1. */
export const Count = Schema.String.pipe(
  Schema.decodeTo(Schema.Int.check(Schema.isGreaterThan(0)), {
    decode: SchemaGetter.transformEffect((text: string) =>
      /^\d{1,15}$/.test(text) ? Effect.succeed(Number(text)) : Effect.fail(expected("a whole number above 0"))
    ),
    encode: SchemaGetter.transform(String)
  })
)

/** A length of time, `30s`, `10m`, `2h`, or `off` for no limit. */
export const TimeLimit = Schema.String.pipe(
  Schema.decodeTo(Schema.Duration, {
    decode: SchemaGetter.transformEffect((text: string) => {
      const time = text === "off" ? Duration.infinity : TimeSpan.parse(text)
      return time === undefined
        ? Effect.fail(expected("a time such as 30s, 10m or 2h, or off"))
        : Effect.succeed(time)
    }),
    encode: SchemaGetter.transform((time: Duration.Duration) =>
      Duration.isFinite(time) ? TimeSpan.format(time) : "off"
    )
  })
)

const expected = (what: string) => new SchemaIssue.InvalidValue({ message: `Expected ${what}` })
