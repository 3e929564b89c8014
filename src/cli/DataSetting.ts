/**
 * `--data`: the directory that holds what must be kept, the same for every subcommand.
 */
import { Schema } from "effect"
import { config } from "./ConfigSetting.ts"
import { defaultData } from "./ConfigurationFile.ts"
import * as Setting from "./Setting.ts"

/** The directory as it was given, or its default. */
export const data = Setting.make(
  "data",
  Schema.NonEmptyString,
  "The directory that holds what must be kept"
).pipe(Setting.withMetavar("DIR"), Setting.withDefaultText(defaultData))

/** The flags of what looks into the directory: the configuration file may tell where that is. */
export const location = { data, config }
