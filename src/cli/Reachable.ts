/**
 * An endpoint on the command line that a client can connect to, which is none that a server takes over.
 */
import { Schema } from "effect"
import * as Endpoint from "../Endpoint.ts"

export const Reachable = Endpoint.FromString.pipe(
  Schema.refine(Endpoint.isReachable, {
    expected: "an endpoint to connect to: tcp://HOST:PORT, tls://HOST:PORT or unix:PATH"
  })
)
export type Reachable = typeof Reachable.Type
