/**
 * What `wireline.toml` tells: the settings that flags and the environment may tell, too, and what protocols have in their
 * tables besides these. A key that is not known is refused, for it is a misspelled one.
 *
 * Names of several words are joined by underscores.
 */
import { Effect, Exit, FileSystem, Option, Schema, SchemaIssue } from "effect"
import * as Toml from "effect/encoding/Toml"
import { resolve } from "node:path"
import { BadConfiguration, type Location, pathOf } from "./ConfigurationFile.ts"
import * as KeyPlaces from "./KeyPlaces.ts"
import type * as Setting from "./Setting.ts"

/** What the file tells. */
export interface Configuration {
  /** By the names of the flags. */
  readonly settings: ReadonlyMap<string, Setting.Told>
  /** What the table of a protocol has besides settings. */
  readonly of: <A>(table: Setting.Table<A>) => A
  /** Where a key is, as `FILE:LINE`, if it is in the file. */
  readonly originOf: (path: KeyPlaces.Path) => string | undefined
}

/** What no file tells. */
export const none: Configuration = {
  settings: new Map(),
  of: ({ defaults }) => defaults,
  originOf: () => undefined
}

const keyOf = ({ key, table }: Setting.Place): string => (table === undefined ? key : `${table}.${key}`)

/** The settings that a file may tell, by table and key. */
type Known = ReadonlyMap<string, Setting.About>

const knownOf = ({ settings }: Setting.Vocabulary): Known =>
  new Map(settings.flatMap((about) => (about.place === undefined ? [] : [[keyOf(about.place), about]])))

/** What is wrong with a key. */
interface Problem {
  readonly path: KeyPlaces.Path
  readonly what: string
}

