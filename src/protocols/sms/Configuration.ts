/**
 * The `[sms]` table of `wireline.toml`: who may text what, how long sessions live, the tokens of gateways, and what
 * commands and programs are configured with. Its keys are those of the file.
 *
 * Pure: imports only `effect`.
 */
import { Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import { TimeSpan } from "../../TimeSpan.ts"
import { State } from "./State.ts"

const notAPattern = new SchemaIssue.InvalidValue({ message: "Expected a regular expression" })

/** A regular expression of JavaScript, with its flag `u`. It matches anywhere in a text unless it is anchored. */
export const Pattern = Schema.String.pipe(
  Schema.decodeTo(Schema.RegExp, {
    decode: SchemaGetter.transformEffect((source: string) =>
      Effect.try({ try: () => new RegExp(source, "u"), catch: () => notAPattern })
    ),
    encode: SchemaGetter.transform(({ source }: RegExp) => source)
  })
)

const isIn = (minimum: number, maximum: number) => Schema.isBetween({ minimum, maximum })

/** A parameter of a program: the values that it may have, and whether it may be left out or given many times. */
export const ProgramParameter = Schema.Struct({
  name: Schema.NonEmptyString,
  pattern: Schema.optionalKey(Pattern),
  optional: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  repeated: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false)))
})

/** A program of the host that is called by text: `[[sms.programs]]`. */
export const Program = Schema.Struct({
  /** What the command is called. */
  name: Schema.String.check(
    Schema.isPattern(/^[-\w]{1,32}$/, { expected: "1 to 32 letters, digits, dashes and underscores" })
  ),
  description: Schema.NonEmptyString,
  usage: Schema.optionalKey(Schema.NonEmptyString),
  /** The absolute path of the program: nothing is looked for. */
  program: Schema.String.check(Schema.isPattern(/^\//, { expected: "an absolute path" })),
  /** What it is called with: words, in which `{1}` stands for the first parameter, and so on, and `{*}` for all. */
  arguments: Schema.Array(Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  parameters: Schema.Array(ProgramParameter).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  /** Its whole environment. */
  environment: Schema.Record(Schema.String, Schema.String).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed({}))
  ),
  /** How long it may run. */
  timeout: TimeSpan.pipe(Schema.withDecodingDefaultKey(Effect.succeed("10s"))),
  /** The states of a session that it may be called from. */
  states: Schema.NonEmptyArray(State),
  /** How many bytes of its output are answered, at the most. */
  max_output: Schema.Int.check(isIn(1, 1_048_576)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(1000)))
})
export type Program = typeof Program.Type

const Token = Schema.RedactedFromValue(Schema.NonEmptyString, { label: "token" })

/** The table. Everything may be left out. */
export const Configuration = Schema.Struct({
  /** How long a session lives after its last message. */
  session_time: TimeSpan.pipe(Schema.withDecodingDefaultKey(Effect.succeed("10m"))),
  /** The numbers that may text: those that match one of these, all where there is none. */
  allowed_numbers: Schema.Array(Pattern).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  /** The texts that are taken: those that match one of these, all where there is none. */
  allowed_texts: Schema.Array(Pattern).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  /** So many characters at the beginning of a text are put in lower case: telephones like to begin with a capital. */
  lower_case: Schema.Int.check(isIn(0, 1000)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  /** The longest answer in characters; what is longer is cut. 1530 is ten texts of the GSM alphabet. */
  max_answer: Schema.Int.check(isIn(10, 65_536)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(1530))),
  /** The tokens of gateways, by the role that each gives to the messages that come with it. */
  tokens: Schema.Struct({ USER: Schema.optionalKey(Token), ADMIN: Schema.optionalKey(Token) }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed({}))
  ),
  /** What commands are configured with, by their names; each command's own Schema tells what that is. */
  commands: Schema.Record(Schema.String, Schema.Unknown).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed({}))
  ),
  programs: Schema.Array(Program).pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))
})
export type Configuration = typeof Configuration.Type

/** What holds where there is no file. */
export const defaults: Configuration = Schema.decodeSync(Configuration)({})
