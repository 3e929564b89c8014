/**
 * What a running `wireline serve` has for its protocols: endpoints, and somebody to tell that they are bound.
 */
import { Context, Deferred, Effect, Layer } from "effect"
import * as SocketServer from "effect/socket/SocketServer"
import * as Endpoint from "../Endpoint.ts"
import { ListenError } from "../ListenError.ts"

/** What a server has to say for itself while it runs. */
export class Serving extends Context.Service<
  Serving,
  {
    /** Where each protocol listens, once it does. */
    readonly bound: Map<string, Endpoint.Endpoint>
    /** Completed when there is nothing left to serve: the one peer of `stdio:` has left. */
    readonly ended: Deferred.Deferred<void>
    /** What `tls://` endpoints are served with, where there are any. */
    readonly tls: Endpoint.TlsOptions | undefined
  }
>()("wireline/cli/Serving") {}

/** The error with the flag that the operator chooses another endpoint by. */
export const withFlag = ({ advice, endpoint, problem }: ListenError, flag: string): ListenError =>
  new ListenError({ endpoint, problem, advice: `${advice} (${flag})` })

/** The socket of one protocol; that it is bound is announced when all are. */
export const listening = (
  protocol: string,
  endpoint: Endpoint.Endpoint
): Layer.Layer<SocketServer.SocketServer, Endpoint.ListenError, Serving> =>
  Layer.unwrap(
    Effect.map(Serving, ({ bound, ended, tls }) =>
      Layer.tap(
        Endpoint.layerServer(endpoint, {
          onEnd: Effect.asVoid(Deferred.succeed(ended, undefined)),
          tls
        }).pipe(
          Layer.catchTag("ListenError", (error) =>
            Layer.effect(SocketServer.SocketServer, Effect.fail(withFlag(error, `--${protocol}`)))
          )
        ),
        (services) =>
          Effect.sync(() =>
            bound.set(protocol, Endpoint.bound(endpoint, Context.get(services, SocketServer.SocketServer)))
          )
      )
    )
  )
