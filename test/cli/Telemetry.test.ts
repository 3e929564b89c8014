/** What a server sends to an OpenTelemetry collector, and what becomes of the server when there is none. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Option, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { problemOf } from "../../src/cli/Configuration.ts"
import * as Telemetry from "../../src/cli/Telemetry.ts"
import { TraceSampling } from "../../src/server/TraceSampling.ts"
import { attributesOf, type Collector, collector, listen } from "../support/Collector.ts"
import { serve } from "../support/ServedAll.ts"
import { outcomeOf, repository, type Started, type StartOptions, wireline } from "../support/Started.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import { answersOf } from "../support/Talk.ts"

const secLsmManager = (data: string) => ({
  endpoint: { _tag: "Unix", path: join(data, "sec-lsm-manager.socket") } as const
})

/** The only value of a metric with these labels. */
const pointOf = ({ metrics }: Collector, name: string, labels: Readonly<Record<string, string>>) => {
  const found = metrics().flatMap((metric) =>
    metric.name === name
      ? [metric.sum, metric.gauge, metric.histogram].flatMap((points) =>
          (points?.dataPoints ?? []).filter(({ attributes }) => {
            const given = attributesOf(attributes)
            return Object.entries(labels).every(([label, value]) => given[label] === value)
          })
        )
      : []
  )
  assert.lengthOf(found, 1, name)
  return found[0]!
}

