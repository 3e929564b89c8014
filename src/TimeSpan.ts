/**
 * A length of time as an operator writes it: `30s`, `10m`, `2h`.
 */
import { Duration, Effect, Schema, SchemaGetter, SchemaIssue } from "effect"

const seconds = { s: 1, m: 60, h: 3600 }

/** A whole number of seconds, minutes or hours above 0; `undefined` for what is none. */
export const parse = (text: string): Duration.Duration | undefined => {
  const [, count, unit] = /^(\d{1,9})([smh])$/.exec(text) ?? []
  return unit === undefined || Number(count) === 0
    ? undefined
    : Duration.seconds(Number(count) * seconds[unit as keyof typeof seconds])
}

/** In the largest unit of which it is a whole number, so that it is read again. */
export const format = (time: Duration.Duration): string => {
  const length = Duration.toSeconds(time)
  const unit = (["h", "m"] as const).find((unit) => length % seconds[unit] === 0) ?? "s"
  return `${length / seconds[unit]}${unit}`
}

/** Such a text as a `Duration`. What is none fails with one line. */
export const TimeSpan: Schema.Codec<Duration.Duration, string> = Schema.String.pipe(
  Schema.decodeTo(Schema.Duration, {
    decode: SchemaGetter.transformEffect((text: string) => {
      const time = parse(text)
      return time === undefined ? Effect.fail(notASpan) : Effect.succeed(time)
    }),
    encode: SchemaGetter.transform(format)
  })
)

const notASpan = new SchemaIssue.InvalidValue({ message: "Expected a time such as 30s, 10m or 2h" })
