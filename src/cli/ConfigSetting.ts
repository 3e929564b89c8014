/**
 * `--config`: where `wireline.toml` is.
 */
import { Schema } from "effect"
import * as Setting from "./Setting.ts"

/** The file as it was given; without, the data directory may hold one. */
export const config = Setting.make(
  "config",
  Schema.NonEmptyString,
  "The configuration file (default: DATA/wireline.toml, where there is one)"
).pipe(Setting.notInFile, Setting.withMetavar("FILE"), Setting.optional())
