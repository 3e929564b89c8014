/** An OpenTelemetry collector for tests: an HTTP server that keeps what it is sent. */
import { Effect, Schema, type Scope } from "effect"
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http"
import { text } from "node:stream/consumers"

const Value = Schema.Struct({
  stringValue: Schema.optional(Schema.String),
  intValue: Schema.optional(Schema.Union([Schema.String, Schema.Number]))
})

const Attributes = Schema.Array(Schema.Struct({ key: Schema.String, value: Value }))

const Point = Schema.Struct({
  attributes: Attributes,
  asDouble: Schema.optional(Schema.Number),
  count: Schema.optional(Schema.Number),
  sum: Schema.optional(Schema.Number)
})

const Points = Schema.optional(
  Schema.Struct({ dataPoints: Schema.Array(Point), isMonotonic: Schema.optional(Schema.Boolean) })
)

const Metric = Schema.Struct({
  name: Schema.String,
  unit: Schema.String,
  sum: Points,
  gauge: Points,
  histogram: Points
})

const Span = Schema.Struct({
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  name: Schema.String
})

const Record = Schema.Struct({ severityText: Schema.String, body: Value, attributes: Attributes })

const Resource = Schema.Struct({ attributes: Attributes })

const Body = Schema.fromJsonString(
  Schema.Struct({
    resourceLogs: Schema.optional(
      Schema.Array(
        Schema.Struct({
          resource: Resource,
          scopeLogs: Schema.Array(Schema.Struct({ logRecords: Schema.Array(Record) }))
        })
      )
    ),
    resourceMetrics: Schema.optional(
      Schema.Array(
        Schema.Struct({
          resource: Resource,
          scopeMetrics: Schema.Array(Schema.Struct({ metrics: Schema.Array(Metric) }))
        })
      )
    ),
    resourceSpans: Schema.optional(
      Schema.Array(
        Schema.Struct({
          resource: Resource,
          scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) }))
        })
      )
    )
  })
)

/** A request that was made of the collector. */
export interface Export {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: typeof Body.Type
}

export interface Collector {
  readonly url: string
  readonly exports: ReadonlyArray<Export>
  readonly logs: () => ReadonlyArray<typeof Record.Type>
  readonly metrics: () => ReadonlyArray<typeof Metric.Type>
  readonly spans: () => ReadonlyArray<typeof Span.Type>
}

/** The attributes by their keys. */
export const attributesOf = (attributes: typeof Attributes.Type): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]))

/** An HTTP server on a free port, until the scope ends. */
export const listen = (onRequest: RequestListener): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<Server>((resume) => {
        const server = createServer(onRequest)
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    (server) => {
      const address = server.address()
      if (typeof address !== "object" || address === null) throw new Error("it does not listen")
      return `http://127.0.0.1:${address.port}`
    }
  )

/** A collector that takes all that it is sent. */
export const collector: Effect.Effect<Collector, never, Scope.Scope> = Effect.gen(function* () {
  const exports: Array<Export> = []
  const url = yield* listen((request, response) => {
    void text(request).then((text) => {
      const { headers, url: path = "" } = request
      exports.push({ path, headers, text, body: Schema.decodeUnknownSync(Body)(text) })
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  return {
    url,
    exports,
    logs: () =>
      exports.flatMap(({ body }) =>
        (body.resourceLogs ?? []).flatMap(({ scopeLogs }) =>
          scopeLogs.flatMap(({ logRecords }) => logRecords)
        )
      ),
    metrics: () =>
      exports.flatMap(({ body }) =>
        (body.resourceMetrics ?? []).flatMap(({ scopeMetrics }) =>
          scopeMetrics.flatMap(({ metrics }) => metrics)
        )
      ),
    spans: () =>
      exports.flatMap(({ body }) =>
        (body.resourceSpans ?? []).flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
      )
  }
})
