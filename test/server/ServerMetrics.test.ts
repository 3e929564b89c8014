import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Metric, Schema } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { CommandMetrics } from "../../src/server/ServerMetrics.ts"
import { open, serve, Stage, unix } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { answersOf } from "../support/Talk.ts"

/** A test in a registry of metrics of its own. */
const alone = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  test.pipe(
    Effect.scoped,
    Effect.provide(Stage.layer, { local: true }),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )

/** The lines of Prometheus's text that begin like this, without it. */
const samples = (beginning: string) =>
  Effect.map(PrometheusMetrics.format(), (text) =>
    text.split("\n").flatMap((line) => (line.startsWith(beginning) ? [line.slice(beginning.length)] : []))
  )

const requests = (command: string) =>
  Effect.map(samples(`wireline_requests_total{protocol="probe",command="${command}",outcome=`), (lines) =>
    Object.fromEntries(lines.map((line) => line.slice(1).split('"} ')))
  )

describe("The metrics of a server", () => {
  it.effect("has every request by its command and its outcome, however it was answered", () =>
    alone(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        yield* open("yes")
        yield* open("no")
        for (let turn = 0; turn < 2; turn++) {
          // The first request loads the command, and so is answered in another way than the next.
          yield* answersOf(
            { endpoint },
            [
              ...["say yes", "say no", "say yes"],
              ...["wait yes", "wait no", "later yes", "later no", "say no", "later thrown", "later yes"],
              ...["many 3", "many 0", "silent", "die throwing", "die effect", "die unsayable"],
              ...["nonsense", "", "say", "bye no", "say yes"]
            ]
              .map((line) => `${line}\n`)
              .join("")
          )
        }
        assert.deepStrictEqual(yield* requests("say"), { ok: "4", error: "4", died: "0" })
        assert.deepStrictEqual(yield* requests("wait"), { ok: "2", error: "2", died: "0" })
        assert.deepStrictEqual(yield* requests("later"), { ok: "4", error: "2", died: "2" })
        assert.deepStrictEqual(yield* requests("many"), { ok: "4", error: "0", died: "0" })
        assert.deepStrictEqual(yield* requests("silent"), { ok: "2", error: "0", died: "0" })
        assert.deepStrictEqual(yield* requests("die"), { ok: "0", error: "0", died: "6" })
        assert.deepStrictEqual(yield* requests("bye"), { ok: "0", error: "2", died: "0" })
        assert.deepStrictEqual(yield* samples('wireline_frames_unreadable_total{protocol="probe"} '), ["4"])
      })
    )
  )

  it.effect("has how long each request took", () =>
    alone(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        yield* open("g")
        yield* open("long")
        yield* answersOf(
          { endpoint },
          "say a\nsay b\nwait g\nlater g\nlater g\nlater long\nsay c\ndie throwing\n"
        )
        const duration = "wireline_request_duration_seconds"
        for (const [command, times] of [
          ["say", 3],
          ["wait", 1],
          ["later", 3],
          ["die", 1]
        ] as const) {
          const labels = `protocol="probe",command="${command}"`
          assert.deepStrictEqual(yield* samples(`${duration}_count{${labels}} `), [String(times)])
          assert.deepStrictEqual(yield* samples(`${duration}_bucket{${labels},le="+Inf"} `), [String(times)])
          const [sum] = yield* samples(`${duration}_sum{${labels}} `)
          assert.isAbove(Number(sum), 0)
        }
      })
    )
  )

  it.effect("has the connections, and is gone with the server", () =>
    alone(
      Effect.gen(function* () {
        const { endpoint, stop } = yield* serve(yield* unix, { maxConnections: 1 })
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send("say a\n")
        yield* peer.lines(1)
        assert.strictEqual(yield* answersOf({ endpoint }, ""), "")
        const of = (metric: string) => samples(`wireline_connections_${metric}{protocol="probe"} `)
        assert.deepStrictEqual(
          [yield* of("open"), yield* of("total"), yield* of("refused_total")],
          [["1"], ["1"], ["1"]]
        )
        yield* peer.end
        yield* peer.rest
        yield* stop
        assert.deepStrictEqual(yield* samples("wireline_"), [])
      })
    )
  )
})

describe("The durations of a command", () => {
  const Took = Arbitrary.schema(
    Schema.Struct({
      seconds: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 20 })),
      times: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 }))
    })
  )

  it.effect.prop(
    "are counted in every bucket whose bound they do not pass",
    { all: Arbitrary.array(Took, { maxLength: 20 }) },
    ({ all }) =>
      Effect.sync(() => {
        const tally = new CommandMetrics()
        for (const { seconds, times } of all) tally.took(seconds, times)
        const each = all.flatMap(({ seconds, times }) => Array.from({ length: times }, () => seconds))
        const { buckets, count, max, min, sum } = tally.durations
        for (const [boundary, cumulated] of buckets) {
          assert.strictEqual(cumulated, each.filter((seconds) => seconds <= boundary).length)
        }
        assert.strictEqual(count, each.length)
        assert.strictEqual(min, Math.min(...(each.length > 0 ? each : [0])))
        assert.strictEqual(max, Math.max(0, ...each))
        assert.closeTo(
          sum,
          each.reduce((total, seconds) => total + seconds, 0),
          1e-9
        )
      })
  )
})
