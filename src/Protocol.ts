/**
 * A protocol is the one definition from which everything else follows: the server, the typed client, the properties
 * that tests check. It is pure data: a framing and a codec per direction, and the rules by which a client matches
 * replies to requests.
 *
 * ```ts
 * const Echo = Protocol.make({
 *   name: "echo",
 *   framing: Framing.lines({ maxLength: 1024, escape: "\\" }),
 *   request: Syntax.words([Say, Quit]),
 *   reply: Syntax.words([Said, Failed]),
 *   onInvalid: Protocol.closing({ _tag: "failed", reason: "syntax" }),
 *   onDefect: { _tag: "failed", reason: "internal" }
 * })
 * ```
 *
 * Pure: imports only `effect`, so that codecs run wherever JavaScript does.
 */
export type { Frame } from "./framing/frame.ts"
export { InvalidFrame } from "./framing/frame.ts"
export * from "./protocol/answers.ts"
export type * from "./protocol/definition.ts"
export { make, type ModeDefinition } from "./protocol/make.ts"
export * from "./protocol/streams.ts"
export { Malformed, type MalformedReason } from "./syntax/malformed.ts"
