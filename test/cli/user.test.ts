/** The command `wireline user`, as a process. */
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { Accounts } from "../../src/accounts/Accounts.ts"
import * as Sqlite from "../../src/storage/Sqlite.ts"
import { temporaryDirectory } from "../support/Directory.ts"
import * as Started from "../support/Started.ts"

/** Runs it on a data directory, `input` its standard input, which stays open. */
const user = (data: string, args: ReadonlyArray<string>, input = "") =>
  Effect.scoped(
    Effect.gen(function* () {
      const process = yield* Started.wireline(["user", ...args, "--data", data])
      process.stdin.write(input)
      return yield* process.exit
    })
  )

/** Expects it to end well, having printed this. */
const prints = (stdout: string, data: string, args: ReadonlyArray<string>, input?: string) =>
  Effect.map(user(data, args, input), (outcome) => {
    assert.deepStrictEqual(outcome, { code: 0, signal: null, stdout, stderr: "" })
  })

/** Expects status 1, and one line on standard error that says why. */
const refuses = (why: RegExp, data: string, args: ReadonlyArray<string>, input?: string) =>
  Effect.map(user(data, args, input), ({ code, stderr, stdout }) => {
    assert.match(stderr, /^wireline: [^\n]+\n$/)
    assert.match(stderr, why)
    assert.strictEqual(stdout, "")
    assert.strictEqual(code, 1)
  })

const inDirectory =
  <E>(test: (root: string) => Effect.Effect<void, E, Scope.Scope>) =>
  () =>
    Effect.flatMap(temporaryDirectory, test)

/** The accounts as the server has them. */
const withAccounts = <A, E>(data: string, use: (accounts: Accounts["Service"]) => Effect.Effect<A, E>) =>
  Accounts.use(use).pipe(
    Effect.provide(
      Layer.provide(Accounts.layer(), Sqlite.layer({ filename: join(data, Sqlite.databaseName) })),
      { local: true }
    )
  )

const logsIn = (data: string, password: string) =>
  withAccounts(data, (accounts) => accounts.login("exon", "ada", Redacted.make(password), "unix"))

const exon = (...args: ReadonlyArray<string>) => [...args, "--realm", "exon"]

