/**
 * Commands from the modules of directories. Node loads them, so these tests ask shells in a process of its own: the one
 * that runs the tests has another loader.
 */
import { spawn } from "node:child_process"
import { mkdir, rename, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Context, Effect, Exit, Layer } from "effect"
import * as Modules from "../../../../src/protocols/sms/shell/Modules.ts"
import { temporaryDirectory } from "../../../support/Directory.ts"

interface Reply {
  readonly output: string
  readonly logs: ReadonlyArray<string>
}

/** The process with the shells; asked one after another. */
class Shells extends Context.Service<
  Shells,
  { readonly ask: (directory: string, text: string) => Effect.Effect<Reply> }
>()("test/Shells") {
  static readonly layer = Layer.effect(
    Shells,
    Effect.gen(function* () {
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [join(import.meta.dirname, "serve-modules.ts")], {
            stdio: ["pipe", "pipe", "inherit"],
            timeout: 60_000,
            killSignal: "SIGKILL"
          })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      return {
        ask: (directory, text) =>
          Effect.promise(async () => {
            child.stdin.write(`${JSON.stringify({ directory, text })}\n`)
            const line = await lines.next()
            if (line.done === true) throw new Error("the shells have ended")
            return JSON.parse(line.value) as Reply
          })
      }
    })
  )
}

/** A directory with these files, and what its shell answers. */
const withModules = Effect.fnUntraced(function* (files: Readonly<Record<string, string>>) {
  const shells = yield* Shells
  const directory = join(yield* temporaryDirectory, "commands #1 50%")
  const write = (path: string, content: string) =>
    Effect.promise(async () => {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), content)
    })
  for (const [path, content] of Object.entries(files)) yield* write(path, content)
  const reply = (text: string) => shells.ask(directory, text)
  return { directory, write, reply, ask: (text: string) => Effect.map(reply(text), ({ output }) => output) }
})

/** The source of a module with a command that answers this. */
const answering = (name: string, expression: string): string => `
import { Effect } from "effect"
import { Command } from "wireline/sms"
export default Command.declare({ name: "${name}", description: "is ${name}", states: ["ADMIN"] })
  .handle(() => Effect.sync(() => ${expression}))
`

