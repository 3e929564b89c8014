import { Context } from "effect"

/** Who is at the other end of a connection: in the context of its session and its commands. */
export class Peer extends Context.Reference<{
  /** `tcp://HOST:PORT` where it is on TCP, else the kind of its socket (`unix`, `stdio`). */
  readonly address: string
}>("wireline/Peer", { defaultValue: () => ({ address: "unknown" }) }) {}
