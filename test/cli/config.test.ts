/** The commands `wireline config check` and `wireline config print`, and what help and completions tell. */
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Result, type Scope } from "effect"
import { CliOutput, Command, type HelpDoc } from "effect/cli"
import * as Toml from "effect/encoding/Toml"
import { TestConsole } from "effect/testing"
import { config } from "../../src/cli/config.ts"
import * as Wireline from "../../src/cli/wireline.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import * as RawPeer from "../support/RawPeer.ts"
import { services, withVocabulary } from "../support/Services.ts"
import * as Started from "../support/Started.ts"

/** A test with a directory, and the path of the configuration file in it. */
const inDirectory =
  <E>(test: (data: string, file: string) => Effect.Effect<void, E, Scope.Scope>) =>
  () =>
    Effect.flatMap(temporaryDirectory, (data) => test(data, join(data, "wireline.toml")))

/** Runs it in this process, and gives what it prints. */
const printed = (args: ReadonlyArray<string>, env: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const before = (yield* TestConsole.logLines).length
    yield* Command.runWith(config(services), { version: "1" })(args)
    return (yield* TestConsole.logLines).slice(before).join("\n").split("\n")
  }).pipe(
    Effect.provide(NodeServices.layer),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
    withVocabulary
  )

const secrets = ["hunter2", "swordfish", "opensesame", "joshua"]

/** A file that tells something of every kind. */
const everything = `max_connections = 5
[exon]
max_frame = 100
[tls]
cert = "/etc/\\"quoted\\".pem"
[sms]
endpoint = "off"
smtp_url = "smtp://u:hunter2@localhost"
session_time = "2h"
allowed_numbers = ['^\\+33']
tokens = { ADMIN = "swordfish" }
[sms.commands.weather]
key = "opensesame"
[[sms.programs]]
name = "ping"
description = "pings"
program = "/bin/ping"
parameters = [{ name = "HOST", pattern = '^[a-z]+$' }]
environment = { TOKEN = "joshua" }
states = ["ADMIN"]
`

