/**
 * `wireline config`: whether the configuration is right, and what it comes to.
 */
import { Console, Effect, type FileSystem, Option } from "effect"
import { type CliError, Command } from "effect/cli"
import { resolve } from "node:path"
import type { CertificateError } from "../Certificates.ts"
import * as Configuration from "./Configuration.ts"
import * as ConfigurationFile from "./ConfigurationFile.ts"
import { type NothingToServe, prepare } from "./serve.ts"
import * as Setting from "./Setting.ts"
import type { Service } from "./Service.ts"
import * as Settings from "./Settings.ts"
import type { NoCertificate } from "./TlsSetting.ts"
import * as TomlText from "./TomlText.ts"

/** The flags of `serve`, as they are written. */
const flagsOf = ({ settings }: Setting.Vocabulary) =>
  Object.fromEntries(settings.map((about) => [about.name, Setting.alone(about)]))

type Flags = Readonly<Record<string, Option.Option<string>>>

/** A setting, and what it was told, if it was. */
interface Entry {
  readonly about: Setting.About
  readonly told: Setting.Told | undefined
}

/** All that is told, by flags, by the environment and by the file; fails with all that is wrong in any of them. */
const gather = Effect.fnUntraced(function* (given: Flags): Effect.fn.Return<
  {
    readonly path: string
    readonly file: Configuration.Configuration | undefined
    readonly entries: ReadonlyArray<Entry>
  },
  ConfigurationFile.BadConfiguration,
  FileSystem.FileSystem
> {
  const flag = (name: string) => Option.getOrUndefined(given[name] ?? Option.none())
  const location = yield* Setting.locationOf(flag)
  const problems: Array<string> = []
  const file = yield* Effect.catch(Setting.readFile(location), (bad) => {
    problems.push(...bad.problems)
    return Effect.undefined
  })
  const entries: Array<Entry> = []
  for (const about of (yield* Setting.Vocabulary).settings) {
    const { name } = about
    const text = flag(name)
    const told =
      text === undefined ? yield* Setting.told(name, Effect.succeed(file)) : { text, origin: `--${name}` }
    entries.push({ about, told })
    if (told === undefined) continue
    const problem = Configuration.problemOf(about, told.text)
    if (problem !== undefined) problems.push(`${told.origin}: ${problem}`)
  }
  for (const name of yield* Setting.misspelled) problems.push(`${name}: there is no such variable`)
  const [first, ...others] = problems
  if (first !== undefined) {
    return yield* new ConfigurationFile.BadConfiguration({ problems: [first, ...others] })
  }
  return { path: ConfigurationFile.pathOf(location), file, entries }
})

/** What `serve` finds wrong in settings that are right one by one. */
const asServed = (
  services: ReadonlyArray<Service>,
  given: Flags
): Effect.Effect<
  void,
  NothingToServe | NoCertificate | CertificateError | CliError.CliError,
  Command.Environment
> =>
  Command.runWith(
    Command.make("serve", Settings.of(services), (settings) => prepare(services, settings)),
    { version: "", renderErrors: false }
  )(Object.entries(given).flatMap(([name, text]) => (Option.isNone(text) ? [] : [`--${name}=${text.value}`])))

const check = (services: ReadonlyArray<Service>, flags: ReturnType<typeof flagsOf>) =>
  Command.make(
    "check",
    flags,
    Effect.fnUntraced(function* (given) {
      const { file, path } = yield* gather(given)
      yield* asServed(services, given)
      yield* Console.log(
        file === undefined ? `there is no ${path}; nothing is wrong without it` : `${path} is right`
      )
    })
  ).pipe(
    Command.withDescription(
      "Look for what is wrong in the configuration file, the environment and these flags: all of it, a line each, and exit status 1"
    ),
    Command.withExamples([
      {
        command: "wireline config check --config /etc/wireline.toml",
        description: "Check a file before the server is started with it"
      }
    ])
  )

const print = (flags: ReturnType<typeof flagsOf>) =>
  Command.make(
    "print",
    flags,
    Effect.fnUntraced(function* (given) {
      const { entries, file, path } = yield* gather(given)
      const { tables } = yield* Setting.Vocabulary
      const data =
        entries.find(({ about }) => about.name === "data")?.told?.text ?? ConfigurationFile.defaultData()
      yield* Console.log(
        [
          file === undefined ? `# there is no ${path}` : `# with ${path}`,
          ...tablesOf(entries).flatMap(([table, entries]) => [
            ...(table === undefined ? [] : ["", `[${table}]`]),
            ...entries.map((entry) => settingLine(entry, resolve(data))),
            ...tables
              .filter(({ name }) => name === table)
              .flatMap(({ lines }) => lines(file ?? Configuration.none))
          ])
        ].join("\n")
      )
    })
  ).pipe(
    Command.withDescription(
      "Print what the server is told, as a configuration file: every setting, and where it comes from; secrets are left out"
    ),
    Command.withExamples([
      {
        command: "wireline config print --data /var/lib/wireline",
        description: "What holds for the server on this directory"
      },
      {
        command: "wireline config print > wireline.toml",
        description: "Begin a configuration file with what holds without one"
      }
    ])
  )

/** What is above all tables, and then the tables. */
const tablesOf = (
  entries: ReadonlyArray<Entry>
): ReadonlyArray<readonly [table: string | undefined, ReadonlyArray<Entry>]> => [
  ...Map.groupBy(
    entries.filter(({ about }) => about.place !== undefined),
    ({ about }) => about.place?.table
  )
]

const settingLine = ({ about, told }: Entry, data: string): string => {
  const key = about.place?.key ?? about.name
  const { origin, text } = told ?? { origin: "default", text: about.byDefault(data) }
  if (text === undefined) return `# ${key} is not set`
  if (about.isSecret) return `# ${key} is hidden # ${origin}`
  return `${key} = ${about.isNumber ? text : TomlText.value(text)} # ${origin}`
}

/** The subcommand and its own. */
export const config = (services: ReadonlyArray<Service>) => {
  const flags = flagsOf(Settings.vocabularyOf(services))
  return Command.make("config").pipe(
    Command.withDescription("See what the server is told, and whether that is right"),
    Command.withSubcommands([check(services, flags), print(flags)]),
    Command.withExamples([
      { command: "wireline config check", description: "Look for mistakes" },
      { command: "wireline config print", description: "See every setting, and where it comes from" }
    ])
  )
}
