/**
 * The metrics of the process over HTTP, in the text format of Prometheus, at `/metrics`.
 *
 * Node's own server does, for there is one path to serve: Effect's router and its platform would take a tenth of a
 * second of the start.
 */
import { Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type * as Endpoint from "../Endpoint.ts"
import { fromCause, type ListenError } from "../ListenError.ts"
import { formatTcp } from "../Listener.ts"

type Tcp = Extract<Endpoint.Endpoint, { readonly _tag: "Tcp" }>

const path = "/metrics"

/** Whoever asks may take so long, and so many may ask at a time. */
const limits = { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }
const maxConnections = 32

/** Serves the metrics until the scope closes; succeeds with their address. */
export const serve = Effect.fnUntraced(function* ({ host, port }: Tcp) {
  const context = yield* Effect.context()
  const server = createServer(limits, (request, response) => {
    void answer(request, response, async () => (await formatter()).formatUnsafe(context))
  })
  server.maxConnections = maxConnections
  yield* Effect.acquireRelease(
    Effect.callback<void, ListenError>((resume) => {
      server.once("error", (cause) => resume(Effect.fail(fromCause(formatTcp(host, port), cause))))
      server.listen({ host, port }, () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const bound = (server.address() as AddressInfo).port
  return `http://${formatTcp(host, bound).slice("tcp://".length)}${path}`
})

const formatter = () => import("effect/observability/PrometheusMetrics")

/** Loads what formats the metrics, which takes a while, so that nobody has to wait for it later. */
export const warmUp = Effect.asVoid(Effect.promise(formatter))

const answer = async (
  { method, url }: IncomingMessage,
  response: ServerResponse,
  metrics: () => Promise<string>
): Promise<void> => {
  const say = (status: number, text: string, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers })
      .end(method === "HEAD" ? undefined : text)
  if (url?.split("?", 1)[0] !== path) return void say(404, `the metrics are at ${path}\n`)
  if (method !== "GET" && method !== "HEAD")
    return void say(405, "GET is all there is\n", { allow: "GET, HEAD" })
  say(200, await metrics(), { "content-type": "text/plain; version=0.0.4; charset=utf-8" })
}