describe("wireline config", () => {
  it.effect(
    "print tells every setting as a file would, and where each comes from, but no secret",
    inDirectory((data, file) =>
      Effect.gen(function* () {
        writeFileSync(file, everything)
        const lines = yield* printed(["print", "--data", data, "--rscp-access", "private"], {
          WIRELINE_IDLE_TIMEOUT: "30s"
        })
        for (const line of [
          `# with ${file}`,
          `data = "${data}" # --data`,
          `max_connections = 5 # ${file}:1`,
          'idle_timeout = "30s" # WIRELINE_IDLE_TIMEOUT',
          `endpoint = "unix:${data}/sec-lsm-manager.socket" # default`,
          'endpoint = "tcp://127.0.0.1:8878" # default',
          `max_frame = 100 # ${file}:3`,
          'access = "private" # --rscp-access',
          "# fifo is not set",
          `# smtp_url is hidden # ${file}:8`,
          `session_time = "2h" # ${file}:9`,
          `allowed_numbers = ["^\\\\+33"] # ${file}:10`,
          "lower_case = 0 # default",
          `# tokens.ADMIN is hidden # ${file}:11`,
          `# commands.weather is hidden # ${file}:12`,
          `[[sms.programs]] # ${file}:14`,
          'timeout = "10s"',
          "# environment.TOKEN is hidden",
          `cert = "/etc/\\"quoted\\".pem" # ${file}:5`
        ]) {
          assert.include(lines, line)
        }
        for (const secret of secrets) assert.notInclude(lines.join("\n"), secret)
      })
    )
  )

  it.effect(
    "print is a file that tells the same",
    inDirectory((data, file) =>
      Effect.gen(function* () {
        writeFileSync(file, everything)
        const told = (lines: ReadonlyArray<string>) => Result.getOrThrow(Toml.parse(lines.join("\n")))
        const first = yield* printed(["print", "--data", data, "--rscp-access", "private"])
        const again = join(data, "again.toml")
        writeFileSync(again, first.join("\n"))
        assert.deepStrictEqual(told(yield* printed(["print", "--config", again])), told(first))
      })
    )
  )

  it.effect(
    "check is content with a file that is right, and with none",
    inDirectory((data, file) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* printed(["check", "--data", data]), [
          `there is no ${file}; nothing is wrong without it`
        ])
        writeFileSync(file, everything)
        assert.deepStrictEqual(yield* printed(["check"], { WIRELINE_DATA: data }), [`${file} is right`])
      })
    )
  )

  it.effect(
    "check tells what cannot be served together",
    inDirectory((data) =>
      Effect.gen(function* () {
        for (const [why, ...flags] of [
          [/share stdio:/, "--exon", "stdio:", "--rscp", "stdio:"],
          [/--tls-cert FILE and --tls-key FILE/, "--exon", "tls://127.0.0.1:0"],
          [/none\.pem/, "--exon", "tls://[::1]:0", "--tls-cert", `${data}/none.pem`, "--tls-key", `${data}/k`]
        ] as const) {
          const { message } = yield* Effect.flip(printed(["check", "--data", data, ...flags]))
          assert.match(message, why)
        }
      })
    )
  )

  it.live(
    "check tells all that is wrong in the file, in the environment and in flags, a line each, with the status 1",
    inDirectory((data, file) =>
      Effect.gen(function* () {
        writeFileSync(file, "[exon]\nmax_frames = 1\nendpoint = 8878\n")
        const args = ["config", "check", "--data", data, "--metrics", "unix:/hunter2"]
        const { code, stderr, stdout } = yield* Started.outcomeOf(args, {
          env: { WIRELINE_MAX_CONNECTIONS: "many", WIRELINE_EXONS: "off" }
        })
        assert.deepStrictEqual([code, stdout], [1, ""])
        const lines = stderr.split("\n")
        assert.strictEqual(lines.length, 6)
        for (const [index, line] of [
          `wireline: ${file}:2:1: exon.max_frames: there is no such key`,
          `wireline: ${file}:3:1: exon.endpoint: Expected a string`,
          "wireline: WIRELINE_MAX_CONNECTIONS: Expected a whole number above 0",
          "wireline: --metrics: Expected ",
          "wireline: WIRELINE_EXONS: there is no such variable"
        ].entries()) {
          assert.isTrue(lines[index]!.startsWith(line), lines[index])
        }
        assert.notInclude(stderr, "hunter2")
      })
    )
  )

  it.live(
    "check refuses what is no regular file, which it might never read to its end",
    inDirectory((data, file) =>
      Effect.gen(function* () {
        execFileSync("mkfifo", [file])
        for (const path of [file, data]) {
          const { code, stderr } = yield* Started.outcomeOf(["config", "check", "--config", path])
          assert.deepStrictEqual(
            { code, stderr },
            { code: 1, stderr: `wireline: cannot use ${path}: it is no regular file\n` }
          )
        }
      })
    )
  )

  it.live(
    "may come after flags that are for it",
    inDirectory((data, file) =>
      Effect.gen(function* () {
        const { stdout } = yield* Started.outcomeOf(["--data", data, "config", "check"])
        assert.strictEqual(stdout, `there is no ${file}; nothing is wrong without it\n`)
      })
    )
  )
})

