/**
 * A client speaks a protocol from the other side: requests out, replies in, both typed by the same definition that the
 * server runs on.
 *
 * ```ts
 * const client = yield* Client.make(Kv)
 * const replies = yield* client.send({ _tag: "get", key: "a" })
 * ```
 *
 * **What it promises**
 *
 * - Requests may be sent from many fibers at once and without waiting for the answers before (pipelining). They go out
 *   in the order of the calls, and each gets its own answer: by order, or by id where the protocol has a `correlation`.
 * - A frame that no request has asked for is an unsolicited message, where the protocol has these, and goes to `pushes`;
 *   else it fails the connection with `UnexpectedReply`. No request ever gets the answer of another.
 * - Giving up (an interruption, a `timeout`) never skips the sending of a request, and never shifts the answers of others.
 * - When the connection ends or cannot be understood any more, everything that waits fails, and so does every later
 *   call. `layer` makes a client that connects again.
 *
 * Pure: imports only `effect`. `Endpoint.layerClient` is the `Socket` on Node.js.
 */
import { Effect, type Scope } from "effect"
import type * as Socket from "effect/socket/Socket"
import { connect } from "./client/connection.ts"
import type { ConnectedOf, Options } from "./client/definition.ts"
import type { CloseReason, Disconnected } from "./client/errors.ts"
import { Pushes } from "./client/Pushes.ts"
import type * as Protocol from "./Protocol.ts"

export type * from "./client/definition.ts"
export {
  BadRequest,
  type CloseReason,
  Disconnected,
  type RequestError,
  RequestTimeout,
  TooManyPushes,
  UnexpectedReply,
  UnreadableReply
} from "./client/errors.ts"
export { layer, type ReconnectOptions, reconnecting } from "./client/reconnecting.ts"

/** Connects through the `Socket` in the context, for as long as the scope lives. */
export const make = <P extends Protocol.Any>(
  protocol: P,
  options: Options = {}
): Effect.Effect<ConnectedOf<P>, Disconnected, Socket.Socket | Scope.Scope> =>
  Effect.suspend(() => {
    const pushes = new Pushes<Protocol.Push<P>, CloseReason>(options.maxPushes)
    const events = {
      onPush: (message: Protocol.Push<P>) => pushes.offer(message),
      onEnd: (reason: CloseReason) => pushes.fail(reason)
    }
    return Effect.map(connect(protocol, options, events), (connection) => connection.client(pushes.stream))
  })
