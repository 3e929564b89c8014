/**
 * Wireline: text protocols, each written down once and served, spoken and tested from that one definition.
 *
 * A protocol is made from the pure modules: `Message` (what may be said), `Syntax` (how it is written on a line),
 * `Framing` (how lines are cut from bytes), `Protocol` (all of it together). It is served with `Command` (the handlers),
 * `Server`, `Endpoint` and, for TLS, `Certificates`, spoken with `Client`, and tested with `Testing`. The README writes one
 * from beginning to end.
 */
export * as Certificates from "./Certificates.ts"
export * as Client from "./Client.ts"
export * as Command from "./Command.ts"
export * as Endpoint from "./Endpoint.ts"
export * as Framing from "./Framing.ts"
export * as Message from "./Message.ts"
export * as Protocol from "./Protocol.ts"
export * as Server from "./Server.ts"
export * as Syntax from "./Syntax.ts"
export * as Testing from "./Testing.ts"
