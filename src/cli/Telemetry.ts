/**
 * `--otlp`: whether traces, metrics and logs leave the process, and where they go. The exporter is in `OtlpExport.ts`,
 * which is loaded only with `--otlp`: other starts need not wait for an HTTP client.
 */
import { Context, Effect, Option, Schema, type Scope } from "effect"
import type { Telemetry, TelemetryError } from "./OtlpExport.ts"
import * as Setting from "./Setting.ts"

/** `fetch` refuses a URL with a user, and `/v1/traces` cannot follow a query or a fragment. */
const isCollectorUrl = (text: string): boolean => {
  const url = URL.parse(text)
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username + url.password === "" &&
    !/[?#]/.test(url.href)
  )
}

const CollectorUrl = Schema.String.check(
  Schema.makeFilter(isCollectorUrl, {
    expected: "an http:// or https:// URL without user, query or fragment"
  })
)

/** A number as JavaScript and TOML both write it. */
const Ratio = Schema.String.check(
  Schema.isPattern(/^(?:0(?:\.\d+)?|1(?:\.0+)?)(?:e-\d+)?$/, { expected: "a number from 0 to 1" })
).pipe(Schema.decodeTo(Schema.FiniteFromString))

/** The flags. */
export const settings = {
  otlp: Setting.make(
    "otlp",
    CollectorUrl,
    "The OpenTelemetry collector that traces, metrics and logs are sent to over HTTP, such as http://127.0.0.1:4318"
  ).pipe(Setting.inTable("otlp"), Setting.withMetavar("URL"), Setting.optional()),
  traceSample: Setting.make(
    "trace-sample",
    Ratio,
    "With --otlp, the share of connections and requests that is traced, from 0 to 1 (default: 0.01)",
    { isNumber: true }
  ).pipe(Setting.inTable("otlp"), Setting.withMetavar("RATIO"), Setting.withDefault(0.01))
}

interface Given {
  readonly otlp: Option.Option<string>
  readonly traceSample: number
}

/** Exports until the scope closes; without `--otlp`, does nothing and loads nothing. */
export const start = Effect.fnUntraced(function* (
  { otlp, traceSample }: Given,
  version: string
): Effect.fn.Return<Telemetry, TelemetryError, Scope.Scope> {
  if (Option.isNone(otlp)) return { context: Context.empty(), flush: Effect.void }
  const { start } = yield* Effect.promise(() => import("./OtlpExport.ts"))
  return yield* start({ url: otlp.value, traceSample, version })
})
