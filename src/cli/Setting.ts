/**
 * Settings: each is a flag, `--max-connections 100`, an environment variable, `WIRELINE_MAX_CONNECTIONS=100`, and a key
 * of `wireline.toml`, `max_connections = 100`. The flag wins over the variable, and the variable over the file.
 */
import {
  Config,
  Context,
  Duration,
  Effect,
  type FileSystem,
  Option,
  Schema,
  SchemaGetter,
  SchemaIssue
} from "effect"
import { CliError, Flag, type Param } from "effect/cli"
import * as Endpoint from "../Endpoint.ts"
import * as TimeSpan from "../TimeSpan.ts"
import type { Configuration } from "./Configuration.ts"
import * as ConfigurationFile from "./ConfigurationFile.ts"

/** A flag that knows what else it is. */
export interface Setting<A> extends Flag.Flag<A> {
  readonly about: About
}

/** What a setting is called, and what it takes. */
export interface About {
  /** The flag's name. */
  readonly name: string
  readonly description: string
  readonly metavar: string
  /** Where it is in the file; nowhere, for what tells where the file is. */
  readonly place: Place | undefined
  readonly schema: Schema.Codec<unknown, string>
  /** A number is written without quotes in the file. */
  readonly isNumber: boolean
  readonly isSecret: boolean
  /** What holds where it is told nowhere, if that can be said, for this data directory. */
  readonly byDefault: (data: string) => string | undefined
}

/** A place in the file: in a table, or, without one, above all tables. */
export interface Place {
  readonly table: string | undefined
  readonly key: string
}

/** What the table of a protocol has in the file besides settings, too much for flags. */
export interface Table<out A> {
  readonly name: string
  readonly schema: Schema.Codec<A, unknown>
  /** What holds where there is no file. */
  readonly defaults: A
  /** How what a file has in it is shown: as lines of a file that tells the same, without secrets. */
  readonly lines: (file: Configuration) => ReadonlyArray<string>
}

/** What the protocols of a command bring with them: all that a file may tell, and who there may be accounts for. */
export interface Vocabulary {
  readonly settings: ReadonlyArray<About>
  readonly tables: ReadonlyArray<Table<unknown>>
  /** The protocols that people log in to: each has a realm of its name. */
  readonly realms: ReadonlyArray<string>
}

/** That of this command; nothing unless provided. */
export const Vocabulary = Context.Reference<Vocabulary>("wireline/cli/Vocabulary", {
  defaultValue: () => ({ settings: [], tables: [], realms: [] })
})

/** A setting as it was written, and where that was. */
export interface Told {
  readonly text: string
  readonly origin: string
}

const settingOf = <A>(about: About, flag: Flag.Flag<A>): Setting<A> => Object.assign(flag, { about })

/** A setting that is written as text and read with a Schema; a bad value is refused with what the Schema expects. */
export const make = <A>(
  name: string,
  schema: Schema.Codec<A, string>,
  description: string,
  { isNumber = false, isSecret = false }: { readonly isNumber?: boolean; readonly isSecret?: boolean } = {}
): Setting<A> =>
  settingOf(
    {
      name,
      description,
      metavar: "TEXT",
      place: { table: undefined, key: inFile(name) },
      schema,
      isNumber,
      isSecret,
      byDefault: () => undefined
    },
    fromAnywhere(name).pipe(
      Flag.withSchema(schema),
      Flag.withDescription(`${description} [${variable(name)}]`)
    )
  )

/** A whole number of at least 1. */
export const count = (name: string, description: string): Setting<number> =>
  make(name, Count, description, { isNumber: true })

/** Says in which table of the file it is; its key is its name without that of the table, unless told. */
export const inTable =
  (table: string, key?: string) =>
  <A>(setting: Setting<A>): Setting<A> => {
    const { name } = setting.about
    const own =
      name === table ? "endpoint" : name.startsWith(`${table}-`) ? name.slice(table.length + 1) : name
    return settingOf({ ...setting.about, place: { table, key: key ?? inFile(own) } }, setting)
  }