describe.concurrent("A server with --otlp", () => {
  it.live("sends logs, metrics and traces of what it serves, in the name of wireline, and no secret", () =>
    Effect.gen(function* () {
      const sent = yield* collector
      const { data, exon, process } = yield* serve("--otlp", `${sent.url}/`, "--trace-sample", "1")
      yield* answersOf(secLsmManager(data), "log on\nid ab\nid ab\nnonsense\n")
      const password = "correct horse battery"
      const [reply] = (yield* answersOf(
        { endpoint: { _tag: "Unix", path: exon.replace("unix:", "") } },
        `auth username="ada"::passwd="${password}"\n`
      )).split("\n")
      assert.match(reply!, /"status":"error"/)
      yield* answersOf(
        { endpoint: { _tag: "Unix", path: join(data, "sms.socket") } },
        `{"sms_number": "+33612345678", "sms_text": "login password ${password.replaceAll(" ", "-")}"}\n`
      )
      yield* process.signal("SIGTERM")
      const { code, stderr } = yield* process.exit
      assert.strictEqual(code, 0)

      assert.sameMembers(
        [...new Set(sent.exports.map(({ path }) => path))],
        ["/v1/logs", "/v1/metrics", "/v1/traces"]
      )
      const { version }: { version: string } = JSON.parse(
        readFileSync(join(repository, "package.json"), "utf8")
      )
      for (const { body, text } of sent.exports) {
        for (const { resource } of [
          ...(body.resourceLogs ?? []),
          ...(body.resourceMetrics ?? []),
          ...(body.resourceSpans ?? [])
        ]) {
          const attributes = attributesOf(resource.attributes)
          assert.deepStrictEqual(
            [attributes["service.name"], attributes["service.version"]],
            ["wireline", version]
          )
        }
        assert.notMatch(text, /correct.horse/)
      }

      // Whatever is logged is sent, and still written.
      const logged = sent.logs()[0]!
      assert.strictEqual(logged.body.stringValue, "s->c done on")
      assert.strictEqual(logged.severityText, "Info")
      assert.include(attributesOf(logged.attributes), {
        protocol: "sec-lsm-manager",
        peer: "unix",
        request: "1-1"
      })
      assert.strictEqual(sent.logs().length, stderr.trimEnd().split("\n").length)
      assert.match(stderr, /^\{"timestamp":"[^"]+","level":"INFO","message":"s->c done on",/)

      const labels = { protocol: "sec-lsm-manager", command: "id" }
      const requests = (outcome: string) =>
        pointOf(sent, "wireline_requests_total", { ...labels, outcome }).asDouble
      assert.deepStrictEqual([requests("ok"), requests("error"), requests("died")], [1, 1, 0])
      const durations = pointOf(sent, "wireline_request_duration_seconds", labels)
      assert.strictEqual(durations.count, 2)
      assert.isAbove(durations.sum!, 0)
      assert.isBelow(durations.sum!, 60)
      for (const { name, unit } of sent.metrics()) {
        assert.strictEqual(unit, name.endsWith("_seconds") ? "s" : "", name)
      }

      const login = sent.spans().find(({ name }) => name === "Accounts.login")!
      const children = sent.spans().filter(({ parentSpanId }) => parentSpanId === login.spanId)
      assert.includeMembers(
        children.map(({ name }) => name),
        ["Attempts.refuseLocked", "Attempts.begin", "Derivation.verify"]
      )
      for (const { traceId } of children) assert.strictEqual(traceId, login.traceId)
    })
  )

  it.live("sends the headers of OTEL_EXPORTER_OTLP_HEADERS, and says in one line where they are none", () =>
    Effect.gen(function* () {
      const sent = yield* collector
      const data = yield* temporaryDirectory
      const args = ["--data", data, "--otlp", sent.url]
      const withHeaders = (headers: string): StartOptions => ({
        env: { OTEL_EXPORTER_OTLP_HEADERS: headers }
      })
      const server = yield* wireline(args, withHeaders("authorization=Basic%20d2lyZQ==, x-tenant=one"))
      yield* server.says("stdout", /\n/)
      yield* server.signal("SIGTERM")
      yield* server.exit
      assert.isNotEmpty(sent.exports)
      for (const { headers } of sent.exports) {
        assert.include(headers, { authorization: "Basic d2lyZQ==", "x-tenant": "one" })
      }
      for (const headers of ["key=hunter%2", "key=hunter%0a2", "a key=hunter2", "hunter2"]) {
        const { code, stderr } = yield* outcomeOf(args, withHeaders(headers))
        assert.strictEqual(code, 1)
        assert.match(stderr, /^wireline: OTEL_EXPORTER_OTLP_HEADERS [^\n]*Expected NAME=VALUE [^\n]*\n$/)
        assert.notInclude(stderr, "hunter")
      }
    })
  )

  it.live("serves, says once that the collector cannot be reached, and ends in time", () =>
    Effect.gen(function* () {
      // Nobody listens there any more.
      const url = yield* Effect.scoped(listen(() => {}))
      const { data, process } = yield* serve("--otlp", url)
      assert.strictEqual(yield* answersOf(secLsmManager(data), "log on\nlog off\n"), "done on\ndone off\n")
      yield* process.says("stderr", /ECONNREFUSED/)
      const { stderr } = yield* servesAndEnds(data, process)
      const warnings = stderr.split("\n").filter((line) => line.includes('"WARN"'))
      assert.lengthOf(warnings, 1)
      assert.include(warnings[0], `${url} does not take traces, metrics or logs`)
    })
  )

  it.live("serves and ends in time while the collector refuses everything", () =>
    Effect.gen(function* () {
      const url = yield* listen((request, response) => {
        request.resume()
        response.writeHead(429, { "retry-after": "3600" }).end()
      })
      const { data, process } = yield* serve("--otlp", url)
      yield* answersOf(secLsmManager(data), "log on\n")
      yield* process.says("stderr", /it answers with status 429/)
      yield* servesAndEnds(data, process)
    })
  )

  it.live("drops what it cannot send while requests wait for an answer that never ends", () =>
    Effect.gen(function* () {
      let requests = 0
      const url = yield* listen((request, response) => {
        request.resume()
        response.writeHead(200).write("and then nothing")
        requests++
      })
      const { data, process } = yield* serve("--otlp", url)
      // Each of these logs two entries, and a request has a thousand of them.
      yield* answersOf(secLsmManager(data), `log on\n${"display\n".repeat(10_000)}`)
      yield* process.says("stderr", / 8 requests wait for its answer;/)
      assert.isAtMost(requests, 8)
      yield* servesAndEnds(data, process)
    })
  )
})

/** A server that still serves, and that a signal ends, within a few seconds. */
const servesAndEnds = (data: string, { exit, signal }: Started) =>
  Effect.gen(function* () {
    assert.strictEqual(yield* answersOf(secLsmManager(data), "log on\nlog off\n"), "done on\ndone off\n")
    const before = performance.now()
    yield* signal("SIGTERM")
    const outcome = yield* exit
    assert.strictEqual(outcome.code, 0)
    assert.isBelow(performance.now() - before, 10_000)
    return outcome
  })

describe("The collector of --otlp", () => {
  it.live(
    "has an http:// or https:// URL and nothing but a path after that, and anything else is refused",
    () =>
      Effect.gen(function* () {
        const { about } = Telemetry.settings.otlp
        for (const url of ["http://localhost:4318", "https://otlp.example/in/", "http://[::1]"]) {
          assert.isUndefined(problemOf(about, url), url)
        }
        for (const url of [
          "localhost:4318",
          "tcp://a:1",
          "http://",
          "http://u@a",
          "http://a?b",
          "http://a#",
          ""
        ]) {
          assert.match(problemOf(about, url)!, /^Expected an http:\/\/ or https:\/\/ URL/, url)
        }
        const { code, stderr } = yield* outcomeOf(["--otlp", "localhost:4318"])
        assert.strictEqual(code, 1)
        assert.match(stderr, /^wireline: [^\n]*--otlp[^\n]* Expected an http:\/\/ or https:\/\/ URL[^\n]*\n$/)
      })
  )

  it.live("gets nothing of what is redacted", () =>
    Effect.gen(function* () {
      const sent = yield* collector
      const token = Redacted.make("s3cret")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { context } = yield* Telemetry.start({ otlp: Option.some(sent.url), traceSample: 1 }, "1")
          yield* Effect.logInfo("logged in with", token, { token }).pipe(
            Effect.annotateLogs({ token, all: [token] }),
            Effect.withSpan("login", { attributes: { token, all: [token] } }),
            Effect.provideContext(context)
          )
        }).pipe(Effect.provide(Logger.layer([])))
      )
      assert.lengthOf(sent.logs(), 1)
      assert.lengthOf(sent.spans(), 1)
      for (const { text } of sent.exports) assert.notInclude(text, "s3cret")
    })
  )
})

