/** What is logged: as lines for programs, as lines for people, and of secrets nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Redacted, Schema } from "effect"
import { appendFileSync, writeFileSync } from "node:fs"
import * as Net from "node:net"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import * as Logging from "../../src/cli/Logging.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import { serve } from "../support/ServedAll.ts"
import * as Started from "../support/Started.ts"
import { answersOf } from "../support/Talk.ts"
import * as Terminal from "../support/Terminal.ts"

/** What a logger makes of an entry. */
const written = (
  logger: Logger.Logger<unknown, string>,
  message: unknown,
  about: Readonly<Record<string, unknown>> = {},
  cause?: unknown
) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const collect = Logger.map(logger, (line) => void lines.push(line))
    yield* Effect.logWarning(message, ...(cause === undefined ? [] : [cause])).pipe(
      Effect.annotateLogs(about),
      Effect.provide(Logger.layer([collect]))
    )
    assert.lengthOf(lines, 1)
    return lines[0]!
  })

const About = Schema.Record(Schema.Literals(["peer", "number", "fifo"]), Schema.String)

describe("A log for programs", () => {
  it.effect.prop(
    "has a line of JSON for each entry, which says again what was said",
    [Schema.String, About],
    ([message, about]) =>
      Effect.gen(function* () {
        const line = yield* written(Logging.json, message, about)
        assert.notInclude(line, "\n")
        const { timestamp, ...rest } = JSON.parse(line) as Record<string, unknown>
        assert.deepStrictEqual(rest, { level: "WARN", message, ...about })
        assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      })
  )

  it.effect("has the cause of an error in it, and nothing of what is redacted", () =>
    Effect.gen(function* () {
      const line = yield* written(Logging.json, "a command died", { token: Redacted.make("s3cret") })
      assert.notInclude(line, "s3cret")
      const { cause } = JSON.parse(
        yield* Effect.flip(Effect.fail(new Error("broken"))).pipe(
          Effect.flatMap((error) => Effect.exit(Effect.die(error))),
          Effect.flatMap((exit) =>
            written(Logging.json, "a command died", {}, exit._tag === "Failure" ? exit.cause : undefined)
          )
        )
      ) as { readonly cause: string }
      assert.match(cause, /^Error: broken\n {4}at /)
    })
  )

  it.live("is what is written where standard error is no terminal, with protocol, peer and request", () =>
    Effect.gen(function* () {
      const { data, process } = yield* serve()
      const endpoint = { _tag: "Unix", path: join(data, "sec-lsm-manager.socket") } as const
      yield* answersOf({ endpoint }, "log\n")
      yield* answersOf({ endpoint }, "log\nlog on\n")
      yield* process.says("stderr", /\n/)
      const { timestamp: _, ...rest } = JSON.parse(process.stderr().split("\n")[0]!) as Record<
        string,
        unknown
      >
      assert.deepStrictEqual(rest, {
        level: "INFO",
        message: "s->c done on",
        protocol: "sec-lsm-manager",
        peer: "unix",
        request: "2-2"
      })
    })
  )
})

describe("A log for people", () => {
  it.effect.prop(
    "has a line for each entry, and nothing in it that a terminal obeys",
    [Schema.String, About],
    ([message, about]) =>
      Effect.gen(function* () {
        const line = stripVTControlCharacters(yield* written(Logging.text, message, about))
        assert.notMatch(line, /\p{Cc}/u)
        assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} WARN {2}/)
        for (const key of Object.keys(about)) assert.include(line, ` ${key}=`)
      })
  )

  it.effect("has the lines of a cause below", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.die(new Error("broken\u001b[2J")))
      const lines = (yield* written(
        Logging.text,
        "a command died",
        {},
        exit._tag === "Failure" ? exit.cause : undefined
      )).split("\n")
      assert.match(lines[0]!, / a command died$/)
      assert.strictEqual(lines[1], "  Error: broken\\u{1b}[2J")
      assert.match(lines[2]!, /^ {6}at /)
    })
  )

  it.live.skipIf(Terminal.obstacle !== undefined)(
    `is what is written on a terminal, in colour unless that is not wanted${Terminal.obstacle === undefined ? "" : ` (skipped: ${Terminal.obstacle})`}`,
    () =>
      Effect.gen(function* () {
        const said = Effect.fnUntraced(function* (env: Readonly<Record<string, string>>, pattern: RegExp) {
          const data = yield* temporaryDirectory
          const server = yield* Terminal.wireline(["serve", "--data", data], env)
          // It hears of the end from its terminal alone, which is gone when the test is over.
          yield* Effect.addFinalizer(() =>
            Effect.andThen(
              Effect.sync(() => server.stdin.write("\u0003")),
              server.exit
            )
          )
          yield* server.says("stdout", /sec-lsm-manager listening on/)
          const endpoint = { _tag: "Unix", path: join(data, "sec-lsm-manager.socket") } as const
          yield* answersOf({ endpoint }, "log on\n")
          yield* server.says("stdout", pattern)
        }, Effect.scoped)
        yield* said(
          {},
          new RegExp(
            `\\d ${RegExp.escape("\u001b[32mINFO \u001b[39m")} s->c done on protocol=sec-lsm-manager peer=unix request=1-1\r\n`
          )
        )
        yield* said({ NO_COLOR: "1" }, /\d INFO {2}s->c done on protocol=\S+ peer=unix request=1-1\r\n/)
      })
  )
})

