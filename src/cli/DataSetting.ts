/**
 * `--data`: the directory that holds what must be kept, the same for every subcommand.
 */
import { Effect, Schema } from "effect"
import { Flag } from "effect/cli"
import { homedir } from "node:os"
import { join } from "node:path"
import * as Setting from "./Setting.ts"

/** `wireline` under `$XDG_STATE_HOME`, which is `~/.local/state` unless set. */
const defaultDirectory = (): string => {
  const state = process.env["XDG_STATE_HOME"]
  return join(state?.startsWith("/") === true ? state : join(homedir(), ".local/state"), "wireline")
}

/** The directory as it was given, or its default. */
export const data = Setting.make(
  "data",
  Schema.NonEmptyString,
  "The directory that holds what must be kept"
).pipe(Flag.withMetavar("DIR"), Flag.withDefault(Effect.sync(defaultDirectory)))