/** Says that it tells where the file is, so that it cannot be in it. */
export const notInFile = <A>(setting: Setting<A>): Setting<A> =>
  settingOf({ ...setting.about, place: undefined }, setting)

/** Says what stands for the value in help. */
export const withMetavar =
  (metavar: string) =>
  <A>(setting: Setting<A>): Setting<A> =>
    settingOf({ ...setting.about, metavar }, Flag.withMetavar(setting, metavar))

/** Says what holds where it is told nowhere. */
export const withDefault =
  <const D>(value: D) =>
  <A>(setting: Setting<A | D>): Setting<A | D> => {
    const text = Schema.encodeUnknownSync(setting.about.schema)(value)
    return settingOf({ ...setting.about, byDefault: () => text }, Flag.withDefault(setting, value))
  }

/** Says what holds where it is told nowhere, which is found out when it is needed. */
export const withDefaultText =
  (byDefault: () => string) =>
  (setting: Setting<string>): Setting<string> =>
    settingOf({ ...setting.about, byDefault }, Flag.withDefault(setting, Effect.sync(byDefault)))

/** May be left out; what then holds, if that can be said, is as it is written. */
export const optional =
  (byDefault: About["byDefault"] = () => undefined) =>
  <A>(setting: Setting<A>): Setting<Option.Option<A>> =>
    settingOf({ ...setting.about, byDefault }, Flag.optional(setting))

/** Where a protocol is served: an endpoint, or `off`; its name is the flag's, and the table's. */
export const endpoint = (
  protocol: string,
  description: string,
  byDefault: (data: string) => Endpoint.Endpoint
): Setting<Option.Option<Endpoint.Endpoint | "off">> =>
  make(
    protocol,
    Schema.Union([Schema.Literal("off"), Endpoint.FromString]),
    `${description}: tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, fd:NAME, stdio: or off (default: ${Endpoint.format(byDefault("DATA"))})`
  ).pipe(
    inTable(protocol),
    withMetavar("ENDPOINT"),
    optional((data) => Endpoint.format(byDefault(data)))
  )

/** The longest frame of a protocol. */
export const maxFrame = (protocol: string, frame: string, byDefault: number): Setting<number> =>
  count(`${protocol}-max-frame`, `The longest ${frame} in bytes (default: ${byDefault})`).pipe(
    inTable(protocol),
    withMetavar("BYTES"),
    withDefault(byDefault)
  )

/** The environment variable of a setting. */
export const variable = (name: string): string => `WIRELINE_${name.toUpperCase().replaceAll("-", "_")}`

/** The variables of this process that begin as if they were settings, and are none. */
export const misspelled: Effect.Effect<ReadonlyArray<string>> = Effect.map(Vocabulary, ({ settings }) => {
  const known = new Set(settings.map(({ name }) => variable(name)))
  return Object.keys(process.env).filter((name) => name.startsWith("WIRELINE_") && !known.has(name))
})

const inFile = (name: string): string => name.replaceAll("-", "_")

/** The flag alone: as it was written on the command line, if it was. */
export const alone = ({ description, metavar, name }: About): Flag.Flag<Option.Option<string>> =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

/**
 * The text of a setting, from wherever it is told.
 *
 * **Gotchas**
 *
 * Which file there is depends on `--config` and `--data`, so a flag has to look at these, too. `Param` has the means,
 * but no combinator for it.
 */
const fromAnywhere = (name: string): Flag.Flag<string> => {
  const flag = Flag.String(name)
  const f =
    (parse: Param.Parse<string>): Param.Parse<string> =>
    (args) =>
      Effect.catchTag(parse(args), "MissingOption", (missing) =>
        Effect.flatMap(elsewhere(name, args.flags), (text) =>
          text === undefined ? Effect.fail(missing) : Effect.succeed([args.arguments, text] as const)
        )
      )
  const transformed: Omit<Param.Transform<"flag", string, string>, keyof Param.Param.Variance<string>> = {
    _tag: "Transform",
    kind: "flag",
    param: flag,
    alternatives: [],
    f,
    parse: f(flag.parse)
  }
  return Object.assign(Object.create(Object.getPrototypeOf(flag)), transformed)
}

