/**
 * Where `wireline.toml` is, and the error of one that cannot be used. What is in it is read by `Configuration`.
 */
import { Option, Schema } from "effect"
import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"

/** The file that was asked for, or the data directory, which may hold one. */
export interface Location {
  readonly data: string
  readonly config: Option.Option<string>
}

/** The path of the file, whether it is there or not. */
export const pathOf = ({ config, data }: Location): string =>
  Option.getOrElse(config, () => join(data, "wireline.toml"))

/** Whether there is something to read: what was asked for must be there. */
export const isExpected = (location: Location): boolean =>
  Option.isSome(location.config) || existsSync(pathOf(location))

/** The data directory, unless told: `wireline` under `$XDG_STATE_HOME`, which is `~/.local/state` unless set. */
export const defaultData = (): string => {
  const state = process.env["XDG_STATE_HOME"]
  return join(state?.startsWith("/") === true ? state : join(homedir(), ".local/state"), "wireline")
}

/** The file cannot be used; each of the problems names the line and the key. */
export class BadConfiguration extends Schema.TaggedError<BadConfiguration>()("BadConfiguration", {
  /** A line each, that begins with the path of the file. */
  problems: Schema.NonEmptyArray(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}
