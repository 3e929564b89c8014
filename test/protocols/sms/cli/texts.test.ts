/** The commands `wireline sms exec` and `wireline sms deliver`, as processes. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { temporaryDirectory } from "../../../support/Directory.ts"
import * as RawPeer from "../../../support/RawPeer.ts"
import { message, repliesIn, said } from "../../../support/ServedSms.ts"
import { section } from "../../../support/SmsBackup.ts"
import * as Started from "../../../support/Started.ts"

const number = "+33612345678"

const inDirectory =
  <E>(test: (root: string) => Effect.Effect<void, E, Scope.Scope>) =>
  () =>
    Effect.flatMap(temporaryDirectory, test)

/** How it ends with these arguments, and what it prints. */
const ends = (
  args: ReadonlyArray<string>,
  options: Started.StartOptions & { readonly stdin?: string } = {}
) =>
  Effect.gen(function* () {
    const process = yield* Started.wireline(["sms", ...args], options)
    process.stdin.end(options.stdin ?? "")
    const { code, stderr, stdout } = yield* process.exit
    return { code, stdout, stderr }
  }).pipe(Effect.scoped)

const exec = (data: string, text: string, ...more: ReadonlyArray<string>) =>
  ends(["exec", "--data", data, "--number", number, text, ...more])

/** A server that prints what it sends out. */
const serve = (data: string, ...more: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const path = join(data, "sms.socket")
    const process = yield* Started.wireline([
      ...["serve", "--data", data, "--sec-lsm-manager", "off", "--sms", `unix:${path}`],
      ...["--sms-transmitter", "stdout", ...more]
    ])
    yield* process.says("stdout", /^sms listening on /)
    return { ...process, endpoint: { _tag: "Unix", path } as const }
  })

describe("wireline sms exec", () => {
  it.live(
    "prints the answer, and ends with 1 where that is an error",
    inDirectory((data) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* exec(data, "whoami"), { code: 0, stdout: `${number}\n`, stderr: "" })
        writeFileSync(join(data, "wireline.toml"), "[sms]\nallowed_texts = ['^desc']\nlower_case = 1\n")
        assert.deepStrictEqual(yield* exec(data, "whoami"), {
          code: 1,
          stdout: "#Err: command denied\n",
          stderr: ""
        })
        const other = join(data, "other.toml")
        writeFileSync(other, "[sms]\nmax_size = 1\n")
        assert.deepStrictEqual(yield* exec(data, "whoami", "--config", other), {
          code: 1,
          stdout: "",
          stderr: `wireline: ${other}:2:1: sms.max_size: there is no such key\n`
        })
      })
    )
  )

  it.live(
    "has the sessions of the server on the same data directory, and the server has its texts",
    inDirectory((data) =>
      Effect.gen(function* () {
        const server = yield* serve(data)
        assert.strictEqual((yield* exec(data, "login otp")).code, 0)
        const peer = yield* RawPeer.connect(server.endpoint)
        yield* peer.send(message("role"))
        yield* peer.end
        const replies = repliesIn(yield* peer.rest)
        assert.deepStrictEqual(replies.map(said), [{ received_length: 47, output: "LOGININPROGRESS" }])
        yield* server.says("stdout", /^\{"number":"\+33612345678","text":"LOGININPROGRESS"\}$/m)
        assert.strictEqual((yield* exec(data, "role")).stdout, "LOGININPROGRESS\n")
      })
    )
  )
})

describe("wireline sms deliver", () => {
  it.live(
    "hands over the text that Gammu SMSD tells it, whatever ids come with it, or those of a file",
    inDirectory((data) =>
      Effect.gen(function* () {
        const server = yield* serve(data)
        const endpoint = `unix:${server.endpoint.path}`
        const environment = {
          ...{ SMS_MESSAGES: "2", SMS_1_NUMBER: number, SMS_1_TEXT: "desc who" },
          ...{ SMS_2_NUMBER: number, SMS_2_TEXT: "ami" }
        }
        const quiet = { code: 0, stdout: "", stderr: "" }
        const file = join(data, "backup")
        writeFileSync(
          file,
          section({ at: 0, number, text: "desc role" }) +
            section({ at: 1, number: "+33600000000", text: "whoami" })
        )
        assert.deepStrictEqual(
          yield* Effect.all(
            [
              ends(["deliver", "--endpoint", endpoint, "IN1.txt", "IN2.txt"], { env: environment }),
              ends(["deliver", "--data", data, "--file", file]),
              ends(["deliver", "--data", data], { stdin: section({ at: 0, number, text: "desc help" }) })
            ],
            { concurrency: 2 }
          ),
          [quiet, quiet, quiet]
        )
        for (const [to, text] of [
          [number, "tells your number"],
          [number, "tells what you are logged in as"],
          ["+33600000000", "+33600000000"],
          [number, "names the commands that you may call, or tells how one is called"]
        ] as const) {
          const line = JSON.stringify({ number: to, text }).replaceAll("+", "\\+")
          yield* server.says("stdout", new RegExp(`^${line}$`, "m"))
        }
      })
    )
  )

  it.live(
    "ends with 1 and a line where there is no text, or nobody who takes it",
    inDirectory((data) =>
      Effect.gen(function* () {
        const nothing = yield* ends(["deliver", "--data", data])
        assert.deepStrictEqual([nothing.code, nothing.stdout], [1, ""])
        assert.match(nothing.stderr, /^wireline: there is no text on standard input; [^\n]*\n$/)
        const nobody = yield* ends(["deliver", "--data", data, "--file", "-", "--timeout", "1s"], {
          stdin: section({ at: 0, number, text: "whoami" })
        })
        assert.strictEqual(nobody.code, 1)
        assert.match(nobody.stderr, /^wireline: the text was not delivered to unix:[^\n]*ENOENT[^\n]*\n$/)
        const unreachable = yield* ends(["deliver", "--endpoint", "stdio:"])
        assert.match(unreachable.stderr, /^wireline: [^\n]*an endpoint to connect to[^\n]*\n$/)
        // A picture, say.
        assert.strictEqual((yield* ends(["deliver"], { env: { SMS_MESSAGES: "0" } })).code, 0)
      })
    )
  )
})

describe("wireline serve", () => {
  it.live(
    "takes texts from a FIFO alone, and refuses what cannot be served",
    inDirectory((data) =>
      Effect.gen(function* () {
        const off = ["--data", data, "--sec-lsm-manager", "off"]
        const fifo = join(data, "fifo")
        const server = yield* Started.wireline([
          ...["serve", ...off, "--sms-fifo", fifo, "--sms-transmitter", "stdout"]
        ])
        const writer = yield* Started.start([
          "sh",
          "-c",
          'while ! [ -p "$1" ]; do sleep 0.05; done; cat > "$1"',
          "sh",
          fifo
        ])
        writer.stdin.end(message("whoami"))
        yield* server.says("stdout", /^\{"number":"\+33612345678","text":"\+33612345678"\}\n/)
        yield* server.signal("SIGTERM")
        assert.strictEqual((yield* server.exit).code, 0)

        for (const [why, ...args] of [
          [/cannot share standard output/, "--sms", "stdio:", "--sms-transmitter", "stdout"],
          [/SMTP server is not smtp:/, "--sms", "stdio:", "--smtp-url", "http://user:hunter2@localhost"]
        ] as const) {
          const refused = yield* Started.outcomeOf(["serve", ...off, ...args])
          assert.strictEqual(refused.code, 1)
          assert.match(refused.stderr, why)
          assert.notInclude(refused.stderr, "hunter2")
        }
      })
    )
  )
})
