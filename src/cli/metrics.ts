/**
 * The state of the process over HTTP: its metrics in the text format of Prometheus at `/metrics`, and at `/healthz`
 * whether it serves, for who sends it traffic: `ok` with status 200, else 503 and why not: `starting`, `draining`.
 *
 * Node's own server does, for there are two paths to serve: Effect's router and its platform would take a tenth of a
 * second of the start.
 */
import { Effect, type Scope } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type * as Endpoint from "../Endpoint.ts"
import { fromCause, type ListenError } from "../ListenError.ts"
import { formatTcp } from "../Listener.ts"
import { withFlag } from "./Serving.ts"

type Tcp = Extract<Endpoint.Endpoint, { readonly _tag: "Tcp" }>

/** What is served: the address of the metrics, and what is to be told of the rest of the server. */
export interface Monitored {
  readonly url: string
  /** The server serves now, until the scope closes. */
  readonly serving: Effect.Effect<void, never, Scope.Scope>
}

const paths = { metrics: "/metrics", health: "/healthz" }

/** Whoever asks may take so long, and so many may ask at a time. */
const limits = { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }
const maxConnections = 32

/** Serves both until the scope closes. */
export const serve = Effect.fnUntraced(function* ({
  host,
  port
}: Tcp): Effect.fn.Return<Monitored, ListenError, Scope.Scope> {
  const context = yield* Effect.context()
  let health = "starting"
  // An import of the module would make Node load its `fetch`, too, at every start of the command.
  const { createServer } = process.getBuiltinModule("node:http")
  const server = createServer(limits, (request, response) => {
    void answer(request, response, {
      metrics: async () => (await formatter()).formatUnsafe(context),
      health: () => health
    })
  })
  server.maxConnections = maxConnections
  yield* Effect.acquireRelease(
    Effect.callback<void, ListenError>((resume) => {
      server.once("error", (cause) =>
        resume(Effect.fail(withFlag(fromCause(formatTcp(host, port), cause), "--metrics")))
      )
      server.listen({ host, port }, () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${formatTcp(host, bound).slice("tcp://".length)}${paths.metrics}`,
    serving: Effect.acquireRelease(
      Effect.sync(() => void (health = "ok")),
      () => Effect.sync(() => void (health = "draining"))
    )
  }
})

const formatter = () => import("effect/observability/PrometheusMetrics")

/** Loads what formats the metrics, which takes a while, so that nobody has to wait for it later. */
export const warmUp = Effect.asVoid(Effect.promise(formatter))

const answer = async (
  { method, url }: IncomingMessage,
  response: ServerResponse,
  state: { readonly metrics: () => Promise<string>; readonly health: () => string }
): Promise<void> => {
  const say = (status: number, text: string, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers })
      .end(method === "HEAD" ? undefined : text)
  const path = url?.split("?", 1)[0]
  if (path !== paths.metrics && path !== paths.health)
    return void say(404, `the metrics are at ${paths.metrics}, the health at ${paths.health}\n`)
  if (method !== "GET" && method !== "HEAD")
    return void say(405, "GET is all there is\n", { allow: "GET, HEAD" })
  if (path === paths.health) {
    const health = state.health()
    return void say(health === "ok" ? 200 : 503, `${health}\n`, { "cache-control": "no-store" })
  }
  say(200, await state.metrics(), { "content-type": "text/plain; version=0.0.4; charset=utf-8" })
}
