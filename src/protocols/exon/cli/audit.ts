/**
 * `wireline audit`: who did what to the items of Exon, and who logged in, oldest first.
 */
import { Clock, DateTime, Effect, Option, Schema, SchemaGetter, SchemaIssue, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import * as AuditTrail from "../AuditTrail.ts"
import * as Moment from "../Moment.ts"
import { migrate } from "../Tables.ts"
import * as DataDatabase from "../../../cli/DataDatabase.ts"
import { location } from "../../../cli/DataSetting.ts"
import * as Output from "../../../cli/Output.ts"
import { printable } from "../../../cli/Printable.ts"

/** A moment, or how long ago it is, in milliseconds. */
type Since = { readonly at: number } | { readonly ago: number }

const milliseconds = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const parseSince = (text: string): Since | undefined => {
  const [, count, unit] = /^(\d{1,9})(s|m|h|d)$/.exec(text) ?? []
  if (unit !== undefined) return { ago: Number(count) * milliseconds[unit as keyof typeof milliseconds] }
  const at = Moment.parse(text, "local")
  return at === undefined ? undefined : { at }
}

const Since = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Union([Schema.Struct({ at: Schema.Number }), Schema.Struct({ ago: Schema.Number })]),
    {
      decode: SchemaGetter.transformEffect((text: string) => {
        const since = parseSince(text)
        return since === undefined
          ? Effect.fail(
              new SchemaIssue.InvalidValue({
                message: "Expected 30s, 10m, 2h, 7d, or a time such as 2026-01-31T13:45"
              })
            )
          : Effect.succeed(since)
      }),
      encode: SchemaGetter.transform((since: Since) =>
        "at" in since ? new Date(since.at).toISOString() : `${Math.round(since.ago / 1000)}s`
      )
    }
  )
)

const since = Flag.String("since").pipe(
  Flag.withSchema(Since),
  Flag.withMetavar("TIME"),
  Flag.withDescription(
    "Only what happened since: 30s, 10m, 2h or 7d ago, or an ISO 8601 time (local unless it has an offset)"
  ),
  Flag.optional
)

const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print a JSON object a line, times in UTC")
)

const asJson = ({ address, at, author, event, item }: AuditTrail.Entry): string =>
  JSON.stringify({ time: new Date(at).toISOString(), event, name: author, address, item: item ?? null })

/** Anybody may try to log in under any name, so a name is shown without what a terminal obeys. */
const asLine = ({ address, at, author, event, item }: AuditTrail.Entry, zone: DateTime.TimeZone): string =>
  [
    localTime(at, zone),
    event,
    printable(author),
    printable(address),
    ...(item === undefined ? [] : [item])
  ].join("\t")

const localTime = (at: number, zone: DateTime.TimeZone): string =>
  DateTime.formatIsoOffset(DateTime.makeZonedUnsafe(at, { timeZone: zone }))

/** The subcommand. */
export const audit = Command.make(
  "audit",
  { since, json, ...location },
  Effect.fnUntraced(function* ({ json, since }) {
    yield* migrate
    const now = yield* Clock.currentTimeMillis
    const zone = DateTime.zoneMakeLocal()
    const entries = AuditTrail.read({
      since: Option.getOrUndefined(Option.map(since, (since) => ("at" in since ? since.at : now - since.ago)))
    })
    yield* entries.pipe(
      Stream.mapArray((entries) => [
        entries.map((entry) => `${json ? asJson(entry) : asLine(entry, zone)}\n`).join("")
      ]),
      Output.toStandardOutput
    )
  })
).pipe(
  Command.withDescription(
    "Read who added, commented on and removed items of Exon, and who logged in or failed to"
  ),
  Command.provide(({ data }) => DataDatabase.layerExisting(data)),
  Command.withExamples([
    { command: "wireline audit --since 2h", description: "What happened in the last two hours" },
    {
      command: "wireline audit --json | jq 'select(.event == \"failed login\")'",
      description: "Who failed to log in"
    }
  ])
)