describe("wireline user", () => {
  it.live(
    "adds, lists, changes and removes accounts, also in a directory that is not there yet",
    inDirectory((root) =>
      Effect.gen(function* () {
        const data = join(root, "new")
        const add = exon("add", "Ada", "--password-stdin")
        yield* prints("added Ada to exon\n", data, add, "correct horse\nbattery\n")
        assert.strictEqual(statSync(data).mode & 0o777, 0o750)
        assert.strictEqual(statSync(join(data, Sqlite.databaseName)).mode & 0o777, 0o600)
        assert.strictEqual((yield* logsIn(data, "correct horse")).name, "Ada")

        yield* refuses(
          /there is Ada in exon already/,
          data,
          exon("add", "ADA", "--password-stdin"),
          "correct horse\n"
        )
        yield* prints(
          "changed the password of Ada in exon\n",
          data,
          exon("passwd", "ada", "--password-stdin"),
          "battery staple\r\n"
        )
        yield* logsIn(data, "battery staple")
        const { stdout } = yield* user(data, exon("list"))
        assert.match(stdout, /^Ada\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/)
        yield* prints("removed Ada from exon\n", data, exon("remove", "ada"))
        assert.strictEqual((yield* Effect.flip(logsIn(data, "battery staple")))._tag, "LoginFailed")
      })
    )
  )

  it.live(
    "lists who is locked out, and unlocks him, while a server runs on the same directory",
    inDirectory((data) =>
      Effect.gen(function* () {
        const server = yield* Started.wireline(["serve", "--data", data])
        yield* server.says("stdout", /\n/)
        yield* prints("added ada to exon\n", data, exon("add", "ada", "--password-stdin"), "correct horse\n")
        for (let i = 0; i < 5; i++) yield* Effect.flip(logsIn(data, "battery staple"))
        const { stdout } = yield* user(data, exon("list"))
        assert.match(stdout, /^ada\t\S+\tlocked until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/)
        const json = JSON.parse((yield* user(data, exon("list", "--json"))).stdout)
        assert.deepStrictEqual(Object.keys(json), ["name", "created", "email", "role", "lockedUntil"])
        assert.isAbove(Date.parse(json.lockedUntil), Date.now())
        yield* prints("unlocked ada in exon\n", data, exon("unlock", "ADA"))
        assert.strictEqual((yield* logsIn(data, "correct horse")).name, "ada")
        yield* server.signal("SIGTERM")
        assert.strictEqual((yield* server.exit).code, 0)
      })
    )
  )

  it.live(
    "says in one line why it cannot",
    inDirectory((data) => {
      const add = exon("add", "ada", "--password-stdin")
      const others = exon("add", "bob", "--password-stdin")
      const refusals = Effect.all(
        [
          refuses(
            /there is no ada in exon/,
            data,
            exon("passwd", "ada", "--password-stdin"),
            "correct horse\n"
          ),
          refuses(/at least 10 characters/, data, add, "correct\n"),
          refuses(/on a terminal, and this is none.*--password-stdin/, data, exon("add", "ada")),
          refuses(/--realm/, data, ["list"]),
          refuses(/"exno"\. Expected: one of exon, rscp, sms/, data, ["list", "--realm", "exno"]),
          refuses(/an e-mail address/, data, exon("add", "ada", "--email", "nobody")),
          refuses(/Unknown subcommand "lock"/, data, exon("lock", "ada")),
          refuses(/not a directory/, join("/dev/null", data), add, "correct horse\n"),
          refuses(/there is no database in/, join(data, "elsewhere"), exon("list"))
        ],
        { concurrency: 2, discard: true }
      )
      return Effect.andThen(prints("added bob to exon\n", data, others, "correct horse\n"), refusals)
    })
  )

  it.live(
    "adds an account of sms by its number, which needs no password, with an address and a role",
    inDirectory((data) =>
      Effect.gen(function* () {
        const sms = (...args: ReadonlyArray<string>) => [...args, "--realm", "sms"]
        const number = "+33612345678"
        const told = ["--number", "0033 6 12 34 56 78", "--email", "ada@example.org", "--role", "ADMIN"]
        yield* prints(`added ${number} to sms\n`, data, sms("add", ...told))
        const { stdout } = yield* user(data, sms("list"))
        assert.match(stdout, /^\+33612345678\t\S+\tADMIN\tada@example\.org\n$/)
        yield* prints(
          `changed the password of ${number} in sms\n`,
          data,
          sms("passwd", "+33-612-345-678", "--password-stdin"),
          "battery staple\n"
        )
        yield* withAccounts(data, (accounts) =>
          accounts.login("sms", number, Redacted.make("battery staple"), "unix")
        )
      })
    )
  )

  describe.skipIf(!existsSync("/usr/bin/script"))("on a terminal", () => {
    /** Runs it on a terminal of its own; it types each answer when it has been asked once more. */
    const onTerminal = (data: string, args: ReadonlyArray<string>, answers: ReadonlyArray<string>) =>
      Effect.scoped(
        Effect.gen(function* () {
          const command = [process.execPath, Started.command, "user", ...args, "--data", data].join(" ")
          const terminal = yield* Started.start(["/usr/bin/script", "-qec", command, "/dev/null"], {
            env: { ...Started.compiling, TERM: "xterm" },
            group: true
          })
          for (const [index, answer] of answers.entries()) {
            yield* terminal.says("stdout", index === 0 ? /Password/ : /again/)
            terminal.stdin.write(answer)
          }
          return yield* terminal.exit
        })
      )

    it.live(
      "asks twice for the password and does not show it",
      inDirectory((data) =>
        Effect.gen(function* () {
          const password = "correct horse"
          const { code, stdout } = yield* onTerminal(data, exon("add", "ada"), [
            `${password}\r`,
            `${password}\r`
          ])
          assert.match(stdout, /added ada to exon\r\n$/)
          assert.notMatch(stdout, /horse|\*|h.*o.*r.*s.*e\r/)
          assert.strictEqual(code, 0)
          yield* logsIn(data, password)
        })
      )
    )

    it.live(
      "takes neither two that differ, nor one that is broken off",
      inDirectory((data) =>
        Effect.gen(function* () {
          const differing = ["correct horse\r", "correct house\r"]
          const { code, stdout } = yield* onTerminal(data, exon("add", "ada"), differing)
          assert.match(stdout, /wireline: the two passwords are not the same\r\n$/)
          assert.strictEqual(code, 1)
          const none = yield* onTerminal(data, exon("add", "ada"), ["correct\u0003"])
          assert.notInclude(none.stdout, "wireline:")
          assert.strictEqual(none.code, 130)
          const error = yield* Effect.flip(logsIn(data, "correct horse"))
          assert.strictEqual(error._tag, "LoginFailed")
        })
      )
    )
  })
})