/** Reads the file. */
export const read = Effect.fnUntraced(function* (
  location: Location,
  vocabulary: Setting.Vocabulary
): Effect.fn.Return<Configuration, BadConfiguration, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const path = pathOf(location)
  const text = yield* readText(fs, path).pipe(
    Effect.mapError(({ reason }) => unusable(path, whyOf(reason))),
    Effect.map((text) => text?.replace(/^\uFEFF/, ""))
  )
  if (text === undefined) return yield* unusable(path, "it is no regular file")
  const table = yield* Effect.mapError(Effect.fromResult(Toml.parse(text)), ({ message }) =>
    notToml(path, message)
  )
  const { others, problems, told } = understand(table, location, vocabulary)
  const places = KeyPlaces.of(text)
  const [first, ...more] = problems
    .map(({ path, what }) => ({ key: path.join("."), what, ...places.nearest(path) }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(({ column, key, line, what }) => `${path}:${line}:${column}: ${key}: ${what}`)
  if (first !== undefined) return yield* new BadConfiguration({ problems: [first, ...more] })
  return {
    settings: new Map(
      told.map(({ about, path: key, text }) => [
        about.name,
        { text, origin: `${path}:${places.nearest(key).line}` }
      ])
    ),
    // What was decoded with a table's Schema is its own.
    of: <A>(table: Setting.Table<A>) => (others.get(table.name) ?? table.defaults) as A,
    originOf: (key) => {
      const place = places.exact(key)
      return place && `${path}:${place.line}`
    }
  }
})

const unusable = (path: string, why: string) =>
  new BadConfiguration({ problems: [`cannot use ${path}: ${why}`] })

const whyOf = ({ _tag }: { readonly _tag: string }): string =>
  _tag === "NotFound"
    ? "there is no such file"
    : _tag === "PermissionDenied"
      ? "permission denied; run this as a user who may read it"
      : _tag

/** The text of a regular file; of anything else, reading might never end. */
const readText = (fs: FileSystem.FileSystem, path: string) =>
  Effect.flatMap(fs.stat(path), ({ type }) => (type === "File" ? fs.readFileString(path) : Effect.undefined))

/** The parser tells the place at the end of what it says. */
const notToml = (path: string, message: string): BadConfiguration => {
  const [, what, line, column] = /^(.*) at line (\d+), column (\d+)$/s.exec(message) ?? []
  return what === undefined
    ? unusable(path, message)
    : new BadConfiguration({ problems: [`${path}:${line}:${column}: ${what}`] })
}

type Table = Record<string, unknown>

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** A setting as the file tells it. */
interface Written {
  readonly about: Setting.About
  readonly path: KeyPlaces.Path
  readonly text: string
}

/** What the file says, and all that is wrong with it. */
const understand = (file: Table, location: Location, vocabulary: Setting.Vocabulary) => {
  const known = knownOf(vocabulary)
  const tables = new Set([...known.values()].flatMap(({ place }) => place?.table ?? []))
  const problems: Array<Problem> = []
  const told: Array<Written> = []
  const rests = new Map(vocabulary.tables.map(({ name }): [string, Table] => [name, {}]))

  const entry = (path: readonly [string] | readonly [string, string], value: unknown) => {
    const about = known.get(path.join("."))
    if (about === undefined) {
      const rest = path.length === 2 ? rests.get(path[0]) : undefined
      if (rest === undefined) problems.push({ path, what: `there is no such key${meant(path, known)}` })
      else rest[path[1]!] = value
      return
    }
    const written = textOf(about, value)
    if (typeof written === "string") told.push({ about, path, text: written })
    else problems.push({ path, what: written.problem })
  }

  for (const [name, value] of Object.entries(file)) {
    if (!tables.has(name)) entry([name], value)
    else if (!isTable(value)) problems.push({ path: [name], what: `Expected a table${meant([name], known)}` })
    else for (const [key, element] of Object.entries(value)) entry([name, key], element)
  }

  const data = told.find(({ about }) => about.name === "data")
  if (data !== undefined && Option.isNone(location.config) && resolve(data.text) !== resolve(location.data)) {
    problems.push({ path: data.path, what: "is not the directory of this file; give the file with --config" })
  }

  const others = new Map<string, unknown>()
  for (const { name, schema } of vocabulary.tables) {
    const decoded = Schema.decodeUnknownExit(schema, strictly)(rests.get(name))
    if (Exit.isSuccess(decoded)) others.set(name, decoded.value)
    else {
      for (const reason of decoded.cause.reasons) {
        if (reason._tag === "Fail") problems.push(...problemsOf(name, reason.error.issue))
      }
    }
  }
  return { problems, told, others }
}

const strictly = { onExcessProperty: "error", errors: "all" } as const

/** A setting as a flag would have it, if the value is of its type, and one that it takes. */
const textOf = (about: Setting.About, value: unknown): string | { readonly problem: string } => {
  if (typeof value !== (about.isNumber ? "number" : "string")) {
    return { problem: about.isNumber ? "Expected a number" : "Expected a string" }
  }
  const text = String(value)
  const problem = problemOf(about, text)
  return problem === undefined ? text : { problem }
}

/** Why a setting does not take this text, if it does not. It says nothing of the text, which may be a secret. */
export const problemOf = (about: Setting.About, text: string): string | undefined => {
  const decoded = Schema.decodeUnknownExit(about.schema)(text)
  if (Exit.isSuccess(decoded)) return undefined
  return decoded.cause.reasons
    .flatMap((reason) => (reason._tag === "Fail" ? formatIssue(reason.error.issue).issues : []))
    .map(({ message }) => message.replaceAll(/\s*\n\s*/g, " "))
    .join("; ")
}

/** The key that whoever wrote the name of a flag, or dashes, has meant. */
const meant = (path: ReadonlyArray<string>, known: Known): string => {
  const flag = (parts: ReadonlyArray<string>) => parts.join("-").replaceAll("_", "-")
  const place = [...known.values()].find(
    ({ name }) => name === flag(path) || name === flag(path.slice(-1))
  )?.place
  if (place === undefined) return ""
  return `; ${place.key}${place.table === undefined ? "" : ` in [${place.table}]`} is meant`
}

const problemsOf = (table: string, issue: SchemaIssue.Issue): ReadonlyArray<Problem> =>
  formatIssue(issue).issues.map(({ message, path = [] }) => ({
    path: [table, ...path.filter((part) => typeof part === "string" || typeof part === "number")],
    what: message.replaceAll(/\s*\n\s*/g, " ")
  }))

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "MissingKey"
      ? "missing"
      : issue._tag === "UnexpectedKey"
        ? "there is no such key"
        : SchemaIssue.defaultLeafHook(issue)
})
