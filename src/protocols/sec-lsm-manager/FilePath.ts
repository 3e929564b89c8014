/**
 * The paths that clients send: how they are normalised, and whether they are there (notes on the specification,
 * `path` and `plug`).
 */
import { Effect, type FileSystem, type PlatformError } from "effect"
import { posix } from "node:path"
import type { Reason } from "./Protocol.ts"

/** The longest path in bytes, normalised. */
const maxLength = 1023

/**
 * Without `.`, `..`, repeated `/` and a `/` at the end, as far as the text alone tells; nothing when it is not
 * absolute or too long.
 */
export const normalise = (text: string): string | undefined => {
  const path = posix.normalize(text)
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path
  return trimmed.startsWith("/") && Buffer.byteLength(trimmed) <= maxLength ? trimmed : undefined
}

/** Fails when there is nothing at this path, or it may not be reached. */
export const ensureReachable = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void, Reason> =>
  Effect.mapError(fs.access(path), reasonOf)

/** `ensureReachable`, and fails when it is not a directory. */
export const ensureDirectory = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void, Reason> =>
  Effect.flatMap(Effect.mapError(fs.stat(path), reasonOf), ({ type }) =>
    type === "Directory" ? Effect.void : Effect.fail("not-dir" as const)
  )

const reasonOf = ({ reason }: PlatformError.PlatformError): Reason =>
  reason._tag === "NotFound" || isBelowFile(reason) ? "not-found" : "no-access"

/** A path below a file, or with a name longer than names can be, is of nothing that exists. */
const isBelowFile = ({ cause }: { readonly cause?: unknown }): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOTDIR" || cause.code === "ENAMETOOLONG")
