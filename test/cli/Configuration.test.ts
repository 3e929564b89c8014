/** Settings: flags over the environment over `wireline.toml`, and what is said of a file that is wrong. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option, Redacted, type Scope } from "effect"
import { CliError, CliOutput, Command } from "effect/cli"
import * as ConfigurationFile from "../../src/cli/ConfigurationFile.ts"
import { data, location } from "../../src/cli/DataSetting.ts"
import * as Setting from "../../src/cli/Setting.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import { everySetting, settings, withVocabulary } from "../support/Services.ts"

interface Told {
  readonly args?: ReadonlyArray<string>
  readonly env?: Record<string, string>
}

/** What a command that takes these settings is told, or why it is not run. */
const run = <const Flags extends Command.Command.Config>(flags: Flags, { args = [], env = {} }: Told) =>
  Effect.gen(function* () {
    let told: Command.Command.Config.Infer<Flags> | undefined
    const command = Command.make("told", flags, (given) => Effect.sync(() => void (told = given)))
    yield* Command.runWith(command, { version: "1", renderErrors: false })(args)
    return told!
  }).pipe(
    Effect.provide([NodeServices.layer, CliOutput.layerPresenter({ present: () => Effect.void })]),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
    withVocabulary
  )

const serving = (told: Told) => run(settings, told)

/** The problems that it is not run for. */
const problemsOf = (told: Told) =>
  Effect.map(Effect.flip(serving(told)), (error) => {
    assert.isTrue(CliError.isCliError(error) && error._tag === "ShowHelp")
    const [first] = CliError.isCliError(error) && error._tag === "ShowHelp" ? error.errors : []
    assert.isTrue(first?._tag === "UserError" && first.cause instanceof ConfigurationFile.BadConfiguration)
    return first!.message.split("\n")
  })

/** A test with a directory, and a file in it. */
const withFile =
  <E>(text: string, test: (data: string, file: string) => Effect.Effect<void, E, Scope.Scope>) =>
  () =>
    Effect.gen(function* () {
      const data = yield* temporaryDirectory
      const file = join(data, "wireline.toml")
      writeFileSync(file, text)
      yield* test(data, file)
    })

/** For each setting, three values that differ. */
const examples: Readonly<Record<string, readonly [string, string, string]>> = {
  data: ["/a", "/b", "/c"],
  "max-connections": ["1", "2", "3"],
  "idle-timeout": ["1s", "2m", "off"],
  "log-level": ["debug", "warn", "none"],
  "sec-lsm-manager": ["unix:/a", "tcp://[::1]:0", "off"],
  "sec-lsm-manager-max-frame": ["1", "2", "3"],
  "security-module": ["record", "smack", "record"],
  "policy-dir": ["/a", "/b", "/c"],
  exon: ["tcp://a:1", "fd:exon", "off"],
  "exon-max-frame": ["1", "2", "3"],
  rscp: ["tls://a:1", "stdio:", "off"],
  "rscp-max-frame": ["1", "2", "3"],
  "rscp-access": ["public", "private", "public"],
  "rscp-registration": ["on", "off", "on"],
  sms: ["unix:/a", "unix:/b", "off"],
  "sms-max-frame": ["1", "2", "3"],
  "sms-fifo": ["/a", "/b", "/c"],
  "sms-transmitter": ["gammu", "stdout", "none"],
  "sms-gammu-config": ["/a", "/b", "/c"],
  "sms-commands": ["/a", "/b", "/c"],
  "smtp-url": ["smtp://a", "smtp://b", "smtp://c"],
  metrics: ["tcp://a:1", "tcp://b:2", "off"],
  otlp: ["http://a", "https://b/c", "http://[::1]:4318/"],
  "trace-sample": ["0", "0.25", "1e-7"],
  "tls-cert": ["/a", "/b", "/c"],
  "tls-key": ["/a", "/b", "/c"],
  "tls-ca": ["/a", "/b", "/c"]
}

const inFile = everySetting.filter(({ about }) => about.place !== undefined)

/** A file that tells one setting. */
const fileOf = ({ isNumber, place }: Setting.About, text: string) =>
  `${place?.table === undefined ? "" : `[${place.table}]\n`}${place!.key} = ${isNumber ? text : `'${text}'`}\n`

/** A value that can be compared, secrets too. */
const shown = (value: unknown): string => {
  const given: unknown = Option.isOption(value) ? Option.getOrUndefined(value) : value
  return inspect(Redacted.isRedacted(given) ? Redacted.value(given) : given)
}

describe("A setting", () => {
  it("of serve can be told by the file, all but the file itself", () => {
    assert.deepStrictEqual(inFile.map(({ about }) => about.name).toSorted(), Object.keys(examples).toSorted())
    assert.deepStrictEqual(
      everySetting.flatMap(({ about }) => (about.place === undefined ? [about.name] : [])),
      ["config"]
    )
  })

  it.effect("is taken from the flag, else from the environment, else from the file", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const config = join(directory, "some.toml")
      for (const setting of inFile) {
        const { about } = setting
        const [first, second, third] = examples[about.name]!
        const told = ({ args = [], env = {} }: Told) =>
          Effect.map(
            run({ config: settings.config, setting }, { args: ["--config", config, ...args], env }),
            (told) => shown(told.setting)
          )
        const flag = (text: string) => ({ args: [`--${about.name}`, text] })
        const variable = (text: string) => ({ env: { [Setting.variable(about.name)]: text } })
        writeFileSync(config, "")
        const expected = yield* Effect.forEach([first, second, third], (text) => told(flag(text)))
        assert.deepStrictEqual(
          yield* Effect.forEach([first, second, third], (text) => told(variable(text))),
          expected
        )
        writeFileSync(config, fileOf(about, third))
        assert.strictEqual(yield* told({}), expected[2], about.name)
        assert.strictEqual(yield* told(variable(second)), expected[1], about.name)
        assert.strictEqual(yield* told({ ...variable(second), ...flag(first) }), expected[0], about.name)
        // An empty variable is none.
        assert.strictEqual(yield* told(variable("")), expected[2], about.name)
        writeFileSync(config, fileOf(about, second))
        assert.strictEqual(yield* told({}), expected[1], about.name)
      }
    })
  )
})

