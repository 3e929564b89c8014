import { Context, Effect, FiberSet } from "effect"
import * as Command from "../../../Command.ts"
import { RequestId } from "../../../RequestId.ts"
import { Gateway } from "../Gateway.ts"
import { type Reply, SmsShell, type Text } from "../Protocol.ts"
import { Session } from "../Session.ts"

/**
 * A text, which takes its way while the next ones of the connection begin theirs: a slow command holds up nobody but
 * its own number.
 */
export default Command.layer(
  SmsShell,
  "text",
  Effect.gen(function* () {
    const gateway = yield* Gateway
    const fork = yield* FiberSet.makeRuntime<never, Reply, never>()
    return (text: Text, connection: Context.Context<Session>) =>
      Command.later<Reply>((done) => {
        const { address } = Context.get(connection, Session)
        const request = Context.get(connection, RequestId).toString()
        fork(Effect.annotateLogs(gateway.receive(text), { peer: address, request })).addObserver(done)
      })
  })
)
