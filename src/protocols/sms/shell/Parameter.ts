/**
 * What a command is called with: its parameters, by position. Required ones come first, then optional ones, then one
 * that takes all the words that remain.
 *
 * ```ts
 * Parameter.required("SECONDS", Schema.FiniteFromString.check(Schema.isInt()))
 * Parameter.repeated("WORD", Schema.String, { atLeast: 1 })
 * ```
 *
 * The number of words and the type of each are checked before a handler runs, which gets the values under the names.
 * What was texted is in no message about it: it may be a password.
 *
 * Pure.
 */
import { Result, Schema, SchemaIssue, type Types } from "effect"

/** Whether a parameter must be given, may be left out, or takes all the words that remain. */
export type Presence = "required" | "optional" | "repeated"

/** A parameter; made with `required`, `optional` and `repeated`. */
export interface Parameter<out Name extends string, out Type, out P extends Presence> {
  readonly name: Name
  readonly presence: P
  /** The fewest words that it takes. */
  readonly atLeast: number
  /** The value of one word, or what was expected in its place. */
  readonly read: (word: string) => Result.Result<Type, string>
}

/** Any parameter. */
export type Any = Parameter<string, unknown, Presence>

/** What a word is decoded with; nothing can be waited for. */
export type WordSchema<Type> = Schema.Codec<Type, string>

/** A parameter that must be given. The name is the one of the usage text; its schema decodes the word. */
export const required: {
  <const Name extends string>(name: Name): Parameter<Name, string, "required">
  <const Name extends string, Type>(name: Name, schema: WordSchema<Type>): Parameter<Name, Type, "required">
} = (name: string, schema: WordSchema<unknown> = Schema.String) => make(name, schema, "required", 1) as never

/** A parameter that may be left out; the handler gets `undefined` then. */
export const optional: {
  <const Name extends string>(name: Name): Parameter<Name, string, "optional">
  <const Name extends string, Type>(name: Name, schema: WordSchema<Type>): Parameter<Name, Type, "optional">
} = (name: string, schema: WordSchema<unknown> = Schema.String) => make(name, schema, "optional", 0) as never

/** The last parameter, which takes all the words that remain: `atLeast` so many, or none. */
export const repeated: {
  <const Name extends string>(
    name: Name,
    schema?: undefined,
    options?: RepeatedOptions
  ): Parameter<Name, string, "repeated">
  <const Name extends string, Type>(
    name: Name,
    schema: WordSchema<Type>,
    options?: RepeatedOptions
  ): Parameter<Name, Type, "repeated">
} = (name: string, schema: WordSchema<unknown> = Schema.String, { atLeast = 0 }: RepeatedOptions = {}) =>
  make(name, schema, "repeated", atLeast) as never

/** How often a parameter is repeated. */
export interface RepeatedOptions {
  /** The fewest words; 0 unless told. */
  readonly atLeast?: number
}

/** What a handler gets: the values under the names of their parameters. */
export type Values<Parameters extends ReadonlyArray<Any>> = Types.Simplify<
  {
    readonly [
      P in Parameters[number] as P extends { readonly presence: "optional" } ? never : P["name"]
    ]: P["presence"] extends "repeated" ? ReadonlyArray<TypeOf<P>> : TypeOf<P>
  } & {
    readonly [P in Parameters[number] as P extends { readonly presence: "optional" } ? P["name"] : never]?:
      | TypeOf<P>
      | undefined
  }
>

type TypeOf<P extends Any> = P extends Parameter<string, infer Type, Presence> ? Type : never

/** What the parameters are worth that a command was called with, or why they are worth nothing. */
export const readAll = (
  parameters: ReadonlyArray<Any>,
  words: ReadonlyArray<string>
): Result.Result<Readonly<Record<string, unknown>>, string> => {
  const { atLeast, atMost } = count(parameters)
  if (words.length < atLeast || words.length > atMost) return Result.fail("bad number of arguments")
  const values: Array<readonly [string, unknown]> = []
  for (const [i, { name, presence, read }] of parameters.entries()) {
    const own = presence === "repeated" ? words.slice(i) : words.slice(i, i + 1)
    const decoded = Result.all(own.map(read))
    if (Result.isFailure(decoded)) return Result.fail(`bad syntax: ${name}: ${decoded.failure}`)
    if (presence === "repeated") values.push([name, decoded.success])
    else if (own.length > 0) values.push([name, decoded.success[0]])
  }
  return Result.succeed(Object.fromEntries(values))
}

/** How a command is called with these parameters: `remind SECONDS TEXT...`. */
export const usage = (command: string, parameters: ReadonlyArray<Any>): string =>
  [command, ...parameters.map(show)].join(" ")

const show = ({ atLeast, name, presence }: Any): string => {
  const shown = presence === "repeated" ? `${name}...` : name
  return atLeast > 0 ? shown : `[${shown}]`
}

/** What is wrong with the order or the names of parameters, if something is. */
export const problemWith = (parameters: ReadonlyArray<Any>): string | undefined => {
  const order = { required: 0, optional: 1, repeated: 2 }
  if (new Set(parameters.map(({ name }) => name)).size < parameters.length) {
    return "two parameters have the same name"
  }
  const misplaced = parameters.some(
    ({ presence }, i) =>
      i > 0 &&
      (order[presence] < order[parameters[i - 1]!.presence] || parameters[i - 1]!.presence === "repeated")
  )
  if (misplaced) return "required parameters come first, then optional ones, then one repeated"
  const last = parameters.at(-1)
  return last?.presence === "repeated" && last.atLeast > 0 && parameters.at(-2)?.presence === "optional"
    ? "there can be no optional parameter before one that must be repeated"
    : undefined
}

/** The fewest and the most words. */
const count = (parameters: ReadonlyArray<Any>): { readonly atLeast: number; readonly atMost: number } => ({
  atLeast: parameters.reduce((sum, { atLeast }) => sum + atLeast, 0),
  atMost: parameters.at(-1)?.presence === "repeated" ? Number.POSITIVE_INFINITY : parameters.length
})

const make = (name: string, schema: WordSchema<unknown>, presence: Presence, atLeast: number): Any => {
  const decode = Schema.decodeUnknownResult(schema)
  return {
    name,
    presence,
    atLeast,
    read: (word) => Result.mapError(decode(word), ({ issue }) => expected(issue))
  }
}

/** `expected an integer`. A schema's issues do not hold the word, unless its author had it so. */
const expected = (issue: SchemaIssue.Issue): string => {
  const message = format(issue).issues[0]?.message ?? "Expected something else"
  return message.slice(0, 1).toLowerCase() + message.slice(1)
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()
