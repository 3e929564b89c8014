/**
 * The back end that keeps a record of what would be done, for machines without SMACK and for users without
 * privilege: it writes the policy file and leaves the application's files alone. Labels, links and grants are in the
 * database all the same, where anyone may look at them.
 */
import { Effect, Layer } from "effect"
import { Backend } from "./Backend.ts"
import { readPolicy, writePolicy } from "./PolicyFile.ts"

export const layer: Layer.Layer<Backend> = Layer.succeed(Backend, {
  name: "record",
  readAttributes: () => Effect.succeed(new Map()),
  writeAttribute: () => Effect.void,
  readLink: () => Effect.undefined,
  writeLink: () => Effect.void,
  readPolicy,
  writePolicy,
  loadRules: () => Effect.void,
  flush: () => Effect.void
})
