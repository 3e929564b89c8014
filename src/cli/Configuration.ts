/**
 * What `wireline.toml` tells: the settings that flags and the environment may tell, too, and the rest of the table
 * `[sms]`, which is too much for these. A key that is not known is refused, for it is a misspelled one.
 *
 * Names of several words are joined by underscores.
 */
import { Effect, Exit, FileSystem, Option, Schema, SchemaIssue } from "effect"
import * as Toml from "effect/encoding/Toml"
import { resolve } from "node:path"
import * as Sms from "../protocols/sms/Configuration.ts"
import { BadConfiguration, type Location, pathOf } from "./ConfigurationFile.ts"
import * as KeyPlaces from "./KeyPlaces.ts"
import type * as Setting from "./Setting.ts"
import { settings } from "./Settings.ts"

/** What the file tells. */
export interface Configuration {
  /** By the names of the flags. */
  readonly settings: ReadonlyMap<string, Setting.Told>
  readonly sms: Sms.Configuration
  /** Where a key is, as `FILE:LINE`, if it is in the file. */
  readonly originOf: (path: KeyPlaces.Path) => string | undefined
}

const keyOf = ({ key, table }: Setting.Place): string => (table === undefined ? key : `${table}.${key}`)

/** All settings that a file may tell, by table and key. */
const known: ReadonlyMap<string, Setting.About> = new Map(
  Object.values(settings).flatMap(({ about }) =>
    about.place === undefined ? [] : [[keyOf(about.place), about]]
  )
)

const tables = new Set([...known.values()].flatMap(({ place }) => place?.table ?? []))

/** What is wrong with a key. */
interface Problem {
  readonly path: KeyPlaces.Path
  readonly what: string
}

/** Reads the file. */
export const read = Effect.fnUntraced(function* (
  location: Location
): Effect.fn.Return<Configuration, BadConfiguration, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const path = pathOf(location)
  const text = yield* fs.readFileString(path).pipe(
    Effect.mapError(({ reason }) => unusable(path, whyOf(reason))),
    Effect.map((text) => text.replace(/^\uFEFF/, ""))
  )
  const table = yield* Effect.mapError(Effect.fromResult(Toml.parse(text)), ({ message }) =>
    notToml(path, message)
  )
  const { problems, sms, told } = understand(table, location)
  const places = KeyPlaces.of(text)
  const [first, ...others] = problems
    .map(({ path, what }) => ({ key: path.join("."), what, ...places.nearest(path) }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(({ column, key, line, what }) => `${path}:${line}:${column}: ${key}: ${what}`)
  if (first !== undefined) return yield* new BadConfiguration({ problems: [first, ...others] })
  return {
    settings: new Map(
      told.map(({ about, path: key, text }) => [
        about.name,
        { text, origin: `${path}:${places.nearest(key).line}` }
      ])
    ),
    sms,
    originOf: (key) => {
      const place = places.exact(key)
      return place && `${path}:${place.line}`
    }
  }
})

const unusable = (path: string, why: string) =>
  new BadConfiguration({ problems: [`cannot use ${path}: ${why}`] })

const whyOf = (reason: { readonly _tag: string }): string =>
  reason._tag === "NotFound" ? "there is no such file" : reason._tag

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
const understand = (file: Table, location: Location) => {
  const problems: Array<Problem> = []
  const told: Array<Written> = []
  const shell: Table = {}

  const entry = (path: readonly [string] | readonly [string, string], value: unknown) => {
    const about = known.get(path.join("."))
    if (about === undefined) {
      if (path[0] === "sms" && path.length === 2) shell[path[1]] = value
      else problems.push({ path, what: `there is no such key${meant(path)}` })
      return
    }
    const written = textOf(about, value)
    if (typeof written === "string") told.push({ about, path, text: written })
    else problems.push({ path, what: written.problem })
  }

  for (const [name, value] of Object.entries(file)) {
    if (!tables.has(name)) entry([name], value)
    else if (!isTable(value)) problems.push({ path: [name], what: `Expected a table${meant([name])}` })
    else for (const [key, element] of Object.entries(value)) entry([name, key], element)
  }

  const data = told.find(({ about }) => about.name === "data")
  if (data !== undefined && Option.isNone(location.config) && resolve(data.text) !== resolve(location.data)) {
    problems.push({ path: data.path, what: "is not the directory of this file; give the file with --config" })
  }

  const decoded = decodeShell(shell)
  if (Exit.isFailure(decoded)) {
    for (const reason of decoded.cause.reasons) {
      if (reason._tag === "Fail") problems.push(...problemsOf(reason.error.issue))
    }
  }
  return { problems, told, sms: Exit.isSuccess(decoded) ? decoded.value : Sms.defaults }
}

/** A setting as a flag would have it, if the value is of its type, and one that it takes. */
const textOf = (about: Setting.About, value: unknown): string | { readonly problem: string } => {
  if (typeof value !== (about.isNumber ? "number" : "string")) {
    return { problem: about.isNumber ? "Expected a whole number" : "Expected a string" }
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
const meant = (path: ReadonlyArray<string>): string => {
  const flag = (parts: ReadonlyArray<string>) => parts.join("-").replaceAll("_", "-")
  const place = [...known.values()].find(
    ({ name }) => name === flag(path) || name === flag(path.slice(-1))
  )?.place
  if (place === undefined) return ""
  return `; ${place.key}${place.table === undefined ? "" : ` in [${place.table}]`} is meant`
}

const decodeShell = Schema.decodeUnknownExit(Sms.Configuration, { onExcessProperty: "error", errors: "all" })

const problemsOf = (issue: SchemaIssue.Issue): ReadonlyArray<Problem> =>
  formatIssue(issue).issues.map(({ message, path = [] }) => ({
    path: ["sms", ...path.filter((part) => typeof part === "string" || typeof part === "number")],
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
