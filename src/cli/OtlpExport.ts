/**
 * Sends traces, metrics and logs to an OpenTelemetry collector, as JSON over HTTP (OTLP). `Telemetry.ts` loads this when
 * `--otlp` is given.
 *
 * **Details**
 *
 * Logs are sent every second, spans every five seconds, metrics every ten seconds, and all of them once more at the end.
 * A log entry that is written within a span carries the span's identifiers. The log on standard error stays as it is.
 *
 * A collector that cannot be reached costs the server a little memory: Effect's exporter tries a batch four times, then
 * drops what it has and rests for a minute. Requests are limited in time and in number, so that this holds for a
 * collector that accepts connections and answers nothing, too.
 */
import { Clock, Config, Context, Effect, Layer, Option, References, Schema, type Scope, Tracer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Otlp from "effect/observability/Otlp"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import type { MetricsData } from "effect/observability/OtlpMetrics"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import { TraceSampling } from "../server/TraceSampling.ts"

/** What a server runs with. */
export interface Telemetry {
  /** The tracer, the loggers, and the share of what is traced. */
  readonly context: Context.Context<never>
  /** Sends what has been collected so far, within a second. */
  readonly flush: Effect.Effect<void>
}

/** A variable of OpenTelemetry cannot be read. Its value may be a secret, so the message does not show it. */
export class TelemetryError extends Schema.TaggedError<TelemetryError>()("TelemetryError", {}) {
  override get message(): string {
    return "OTEL_EXPORTER_OTLP_HEADERS or OTEL_RESOURCE_ATTRIBUTES: Expected NAME=VALUE pairs, separated by commas, with URL-encoded values"
  }
}

const requestTimeout = 10_000
const maxRequests = 8
const warningInterval = 10 * 60_000

/**
 * `fetch` with limits: on time, on requests at a time, and on what the answer may ask for. `Retry-After` would keep
 * batches in memory for as long as the collector likes, and a redirection would take the headers to another server.
 */
const limitedFetch = (): typeof fetch => {
  let requests = 0
  return async (url, init) => {
    if (requests >= maxRequests) throw new Error(`${requests} requests wait for its answer`)
    requests++
    try {
      const timeout = AbortSignal.timeout(requestTimeout)
      const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout
      const { body, status } = await fetch(url, { ...init, redirect: "manual", signal })
      // The connection can be used again once the answer has been read.
      for await (const _ of body ?? []);
      return new Response(null, { status })
    } finally {
      requests--
    }
  }
}

/** The client. It warns in the log, rarely, that the collector does not take what it is sent. */
const client = (url: string) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const clock = yield* Clock.Clock
      let warned = -Infinity
      const warn = (why: string) =>
        Effect.suspend(() => {
          const now = clock.currentTimeMillisUnsafe()
          if (now - warned < warningInterval) return Effect.void
          warned = now
          return Effect.logWarning(`${url} does not take traces, metrics or logs: ${why}; trying again`)
        }).pipe(Effect.provideService(References.CurrentLogAnnotations, {}))
      return client.pipe(
        HttpClient.tap(({ status }) =>
          status >= 200 && status < 300 ? Effect.void : warn(`it answers with status ${status}`)
        ),
        HttpClient.tapError((error) => warn(reasonOf(error)))
      )
    })
  ).pipe(Layer.provide(FetchHttpClient.layer), Layer.provide(Layer.sync(FetchHttpClient.Fetch, limitedFetch)))

/** The innermost cause: `fetch` itself says only that it failed. */
const reasonOf = (error: HttpClientError): string => {
  let innermost: Error = error
  while (innermost.cause instanceof Error) innermost = innermost.cause
  const code = "code" in innermost && typeof innermost.code === "string" ? innermost.code : innermost.name
  return innermost.message || code
}

/**
 * JSON in which metrics have their units. Prometheus has the unit at the end of the name, OTLP in a field. Effect fills
 * the field with `1` by default, and collectors that export to Prometheus append `_ratio` to such a gauge.
 */
const serialization = Layer.effect(
  OtlpSerialization.OtlpSerialization,
  Effect.map(OtlpSerialization.OtlpSerialization, (json) => ({
    ...json,
    metrics: (data: MetricsData) => json.metrics(withUnits(data))
  }))
).pipe(Layer.provide(OtlpSerialization.layerJson))

const withUnits = ({ resourceMetrics }: MetricsData): MetricsData => ({
  resourceMetrics: resourceMetrics.map((resource) => ({
    ...resource,
    scopeMetrics: resource.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.map((metric) =>
        metric.unit === "1" ? { ...metric, unit: metric.name.endsWith("_seconds") ? "s" : "" } : metric
      )
    }))
  }))
})

/**
 * Samples the spans without a parent: those of background work, and those within a request that has no span. Spans of
 * kind `server` are always kept: the server makes them for connections and requests that `TraceSampling` has chosen.
 */
const sampling = (ratio: number) =>
  Layer.effect(
    Tracer.Tracer,
    Effect.map(Tracer.Tracer, (tracer) =>
      Tracer.make({
        span: (options) =>
          tracer.span(
            Option.isNone(options.parent) && options.kind !== "server" && Math.random() >= ratio
              ? { ...options, sampled: false }
              : options
          )
      })
    )
  )

const Headers = Schema.Array(
  Schema.Tuple([
    Schema.String.check(Schema.isPattern(/^[\w!#$%&'*+.^`|~-]+$/)),
    Schema.StringFromUriComponent.check(Schema.isPattern(/^[\t\x20-\x7e\x80-\xff]*$/))
  ])
)

/** The headers of every request; operators put the key for their collector there. */
const headers = Effect.gen(function* () {
  const text = yield* Config.String("OTEL_EXPORTER_OTLP_HEADERS").pipe(Config.withDefault(""))
  const pairs = text
    .split(",")
    .filter((pair) => pair.trim() !== "")
    .map((pair) =>
      pair
        .split(/=(.*)/s)
        .slice(0, 2)
        .map((part) => part.trim())
    )
  return Object.fromEntries(yield* Schema.decodeUnknownEffect(Headers)(pairs))
})

/** Exports until the scope closes, and then sends what is left, for two seconds at most. */
export const start = Effect.fnUntraced(
  function* ({
    traceSample,
    url,
    version
  }: {
    readonly url: string
    readonly traceSample: number
    readonly version: string
  }): Effect.fn.Return<Telemetry, TelemetryError | Config.ConfigError | Schema.SchemaError, Scope.Scope> {
    const otlp = Otlp.layer({
      baseUrl: url,
      headers: yield* headers,
      resource: { serviceName: "wireline", serviceVersion: version },
      shutdownTimeout: "2 seconds"
    }).pipe(Layer.provide([client(url), serialization]))
    const context = yield* Layer.build(
      Layer.mergeAll(
        sampling(traceSample).pipe(Layer.provideMerge(otlp)),
        Layer.succeed(TraceSampling, traceSample)
      )
    )
    const { flush } = Context.get(context, OtlpExporter.Flusher)
    return {
      context,
      flush: flush.pipe(Effect.interruptible, Effect.timeoutOption("1 second"), Effect.asVoid)
    }
  },
  // Effect reads OTEL_RESOURCE_ATTRIBUTES itself and dies when it cannot.
  Effect.catchDefect((defect) =>
    defect instanceof Config.ConfigError ? Effect.fail(defect) : Effect.die(defect)
  ),
  Effect.catchTag(["ConfigError", "SchemaError"], () => new TelemetryError())
)
