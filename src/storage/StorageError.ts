/**
 * Why the place where the server keeps what it knows cannot be used: said in one line, with what to do about it,
 * for the operator who has just started the server.
 *
 * Only opening fails with a `StorageError`; a statement that fails later is an `SqlError` of `effect/sql`.
 */
import { Predicate, Schema } from "effect"

/** What is wrong with the place; callers match on this and never parse the message. */
export const StorageReason = Schema.Literals([
  "Missing",
  "NotADirectory",
  "NotAFile",
  "PermissionDenied",
  "ReadOnly",
  "NotADatabase",
  "Damaged",
  "Locked",
  "Full",
  "Unknown"
])
export type StorageReason = typeof StorageReason.Type

const explanations: Record<StorageReason, string> = {
  Missing: "no such directory; create it, or choose another with --data",
  NotADirectory: "a part of the path is not a directory; choose another with --data",
  NotAFile: "it is not a regular file; move it away, or choose another directory with --data",
  PermissionDenied: "permission denied; choose a writable directory with --data",
  ReadOnly: "it is read-only; choose a writable directory with --data",
  NotADatabase: "the file is not a database; move it away, or choose another directory with --data",
  Damaged: "the database is damaged; restore it from a backup, or choose another directory with --data",
  Locked: "another process is using it; stop that one, or choose another directory with --data",
  Full: "no space is left on the device; make room, or choose another directory with --data",
  Unknown: "unexpected error"
}

/** The storage at `path` cannot be opened; `message` is one line for the operator. */
export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", {
  subject: Schema.Literals(["data directory", "database"]),
  path: Schema.String,
  reason: StorageReason,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    const verb = this.subject === "database" ? "open" : "use"
    const detail = this.reason === "Unknown" ? `: ${firstLine(this.cause)}` : ""
    return `cannot ${verb} the ${this.subject} ${this.path}: ${explanations[this.reason]}${detail}`
  }
}

const firstLine = (cause: unknown): string =>
  (Predicate.hasProperty(cause, "message") ? String(cause.message) : String(cause)).split("\n")[0] ?? ""

const systemReasons: Record<string, StorageReason> = {
  ENOENT: "Missing",
  ENOTDIR: "NotADirectory",
  EISDIR: "NotAFile",
  EEXIST: "NotADirectory",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EROFS: "ReadOnly",
  ENOSPC: "Full",
  EDQUOT: "Full"
}

// The primary result codes of SQLite; the extended ones keep them in their lowest byte.
const sqliteReasons: Record<number, StorageReason> = {
  3: "PermissionDenied",
  5: "Locked",
  6: "Locked",
  8: "ReadOnly",
  11: "Damaged",
  13: "Full",
  26: "NotADatabase"
}

/** The reason behind an error thrown by `node:fs` or by `node:sqlite`. */
export const reasonOf = (cause: unknown): StorageReason => {
  if (Predicate.hasProperty(cause, "errcode") && Predicate.isNumber(cause.errcode)) {
    return sqliteReasons[cause.errcode & 0xff] ?? "Unknown"
  }
  if (Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code)) {
    return systemReasons[cause.code] ?? "Unknown"
  }
  return "Unknown"
}