layer(Shells.layer)("A module of the directory", (it) => {
  it.effect("is a command under its base name, in TypeScript or JavaScript", () =>
    Effect.gen(function* () {
      const { ask } = yield* withModules({
        "one.ts": answering("one", "'1' as string"),
        "two.mts": answering("two", "'2' satisfies string"),
        "three.js": answering("three", "'3'"),
        "four.mjs": answering("four", "'4'")
      })
      assert.strictEqual(yield* ask("one"), "1")
      assert.strictEqual(yield* ask("two"), "2")
      assert.strictEqual(yield* ask("three"), "3")
      assert.strictEqual(yield* ask("four"), "4")
      assert.strictEqual(yield* ask("desc four"), "is four")
      const named = (yield* ask("help")).split(" ")
      assert.includeMembers(named, ["four", "one", "three", "two", "whoami"])
      assert.deepStrictEqual(named, named.toSorted())
    })
  )

  it.effect("may declare all that a command can, from `wireline/sms` and `effect`", () =>
    Effect.gen(function* () {
      const { ask, reply } = yield* withModules({
        "lend.ts": `
          import { Effect, Schema } from "effect"
          import { Command, Parameter } from "wireline/sms"
          class NotThere extends Command.CommandFailed.extend<NotThere>("NotThere")({ thing: Schema.String }) {}
          export default Command.declare({
            name: "lend",
            description: "lends a thing",
            parameters: [Parameter.required("THING"), Parameter.optional("DAYS", Schema.FiniteFromString)],
            states: ["ADMIN"],
            storage: { lent: Schema.Array(Schema.String) }
          }).handle(
            Effect.fnUntraced(function* ({ parameters: { DAYS = 7, THING }, session }) {
              if (THING === "moon") return yield* new NotThere({ text: "there is no moon here", thing: THING })
              const lent = (yield* session.get("lent")) ?? []
              yield* session.set("lent", [...lent, THING])
              yield* Effect.logInfo("lent " + THING)
              return THING + " for " + DAYS + " days to " + session.number
            })
          )`
      })
      const { logs, output } = yield* reply("lend ladder")
      assert.strictEqual(output, "ladder for 7 days to +33612345678")
      assert.isTrue(
        logs.some(
          (line) => /lent ladder/.test(line) && /command=lend/.test(line) && /number=\+33/.test(line)
        ),
        logs.join()
      )
      assert.strictEqual(yield* ask("lend moon"), "#Err: there is no moon here")
      assert.strictEqual(yield* ask("lend ladder soon"), "#Err: bad syntax: DAYS: expected a finite number")
      assert.strictEqual(yield* ask("lend"), "#Err: bad number of arguments")
      assert.strictEqual(yield* ask("help lend"), "lend THING [DAYS]")
    })
  )

  it.effect("may import what else Wireline is, its own folders, and JSON", () =>
    Effect.gen(function* () {
      const { ask } = yield* withModules({
        "things.ts": `
          import { Effect } from "effect"
          import { Client } from "wireline"
          import { Exon } from "wireline/exon"
          import * as Framing from "wireline/Framing"
          import { Command } from "wireline/sms"
          import place from "./shared/place.json" with { type: "json" }
          import { say } from "./shared/say.ts"
          export default Command.declare({ name: "things", description: "d", states: ["ADMIN"] })
            .handle(() => Effect.succeed(say([typeof Client.make, Exon.name, typeof Framing.lines, place.name])))`,
        "shared/say.ts": 'export const say = (words: Array<string>) => words.join(" ")',
        "shared/place.json": '{"name":"shed"}'
      })
      assert.strictEqual(yield* ask("things"), "function exon function shed")
    })
  )

  it.effect("is taken as it is now after a flush, with what it imports, and not before", () =>
    Effect.gen(function* () {
      const { ask, directory, write } = yield* withModules({
        "tide.ts": `import { height } from "./lib/height.ts"${answering("tide", "'tide ' + height")}`,
        "lib/height.ts": "export const height = 1",
        "gone.ts": answering("gone", "'here'")
      })
      assert.strictEqual(yield* ask("tide"), "tide 1")
      assert.strictEqual(yield* ask("gone"), "here")
      yield* write("lib/height.ts", "export const height = 2")
      yield* write("new.ts", answering("new", "'new'"))
      yield* Effect.promise(() => rename(join(directory, "gone.ts"), join(directory, "gone.bak")))
      assert.strictEqual(yield* ask("tide"), "tide 1")
      assert.strictEqual(yield* ask("gone"), "here")
      assert.strictEqual(yield* ask("new"), "#Err: command not found")
      assert.strictEqual(yield* ask("flush"), "OK")
      assert.strictEqual(yield* ask("tide"), "tide 2")
      assert.strictEqual(yield* ask("gone"), "#Err: command not found")
      assert.strictEqual(yield* ask("new"), "new")
    })
  )

  it.effect(
    "that is broken is an internal error, whose reason is logged, once, until it is mended and flushed",
    () =>
      Effect.gen(function* () {
        const broken = {
          syntax: "export default {",
          throws: "throw new Error('no tide today')",
          nothing: "export const command = 1",
          number: "export default 42",
          lacking: "import 'no-such-package'",
          renamed: answering("other", "''"),
          undeclared:
            "import { Command } from 'wireline/sms'\nexport default Command.declare({ name: 'undeclared' })",
          unhandled:
            "import { Command } from 'wireline/sms'\nexport default Command.declare({ name: 'unhandled', description: 'd', states: ['ADMIN'] })",
          unbuilt: answering("unbuilt", "''").replace(/\.handle\(.*/, ".handle(Effect.fail('no key'))")
        }
        const { ask, reply, write } = yield* withModules(
          Object.fromEntries(Object.entries(broken).map(([name, source]) => [`${name}.ts`, source]))
        )
        const reasons: Record<keyof typeof broken, RegExp> = {
          syntax: /SyntaxError|Expected|Unexpected/,
          throws: /no tide today/,
          nothing: /it is not a command/,
          number: /it is not a command/,
          lacking: /no-such-package/,
          renamed: /it calls itself other/,
          undeclared: /the command undeclared: /,
          unhandled: /it is not a command/,
          unbuilt: /no key/
        }
        for (const [name, reason] of Object.entries(reasons)) {
          const { logs, output } = yield* reply(name)
          assert.strictEqual(output, "#Err: internal command error", name)
          assert.strictEqual(logs.length, 1, name)
          assert.match(logs[0]!, new RegExp(`the command ${name} cannot be loaded`))
          assert.match(logs[0]!, reason)
          assert.deepStrictEqual(yield* reply(name), { output: "#Err: internal command error", logs: [] })
        }
        assert.notInclude((yield* ask("help")).split(" "), "throws")
        assert.strictEqual(yield* ask("desc throws"), "#Err: internal command error")
        yield* write("throws.ts", answering("throws", "'mended'"))
        assert.strictEqual(yield* ask("throws"), "#Err: internal command error")
        yield* ask("flush")
        assert.strictEqual(yield* ask("throws"), "mended")
      })
  )

  it.effect("does not take the name of a command that ships, nor of another file; the log says so", () =>
    Effect.gen(function* () {
      const { ask, reply } = yield* withModules({
        "whoami.ts": answering("whoami", "'nobody'"),
        "twice.js": answering("twice", "'js'"),
        "twice.ts": answering("twice", "'ts'")
      })
      const { logs, output } = yield* reply("whoami")
      assert.strictEqual(output, "+33612345678")
      assert.strictEqual(yield* ask("twice"), "ts")
      assert.strictEqual(logs.length, 2)
      assert.match(logs.join("\n"), /twice\.js is not used/)
      assert.match(
        logs.join("\n"),
        /the whoami of the modules of .* is not used: the commands that ship have one/
      )
    })
  )

  it.effect("is none where its name is no command's, or it is a folder", () =>
    Effect.gen(function* () {
      const { ask, reply } = yield* withModules({
        "tides.test.ts": "throw new Error()",
        "types.d.ts": "",
        ".hidden.ts": "throw new Error()",
        "README.md": "# Commands",
        "a b.ts": "throw new Error()",
        "folder.ts/index.ts": "throw new Error()"
      })
      const { logs, output } = yield* reply("help")
      assert.strictEqual(output, "desc flush help logout remind role sessions stats whoami")
      assert.deepStrictEqual(logs, [])
      assert.strictEqual(yield* ask("'a b'"), "#Err: command not found")
      assert.strictEqual(yield* ask("folder"), "#Err: command not found")
      assert.strictEqual(yield* ask("../x"), "#Err: command not found")
    })
  )

  it.effect("may be a link to a file elsewhere, and have any name that a command can", () =>
    Effect.gen(function* () {
      const { ask, directory } = yield* withModules({
        "__proto__.ts": answering("__proto__", "'proto'"),
        "constructor.js": answering("constructor", "'constructor'"),
        "sub/linked.ts": answering("linked", "'linked'")
      })
      const elsewhere = join(directory, "..", "linked.ts")
      yield* Effect.promise(() => rename(join(directory, "sub", "linked.ts"), elsewhere))
      yield* Effect.promise(() => symlink(elsewhere, join(directory, "linked.ts")))
      assert.strictEqual(yield* ask("linked"), "linked")
      assert.strictEqual(yield* ask("__proto__"), "proto")
      assert.strictEqual(yield* ask("constructor"), "constructor")
    })
  )
})

describe("A directory of modules", () => {
  layer(NodeServices.layer)("that cannot be read", (it) => {
    it.effect("is refused in a line, before anything is served", () =>
      Effect.gen(function* () {
        const directory = join(yield* temporaryDirectory, "missing")
        const opened = yield* Effect.exit(Modules.source(directory))
        assert.isTrue(Exit.isFailure(opened))
        const error = yield* Effect.flip(Modules.source(directory))
        assert.match(error.message, /^cannot read the directory of commands .*missing: ENOENT[^\n]*$/)
      })
    )
  })
})