/** What the environment tells, else the file. */
const elsewhere = Effect.fnUntraced(function* (
  name: string,
  flags: Param.Flags
): Effect.fn.Return<string | undefined, CliError.CliError, FileSystem.FileSystem> {
  const found = yield* told(name, name === "config" ? Effect.undefined : fileOf(flags))
  return found?.text
})

/** What the environment tells, else the file, which is not read before. */
export const told = Effect.fnUntraced(function* <E, R>(
  name: string,
  file: Effect.Effect<Configuration | undefined, E, R>
): Effect.fn.Return<Told | undefined, E, R> {
  const text = yield* inEnvironment(name)
  return text === undefined ? (yield* file)?.settings.get(name) : { text, origin: variable(name) }
})

/** What the environment tells; none where the variable is not set. */
export const inEnvironment = (name: string): Effect.Effect<string | undefined> =>
  Config.option(Config.String(variable(name))).pipe(Effect.map(Option.getOrUndefined), Effect.orDie)

/** The settings of one command line are read one after another, and the file once for all of them. */
const files = new WeakMap<Param.Flags, Configuration | undefined>()

const fileOf = Effect.fnUntraced(function* (
  flags: Param.Flags
): Effect.fn.Return<Configuration | undefined, CliError.CliError, FileSystem.FileSystem> {
  if (files.has(flags)) return files.get(flags)
  const location = yield* locationOf((name) => flags[name]?.[0])
  const file = yield* Effect.mapError(readFile(location), (cause) => new CliError.UserError({ cause }))
  files.set(flags, file)
  return file
})

/** Where the file is, as these flags and the environment tell. One that is empty is refused where it is read. */
export const locationOf = Effect.fnUntraced(function* (
  flag: (name: "config" | "data") => string | undefined
): Effect.fn.Return<ConfigurationFile.Location> {
  const data = (flag("data") ?? (yield* inEnvironment("data"))) || ConfigurationFile.defaultData()
  const config = (flag("config") ?? (yield* inEnvironment("config"))) || undefined
  return { data, config: Option.fromUndefinedOr(config) }
})

/** Reads the file, where there is one or must be one; what reads it is loaded then. */
export const readFile = Effect.fnUntraced(function* (
  location: ConfigurationFile.Location
): Effect.fn.Return<Configuration | undefined, ConfigurationFile.BadConfiguration, FileSystem.FileSystem> {
  if (!ConfigurationFile.isExpected(location)) return undefined
  const { read } = yield* Effect.promise(() => import("./Configuration.ts"))
  return yield* read(location, yield* Vocabulary)
})

/** A whole number of at least 1. */
export const Count = Schema.String.pipe(
  Schema.decodeTo(Schema.Int.check(Schema.isGreaterThan(0)), {
    decode: SchemaGetter.transformEffect((text: string) =>
      /^\d{1,15}$/.test(text) ? Effect.succeed(Number(text)) : Effect.fail(expected("a whole number above 0"))
    ),
    encode: SchemaGetter.transform(String)
  })
)

/** A length of time, `30s`, `10m`, `2h`, or `off` for no limit. */
export const TimeLimit = Schema.String.pipe(
  Schema.decodeTo(Schema.Duration, {
    decode: SchemaGetter.transformEffect((text: string) => {
      const time = text === "off" ? Duration.infinity : TimeSpan.parse(text)
      return time === undefined
        ? Effect.fail(expected("a time such as 30s, 10m or 2h, or off"))
        : Effect.succeed(time)
    }),
    encode: SchemaGetter.transform((time: Duration.Duration) =>
      Duration.isFinite(time) ? TimeSpan.format(time) : "off"
    )
  })
)

const expected = (what: string) => new SchemaIssue.InvalidValue({ message: `Expected ${what}` })