describe.concurrent("wireline serve", () => {
  it.live(
    "serves as the file tells, and not with one that is wrong",
    inDirectory((data, file) =>
      Effect.gen(function* () {
        writeFileSync(file, `[sec-lsm-manager]\nendpoint = "unix:${data}/here"\nmax_frame = 20\n`)
        const server = yield* Started.wireline(["serve", "--data", data])
        yield* server.says("stdout", /\n/)
        assert.strictEqual(server.stdout(), `sec-lsm-manager listening on unix:${data}/here\n`)
        const peer = yield* RawPeer.connect({ _tag: "Unix", path: join(data, "here") })
        yield* peer.send(`permission ${"x".repeat(10)}\n`)
        assert.strictEqual(yield* peer.rest, "error protocol\n")
        yield* server.signal("SIGTERM")
        assert.strictEqual((yield* server.exit).code, 0)

        writeFileSync(file, "[sec-lsm-manager]\nendpint = 'off'\nmax_frame = '20'\n")
        const { code, stderr, stdout } = yield* Started.outcomeOf(["serve", "--data", data])
        assert.deepStrictEqual([code, stdout], [1, ""])
        assert.strictEqual(
          stderr,
          `wireline: ${file}:2:1: sec-lsm-manager.endpint: there is no such key\n` +
            `wireline: ${file}:3:1: sec-lsm-manager.max_frame: Expected a number\n`
        )
      })
    )
  )
})

/** Help as it is asked for with these words. */
const helpOf = (path: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    let help: HelpDoc.HelpDoc | undefined
    const presenter: CliOutput.Presenter = {
      present: (event) =>
        Effect.sync(() => {
          if (event._tag === "Help") help = event.helpDoc
        })
    }
    const wireline = Wireline.command(services, () => Layer.empty, "1")
    yield* Command.runWith(wireline, { version: "1" })([...path, "--help"]).pipe(
      Effect.provide([NodeServices.layer, CliOutput.layerPresenter(presenter)])
    )
    return help!
  })

describe("Help", () => {
  it.effect("has an example of every subcommand, and says what each of its flags is for", () =>
    Effect.gen(function* () {
      const lacking: Array<string> = []
      const visit = (path: ReadonlyArray<string>): Effect.Effect<void, unknown> =>
        Effect.gen(function* () {
          const { examples = [], flags, subcommands = [] } = yield* Effect.orDie(helpOf(path))
          const command = ["wireline", ...path].join(" ")
          if (path.length > 0 && !examples.some((example) => example.command.startsWith(command))) {
            lacking.push(command)
          }
          for (const { description, name } of flags) {
            if (description._tag === "None") lacking.push(`${command} --${name}`)
          }
          for (const { name } of subcommands.flatMap(({ commands }) => commands))
            yield* visit([...path, name])
        })
      yield* visit([])
      assert.deepStrictEqual(lacking, [])
    })
  )
})

describe.concurrent("wireline --completions", () => {
  const scriptFor = (shell: string) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* Started.outcomeOf(["--completions", shell])
      assert.deepStrictEqual([code, stderr], [0, ""])
      return stdout
    })

  for (const shell of ["zsh", "fish"]) {
    it.live(`gives ${shell} a script that knows subcommands and flags`, () =>
      Effect.gen(function* () {
        const script = yield* scriptFor(shell)
        for (const word of ["serve", "config", "import", "max-connections", "smtp-url"]) {
          assert.include(script, word)
        }
      })
    )
  }

  it.live(
    "gives bash a script that completes subcommands and flags",
    inDirectory((data) =>
      Effect.gen(function* () {
        const script = join(data, "completions")
        // What a terminal does when TAB is pressed.
        const complete = `
          complete_line() {
            COMP_LINE=$1 COMP_POINT=\${#1} COMPREPLY=()
            read -ra COMP_WORDS <<< "$1"
            COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
            read -ra definition <<< "$(complete -p wireline)"
            for (( i = 0; i < \${#definition[@]}; i++ )); do
              [ "\${definition[i]}" = -F ] && "\${definition[i+1]}" wireline "\${COMP_WORDS[-1]}" "\${COMP_WORDS[-2]}"
            done
            echo "\${COMPREPLY[@]}"
          }
          complete_line 'wireline conf'
          complete_line 'wireline config pr'
          complete_line 'wireline serve --max-con'
        `
        writeFileSync(script, `${yield* scriptFor("bash")}${complete}`)
        const bash = yield* Started.start(["bash", "--norc", script])
        const { stderr, stdout } = yield* bash.exit
        assert.deepStrictEqual([stdout, stderr], ["config\nprint\n--max-connections\n", ""])
      })
    )
  )
})
