/**
 * The session of a connection, which is a gateway's. Those who text have sessions of their own (`Sessions.ts`).
 */
import { Context, Effect, Layer } from "effect"
import { Peer } from "../../Peer.ts"

export class Session extends Context.Service<
  Session,
  {
    /** Where the gateway is, for the log. */
    readonly address: string
  }
>()("wireline/sms/Session") {
  static readonly layer = Layer.effect(
    Session,
    Effect.map(Peer, ({ address }) => ({ address }))
  )
}
