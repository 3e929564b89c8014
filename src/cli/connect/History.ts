/**
 * The lines that were typed on a terminal, for the next time: a file of the user's alone, the newest line last.
 *
 * Several terminals may write to it at a time, so each line is appended; what has grown long is shortened when it is
 * read.
 */
import { Effect, Schema } from "effect"
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createDirectories, createPrivate } from "../../storage/Files.ts"
import { whyOf } from "../Output.ts"

/** How many lines are kept. */
export const length = 1000

/** The history cannot be kept; there is none then, and nothing else changes. */
export class NoHistory extends Schema.TaggedError<NoHistory>()("NoHistory", {
  path: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `no history is kept in ${this.path}: ${whyOf(this.cause)}`
  }
}

export interface History {
  /** The lines, the newest first. */
  readonly lines: ReadonlyArray<string>
  /** Keeps a line. Where that is not possible any more, nothing is said: it is no reason to disturb a conversation. */
  readonly keep: (line: string) => void
}

/** Opens the history of a protocol in the state directory of the user. */
export const open = (directory: string, protocol: string): Effect.Effect<History, NoHistory> => {
  const path = join(directory, `${protocol}.history`)
  return Effect.try({
    try: () => {
      createDirectories(directory, 0o750)
      createPrivate(path)
      chmodSync(path, 0o600)
      const all = readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
      const lines = all.slice(-length)
      if (all.length > 2 * length) writeFileSync(path, lines.map((line) => `${line}\n`).join(""))
      return { lines: lines.toReversed(), keep: (line) => keep(path, line) }
    },
    catch: (cause) => new NoHistory({ path, cause })
  })
}

const keep = (path: string, line: string): void => {
  try {
    appendFileSync(path, `${line}\n`, { mode: 0o600 })
  } catch {
    // Somebody has filled the disk, or removed the directory, since.
  }
}
