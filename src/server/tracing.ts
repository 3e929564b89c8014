/** The spans of a request and of its command, for the share of requests that is traced. */
import { Effect, Stream } from "effect"
import * as Command from "../command/definition.ts"
import type * as Protocol from "../Protocol.ts"
import type { Controls } from "./Connection.ts"

type Answering<R> = Command.Answering<Protocol.Tagged, R>

/** Answers in the span of a request, which has the span of the command inside. */
export const request = <R>(
  protocol: string,
  tag: string,
  { peer, request }: Controls,
  answer: () => Answering<R>
): Answering<R> => {
  const attributes = {
    "wireline.protocol": protocol,
    "wireline.command": tag,
    "wireline.request": request.toString(),
    "wireline.peer": peer.address
  }
  const outer = { kind: "server", attributes } as const
  const answering = answer()
  if (Command.isStream(answering)) {
    return answering.pipe(Stream.withSpan(`${protocol}.${tag}`), Stream.withSpan("wireline.request", outer))
  }
  const effect = Command.isEffect(answering) ? answering : Effect.succeed(answering)
  return effect.pipe(Effect.withSpan(`${protocol}.${tag}`), Effect.withSpan("wireline.request", outer))
}
