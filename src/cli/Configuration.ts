/**
 * `wireline.toml`: what is too much for flags. Each table has a Schema in the room of what it configures; a key that no
 * Schema knows is refused, for it is a misspelled one.
 */
import { Effect, FileSystem, Option, Schema, SchemaIssue } from "effect"
import { Flag } from "effect/cli"
import { Toml } from "effect/encoding"
import { join } from "node:path"
import * as Sms from "../protocols/sms/Configuration.ts"
import * as Setting from "./Setting.ts"

/** The whole file, a table a key. */
export const Configuration = Schema.Struct({
  sms: Sms.Configuration.pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
})
export type Configuration = typeof Configuration.Type

/** `--config`: where the file is. */
export const config = Setting.make(
  "config",
  Schema.NonEmptyString,
  "The configuration file (default: DATA/wireline.toml, where there is one)"
).pipe(Flag.withMetavar("FILE"), Flag.optional)

/** The file cannot be used; `problem` names the key, or the line. */
export class BadConfiguration extends Schema.TaggedError<BadConfiguration>()("BadConfiguration", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `cannot use ${this.path}: ${this.problem}`
  }
}

/** Reads the file that was given, else the one in the data directory; where that is missing, all is as by default. */
export const read = Effect.fnUntraced(function* (settings: {
  readonly data: string
  readonly config: Option.Option<string>
}): Effect.fn.Return<Configuration, BadConfiguration, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const path = Option.getOrElse(settings.config, () => join(settings.data, "wireline.toml"))
  const text = yield* fs
    .readFileString(path)
    .pipe(
      Effect.catch((error) =>
        error.reason._tag === "NotFound" && Option.isNone(settings.config)
          ? Effect.succeed("")
          : Effect.fail(new BadConfiguration({ path, problem: whyOf(error.reason) }))
      )
    )
  const table = yield* Effect.mapError(
    Effect.fromResult(Toml.parse(text)),
    ({ message }) => new BadConfiguration({ path, problem: message })
  )
  return yield* Effect.mapError(
    decode(table),
    ({ issue }) => new BadConfiguration({ path, problem: problemsOf(issue) })
  )
})

const whyOf = (reason: { readonly _tag: string }): string =>
  reason._tag === "NotFound" ? "there is no such file" : reason._tag

const decode = Schema.decodeUnknownEffect(Configuration, { onExcessProperty: "error", errors: "all" })

const problemsOf = (issue: SchemaIssue.Issue): string =>
  formatIssue(issue)
    .issues.map(({ message, path }) => `${(path ?? []).map(String).join(".")}: ${message}`)
    .join("; ")

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "MissingKey"
      ? "missing"
      : issue._tag === "UnexpectedKey"
        ? "there is no such key"
        : SchemaIssue.defaultLeafHook(issue)
})
