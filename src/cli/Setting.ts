/**
 * Settings of the command line: each is a flag, `--max-connections 100`, and an environment variable,
 * `WIRELINE_MAX_CONNECTIONS=100`; the flag wins.
 */
import { Config, Duration, Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import { Flag } from "effect/cli"

/** A setting that is written as text and read with a Schema; a bad value is refused with what the Schema expects. */
export const make = <A>(name: string, schema: Schema.Codec<A, string>, description: string): Flag.Flag<A> =>
  Flag.String(name).pipe(
    Flag.withFallbackConfig(Config.String(variable(name))),
    Flag.withSchema(schema),
    Flag.withDescription(`${description} [${variable(name)}]`)
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
      const match = /^(\d{1,9})(s|m|h)$/.exec(text)
      if (text === "off") return Effect.succeed(Duration.infinity)
      if (match === null || Number(match[1]) === 0)
        return Effect.fail(expected("a time such as 30s, 10m or 2h, or off"))
      return Effect.succeed(Duration.seconds(Number(match[1]) * seconds[match[2] as keyof typeof seconds]))
    }),
    encode: SchemaGetter.transform((time: Duration.Duration) =>
      Duration.isFinite(time) ? `${Duration.toSeconds(time)}s` : "off"
    )
  })
)

const seconds = { s: 1, m: 60, h: 3600 }

const expected = (what: string) => new SchemaIssue.InvalidValue({ message: `Expected ${what}` })