describe("wireline.toml", () => {
  it.effect(
    "is read in the data directory, whichever way that was told, unless another file is asked for",
    withFile("max_connections = 7\n", (data) =>
      Effect.gen(function* () {
        const other = join(data, "other.toml")
        writeFileSync(other, `data = '${data}'\n`)
        const connections = (told: Told) => Effect.map(serving(told), ({ maxConnections }) => maxConnections)
        assert.strictEqual(yield* connections({ args: ["--data", data] }), 7)
        assert.strictEqual(yield* connections({ env: { WIRELINE_DATA: data } }), 7)
        assert.strictEqual(yield* connections({ args: ["--data", data, "--config", other] }), 1000)
        assert.strictEqual(
          yield* connections({ args: ["--data", data], env: { WIRELINE_CONFIG: other } }),
          1000
        )
        assert.strictEqual(yield* connections({ args: ["--data", join(data, "nowhere")] }), 1000)
      })
    )
  )

  it.effect(
    "tells where the data directory is to whoever asks for that alone",
    withFile("data = '/srv/wireline'\n", (_, file) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* run(location, { args: ["--config", file] })).data, "/srv/wireline")
        assert.strictEqual((yield* run({ data }, { env: { WIRELINE_CONFIG: file } })).data, "/srv/wireline")
      })
    )
  )

  it.effect(
    "that was found in a data directory tells no other one",
    withFile("exon = {}\n", (data, file) =>
      Effect.gen(function* () {
        writeFileSync(file, `data = '${data}/'\n`)
        assert.strictEqual((yield* serving({ args: ["--data", data] })).data, data)
        writeFileSync(file, "data = '/srv/wireline'\n")
        assert.deepStrictEqual(yield* problemsOf({ args: ["--data", data] }), [
          `${file}:1:1: data: is not the directory of this file; give the file with --config`
        ])
      })
    )
  )

  it.effect("is refused with all that is wrong in it, each with its line, its column and its key", () =>
    Effect.gen(function* () {
      const data = yield* temporaryDirectory
      const file = join(data, "wireline.toml")
      for (const [text, ...problems] of [
        [
          [
            "max_connections = 0",
            "idle_timeout = 30",
            "conections = 1",
            "[exon]",
            'endpoint = "8878"',
            'max_frame = "100"',
            "  size = 1",
            "[exom]",
            "[rscp]",
            "access = ['public']",
            "[sms]",
            "smtp_url = 'http://hunter2'",
            "fifo = true"
          ].join("\n"),
          "1:1: max_connections: Expected a value greater than 0",
          "2:1: idle_timeout: Expected a string",
          "3:1: conections: there is no such key",
          "5:1: exon.endpoint: Expected an endpoint",
          "6:1: exon.max_frame: Expected a number",
          "7:3: exon.size: there is no such key",
          "8:2: exom: there is no such key",
          "10:1: rscp.access: Expected a string",
          "13:1: sms.fifo: Expected a string"
        ],
        [
          "max-connections = 1\nexon-max-frame = 1\npolicy_dir = '/'\n[tls]\ntls_cert = ''",
          "1:1: max-connections: there is no such key; max_connections is meant",
          "2:1: exon-max-frame: there is no such key; max_frame in [exon] is meant",
          "3:1: policy_dir: there is no such key; policy_dir in [sec-lsm-manager] is meant",
          "5:1: tls.tls_cert: there is no such key; cert in [tls] is meant"
        ],
        ["exon = 'off'", "1:1: exon: Expected a table; endpoint in [exon] is meant"],
        ["config = 'other.toml'", "1:1: config: there is no such key"],
        ["[exon]\nmax_frame = 1.5", "2:1: exon.max_frame: Expected a whole number above 0"],
        ["\n\n[exon\n", "3:6: Expected ']'"],
        ["a = 1\na = 2", "2:6: Cannot redefine existing key 'a'"],
        ["\uFEFFa = 1", "1:1: a: there is no such key"]
      ] as const) {
        writeFileSync(file, text)
        const found = yield* problemsOf({ args: ["--data", data] })
        assert.strictEqual(found.length, problems.length, found.join("\n"))
        for (const [index, problem] of problems.entries()) {
          assert.isTrue(found[index]!.startsWith(`${file}:${problem}`), `${found[index]} is not ${problem}`)
        }
        assert.notInclude(found.join(), "hunter2")
      }
    })
  )

  it.effect("must be there, and be readable, where it was asked for", () =>
    Effect.gen(function* () {
      const data = yield* temporaryDirectory
      assert.deepStrictEqual(yield* problemsOf({ args: ["--config", join(data, "none.toml")] }), [
        `cannot use ${join(data, "none.toml")}: there is no such file`
      ])
      const [problem] = yield* problemsOf({ env: { WIRELINE_CONFIG: data } })
      assert.isTrue(problem!.startsWith(`cannot use ${data}: `), problem)
    })
  )
})