describe("The share of --trace-sample", () => {
  it("is a number from 0 to 1, as a file can have it", () => {
    const { about } = Telemetry.settings.traceSample
    for (const ratio of ["0", "1", "0.25", "1.0", "1e-7"]) assert.isUndefined(problemOf(about, ratio), ratio)
    for (const ratio of ["", "1.1", "-0", "2", ".5", "0x1", "5%", "1e2", "NaN", " 1"]) {
      assert.strictEqual(problemOf(about, ratio), "Expected a number from 0 to 1", ratio)
    }
  })

  /** Does it with this telemetry, and gives the names of the spans that were sent. */
  const spansOf = (traceSample: number, work: Effect.Effect<void>) =>
    Effect.gen(function* () {
      const sent = yield* collector
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { context } = yield* Telemetry.start({ otlp: Option.some(sent.url), traceSample }, "1")
          assert.strictEqual(yield* Effect.provideContext(TraceSampling, context), traceSample)
          yield* Effect.provideContext(work, context)
        })
      )
      return sent.spans().map(({ name }) => name)
    })

  const work = Effect.all(
    [
      Effect.void.pipe(Effect.withSpan("query"), Effect.withSpan("background")),
      Effect.void.pipe(Effect.withSpan("login"), Effect.withSpan("request", { kind: "server" }))
    ],
    { discard: true }
  )

  it.live("decides on spans without a parent; on those of requests, who makes them has decided", () =>
    Effect.gen(function* () {
      assert.sameMembers(yield* spansOf(0, work), ["request", "login"])
      assert.sameMembers(yield* spansOf(1, work), ["query", "background", "request", "login"])
    })
  )

  it.live("is nothing without --otlp", () =>
    Effect.gen(function* () {
      const { context } = yield* Telemetry.start({ otlp: Option.none(), traceSample: 1 }, "1")
      assert.strictEqual(yield* Effect.provideContext(TraceSampling, context), 0)
    })
  )
})

describe("The modules for --otlp", () => {
  /** Writes the address of each module that is loaded to standard error. */
  const tracing = `data:text/javascript,${encodeURIComponent(
    'import { registerHooks } from "node:module"; registerHooks({ load: (url, context, next) => (process.stderr.write(url + "\\n"), next(url, context)) })'
  )}`

  it.live("are loaded with it alone", () =>
    Effect.gen(function* () {
      const { url } = yield* collector
      const loaded = (...args: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const data = yield* temporaryDirectory
          const server = yield* wireline(["--data", data, ...args], {
            env: { NODE_OPTIONS: `--import=${tracing}` },
            fromSources: true
          })
          yield* server.says("stdout", /\n/)
          yield* server.signal("SIGTERM")
          const { stderr } = yield* server.exit
          assert.include(stderr, "/cli/serve.")
          return ["observability/Otlp", "http/FetchHttpClient"].filter((name) => stderr.includes(name))
        })
      assert.deepStrictEqual(yield* loaded(), [])
      assert.deepStrictEqual(yield* loaded("--otlp", url), ["observability/Otlp", "http/FetchHttpClient"])
    })
  )
})