describe("No log", () => {
  it.live(
    "has a password, a code or a token in it, however much is logged and wherever they are put",
    () =>
      Effect.gen(function* () {
        const secret = (name: string) => `S3cret-${name}-x7`
        const directory = yield* temporaryDirectory
        const [config, fifo] = [join(directory, "wireline.toml"), join(directory, "fifo")]
        writeFileSync(config, `[sms.tokens]\nADMIN = "${secret("token")}"\n`)
        const mail = yield* refusingMail
        const { data, exon, process, rscp } = yield* serve(
          ...["--log-level", "debug", "--config", config, "--sms-fifo", fifo, "--sms-transmitter", "stdout"],
          ...["--smtp-url", `smtp://ada:${secret("smtp")}@127.0.0.1:${mail.port}?from=a@example.org`],
          ...["--rscp-access", "private"]
        )
        const at = (path: string) => ({ endpoint: { _tag: "Unix", path } as const })
        const number = "+33612345678"
        const added = yield* Started.wireline([
          ...["user", "add", "--data", data, "--realm", "sms", "--number", number, "--role", "USER"],
          ...["--email", "ada@example.org", "--password-stdin"]
        ])
        added.stdin.end(`${secret("account")}\n`)
        assert.strictEqual((yield* added.exit).code, 0)

        yield* answersOf(at(join(data, "sec-lsm-manager.socket")), "log on\n")
        yield* answersOf(
          at(exon.slice("unix:".length)),
          [
            `auth username="ada"::passwd="${secret("exon")}"`,
            `auth username="ada"::password="${secret("exon")}"`,
            `auth passwd="${secret("exon")}`,
            ""
          ].join("\n")
        )
        yield* answersOf(
          at(rscp.slice("unix:".length)),
          [
            "CONNECT REQUEST",
            `AUTHENTIFICATION CREATE:USERNAME=ada:PASSWORD=${secret("rscp")}:EMAIL=ada@example.org`,
            `AUTHENTIFICATION LOGIN:USERNAME=ada:PASSWORD=${secret("rscp")}`,
            `AUTHENTIFICATION LOGIN:USERNAME=ada:PASSWORT=${secret("rscp")}`,
            `AUTHENTIFICATION LOGIN ${secret("rscp")}`,
            ""
          ].join("\n")
        )
        const text = (sms_text: unknown, more: Readonly<Record<string, unknown>> = {}) =>
          `${JSON.stringify({ sms_number: number, sms_text, ...more })}\n`
        const token = (token: unknown) => ({ auth: { role: "ADMIN", token } })
        const misplaced = [
          text("whoami", { auth: secret("misplaced") }),
          text("whoami", token([secret("misplaced")])),
          text("whoami", { auth: { role: secret("misplaced"), token: secret("misplaced") } }),
          text("whoami", { token: secret("misplaced") }),
          text([`login password ${secret("misplaced")}`]),
          text("whoami", { sms_number: `login password ${secret("misplaced")}` }),
          text("whoami", { transmit: secret("misplaced") }),
          `{"sms_text":"login password ${secret("misplaced")}"\n`
        ]
        const sms = at(join(data, "sms.socket"))
        const answers = yield* answersOf(
          sms,
          [
            text(`login password ${secret("wrong")}`),
            text(`login pasword ${secret("wrong")}`),
            text(`login ${secret("wrong")}`),
            text(`login password "${secret("wrong")}`),
            text(`${secret("wrong")} ${secret("wrong")}`),
            text("whoami", token(secret("wrong"))),
            text("whoami", token(secret("token"))),
            ...misplaced.slice(0, -1),
            text("login otp"),
            text("login mail"),
            text("login code 000000"),
            text(`login password ${secret("account")}`)
          ].join("")
        )
        assert.include(answers, "logged in as USER")
        yield* answersOf(sms, misplaced.at(-1)!)
        for (const message of misplaced) appendFileSync(fifo, message)
        // What no connection asked for has its protocol, too.
        yield* process.says("stderr", /(?:skipped what is no message[^\n]*"protocol":"sms"[^]*){3}/)
        yield* process.says("stderr", /a mail was not sent[^\n]*"protocol":"sms"/)
        const [, code] = yield* process.says("stdout", /"(\d{6}) is your code/)
        yield* process.signal("SIGTERM")
        const { code: status, stderr } = yield* process.exit
        assert.strictEqual(status, 0)
        for (const leak of ["S3cret", Buffer.from(secret("smtp")).toString("base64").slice(0, -4), code!]) {
          assert.notInclude(stderr, leak)
        }
      }),
    60_000
  )
})

/** A mail server that takes nothing, and says again what it was told. */
const refusingMail = Effect.gen(function* () {
  const server = yield* Effect.acquireRelease(
    Effect.callback<Net.Server>((resume) => {
      const server = Net.createServer((socket) => {
        socket.on("error", () => {})
        socket.write("220 here\r\n")
        socket.setEncoding("utf8").on("data", (text) => {
          const line = String(text).trim()
          socket.write(
            line.startsWith("EHLO") ? "250-here\r\n250 AUTH PLAIN LOGIN\r\n" : `535 no ${line}\r\n`
          )
        })
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => void server.close())
  )
  return { port: (server.address() as Net.AddressInfo).port }
})
