/** The metrics of a server that runs, asked for as Prometheus does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Net from "node:net"
import { join } from "node:path"
import * as Metrics from "../../src/cli/metrics.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import { outcomeOf, wireline } from "../support/Started.ts"
import { answersOf } from "../support/Talk.ts"

/** A server with metrics on a free port. */
const serve = Effect.gen(function* () {
  const data = yield* temporaryDirectory
  const server = yield* wireline(["--data", data, "--metrics", "tcp://127.0.0.1:0"])
  const [, url] = yield* server.says("stdout", /^metrics at (http:\/\/127\.0\.0\.1:\d+\/metrics)\n/m)
  return {
    server,
    url: url!,
    endpoint: { _tag: "Unix", path: join(data, "sec-lsm-manager.socket") } as const
  }
})

const get = (url: string, method = "GET") =>
  Effect.promise(async () => {
    const response = await fetch(url, { method, signal: AbortSignal.timeout(10_000) })
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      text: await response.text()
    }
  })

describe("The metrics", () => {
  it.live("count what is asked, in the text format of Prometheus", () =>
    Effect.gen(function* () {
      const { endpoint, url } = yield* serve
      yield* answersOf({ endpoint }, "sec-lsm-manager 1\nid ab\nid ab\nnonsense\n")
      const { status, text, type } = yield* get(url)
      assert.strictEqual(status, 200)
      assert.strictEqual(type, "text/plain; version=0.0.4; charset=utf-8")
      const labels = 'protocol="sec-lsm-manager",command="id"'
      for (const line of [
        "# TYPE wireline_requests_total counter",
        `wireline_requests_total{${labels},outcome="ok"} 1`,
        `wireline_requests_total{${labels},outcome="error"} 1`,
        `wireline_request_duration_seconds_count{${labels}} 2`,
        'wireline_frames_unreadable_total{protocol="sec-lsm-manager"} 1',
        'wireline_connections_total{protocol="sec-lsm-manager"} 1'
      ]) {
        assert.include(text.split("\n"), line)
      }
      // Whatever is not a comment is a name, labels and a number.
      for (const line of text.trimEnd().split("\n")) {
        assert.match(line, /^(?:# (?:HELP|TYPE) \S+ .+|[a-z_:]+(?:\{[^}]*\})? (?:\d[\d.e+-]*|\+Inf|NaN))$/)
      }
    })
  )

  it.live("are there and nothing else is, for who reads and nobody else", () =>
    Effect.gen(function* () {
      const { url } = yield* serve
      assert.strictEqual((yield* get(url, "HEAD")).status, 200)
      assert.strictEqual((yield* get(`${url}?x=1`)).status, 200)
      assert.strictEqual((yield* get(url, "POST")).status, 405)
      assert.strictEqual((yield* get(`${url}/x`)).status, 404)
      assert.strictEqual((yield* get(new URL("/", url).href)).status, 404)
    })
  )

  it.live("keep a server from starting where their port is in use, in one line that says so", () =>
    Effect.gen(function* () {
      const { server, url } = yield* serve
      const data = yield* temporaryDirectory
      const { host } = new URL(url)
      const { code, stderr, stdout } = yield* outcomeOf(["--data", data, "--metrics", `tcp://${host}`])
      assert.deepStrictEqual(
        { code, stderr, stdout },
        {
          code: 1,
          stderr: `wireline: cannot listen on tcp://${host}: the address is in use; stop the program that listens there or choose another (--metrics)\n`,
          stdout: ""
        }
      )
      yield* server.signal("SIGTERM")
      assert.strictEqual((yield* server.exit).code, 0)
    })
  )
})

describe("The health", () => {
  const healthOf = (url: string) => new URL("/healthz", url).href
  const reported = (url: string) =>
    Effect.map(get(healthOf(url)), ({ status, text }) => `${status} ${text.trimEnd()}`)

  it.live("is `ok` from when the server serves until it drains, and else the status is 503", () =>
    Effect.gen(function* () {
      const { serving, url } = yield* Metrics.serve({ _tag: "Tcp", host: "127.0.0.1", port: 0 })
      assert.strictEqual(yield* reported(url), "503 starting")
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* serving
          assert.strictEqual(yield* reported(url), "200 ok")
        })
      )
      assert.strictEqual(yield* reported(url), "503 draining")
    })
  )

  it.live("is `draining` while a peer still has to take what it asked for, and the metrics are there", () =>
    Effect.gen(function* () {
      const { endpoint, server, url } = yield* serve
      assert.strictEqual(yield* reported(url), "200 ok")
      assert.strictEqual((yield* get(healthOf(url), "HEAD")).text, "")
      assert.strictEqual((yield* get(healthOf(url), "POST")).status, 405)
      const deaf = yield* Effect.acquireRelease(
        Effect.sync(() => Net.createConnection(endpoint.path)),
        (socket) => Effect.sync(() => socket.destroy())
      )
      deaf.on("error", () => {})
      // More answers than a socket has room for, none of which is read.
      yield* Effect.callback<void>((resume) => {
        deaf.write("log\n".repeat(100_000))
        deaf.on("drain", () => resume(Effect.void))
        deaf.once("connect", () => resume(Effect.void))
      })
      yield* untilMetric(url, /^wireline_requests_total\{.*command="log",outcome="ok"\} [1-9]/m)
      yield* server.signal("SIGTERM")
      let health = yield* reported(url)
      while (health === "200 ok") health = yield* reported(url)
      assert.strictEqual(health, "503 draining")
      assert.strictEqual((yield* get(url)).status, 200)
      deaf.destroy()
      const { code, stderr } = yield* server.exit
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    })
  )
})

/** Asks for the metrics until they say this. */
const untilMetric = (url: string, pattern: RegExp) =>
  Effect.gen(function* () {
    while (!pattern.test((yield* get(url)).text));
  })
