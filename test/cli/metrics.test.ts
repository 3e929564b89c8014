/** The metrics of a server that runs, asked for as Prometheus does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
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
          stderr: `wireline: cannot listen on tcp://${host}: the address is in use; stop the program that listens there or choose another\n`,
          stdout: ""
        }
      )
      yield* server.signal("SIGTERM")
      assert.strictEqual((yield* server.exit).code, 0)
    })
  )
})
