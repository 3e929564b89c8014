/** What the README shows is tried as it stands there; only paths are a test's own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { temporaryDirectory } from "./support/Directory.ts"
import * as RawPeer from "./support/RawPeer.ts"
import { compiling, outcomeOf, repository, start, wireline } from "./support/Started.ts"

const readme = await readFile(join(repository, "README.md"), "utf8")
const blocks = Array.from(readme.matchAll(/```(\w*)\n([\s\S]*?)```/g), ([, language, text]) => ({
  language,
  text: text!
}))

/** The block that has a text, and those after it. */
const blocksFrom = (text: string): ReadonlyArray<string> =>
  blocks.slice(blocks.findIndex((block) => block.text.includes(text))).map((block) => block.text)

const tallySocket = "/tmp/tally.socket"

/** The programs of the README in a folder of the checkout, with its sources in the place of the package. */
const programs: Effect.Effect<{ folder: string; socket: string }, never, Scope.Scope> = Effect.gen(
  function* () {
    const socket = join(yield* temporaryDirectory, "tally.socket")
    const folder = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(repository, "test", ".readme-"))),
      (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
    )
    const files = { "tsconfig.json": JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }) }
    for (const { language, text } of blocks.filter(({ language }) => language === "ts")) {
      const [, name] = /^\/\/ (\S+)\n/.exec(text)!
      Object.assign(files, {
        [name!]: text
          .replaceAll('"wireline"', '"../../src/index.ts"')
          .replace(/"wireline\/([^"]+)"/g, `"../../src/protocols/$1/Protocol.${language}"`)
          .replaceAll(tallySocket, socket)
      })
    }
    for (const [name, text] of Object.entries(files)) {
      yield* Effect.promise(() => writeFile(join(folder, name), text))
    }
    return { folder, socket }
  }
)

const node = (file: string) => start([process.execPath, file], { env: compiling })

/** What a program prints, without the way it is broken into lines. */
const printed = (file: string) =>
  Effect.map(
    Effect.flatMap(node(file), ({ exit }) => exit),
    ({ stderr, stdout }) => {
      assert.strictEqual(stderr, "")
      return flat(stdout)
    }
  )

/** What a session types. */
const typed = (session: string): string => /<<'END'\n([\s\S]*)END\n/.exec(session)![1]!

const undated = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b1\d{9}\b/g, "now")

const flat = (text: string): string => text.replaceAll(/\s+/g, " ").trim()

/** What the comments of a program say that it prints. */
const promised = (text: string): string =>
  flat(Array.from(text.matchAll(/\/\/ => (.*)$/gm), ([, shown]) => shown).join(" "))

describe("the README", () => {
  it.live("shows the first sessions as they go", () =>
    Effect.gen(function* () {
      const data = join(yield* temporaryDirectory, "w")
      const env = {
        WIRELINE_EXON: "tcp://127.0.0.1:0",
        WIRELINE_RSCP: "tcp://127.0.0.1:0",
        WIRELINE_SMS: undefined,
        WIRELINE_METRICS: "tcp://127.0.0.1:0"
      }
      const server = yield* wireline(["--data", data], { env })
      yield* server.says("stdout", /metrics/)
      const [exon, rscp, metrics] = Array.from(
        server.stdout().matchAll(/127\.0\.0\.1:(\d+)/g),
        ([, port]) => port!
      )
      const [listening] = blocksFrom("sec-lsm-manager listening on")
      assert.strictEqual(
        server.stdout(),
        listening!
          .replaceAll("/tmp/w", data)
          .replace("8878", exon!)
          .replace("6556", rscp!)
          .replace("8100", metrics!)
      )

      const [calculator, results] = blocksFrom("nc -N 127.0.0.1 6556")
      const client = yield* RawPeer.connect({ _tag: "Tcp", host: "127.0.0.1", port: Number(rscp) })
      yield* client.send(typed(calculator!))
      assert.strictEqual(yield* client.rest, results)

      const [texts, replies] = blocksFrom("nc -N -U /tmp/w/sms.socket")
      const [, adding] = /npx wireline (.*)/.exec(texts!)!
      const added = yield* outcomeOf(adding!.replace("/tmp/w", data).split(" "))
      const gateway = yield* RawPeer.connect({ _tag: "Unix", path: join(data, "sms.socket") })
      yield* gateway.send(typed(texts!))
      yield* gateway.end
      assert.strictEqual(undated(added.stdout + (yield* gateway.rest)), undated(replies!))

      const [session, answers] = blocksFrom("nc -N -U /tmp/w/sec-lsm-manager.socket")
      const installer = yield* RawPeer.connect({ _tag: "Unix", path: join(data, "sec-lsm-manager.socket") })
      yield* installer.send(typed(session!))
      yield* installer.end
      assert.strictEqual(yield* installer.rest, answers)
      const policy = yield* Effect.promise(() => readFile(join(data, "policies/demo-app.smack"), "utf8"))
      assert.match(policy, /^System App:demo-app rwxa$/m)

      const [inventory, documents] = blocksFrom("nc -N 127.0.0.1 8878")
      const [, password] = /printf '(.*?)\\n' \| npx wireline user add/.exec(inventory!)!
      const user = yield* wireline([
        "user",
        "add",
        "--data",
        data,
        "--realm",
        "exon",
        "ada",
        "--password-stdin"
      ])
      user.stdin.end(`${password}\n`)
      const { stdout: made } = yield* user.exit
      const visitor = yield* RawPeer.connect({ _tag: "Tcp", host: "127.0.0.1", port: Number(exon) })
      yield* visitor.send(typed(inventory!))
      yield* visitor.end
      assert.strictEqual(undated(made + (yield* visitor.rest)), undated(documents!))
    })
  )

  it.live("has programs that compile", () =>
    Effect.gen(function* () {
      const { folder } = yield* programs
      const tsc = yield* start([join(repository, "node_modules/.bin/tsc"), "-p", folder])
      const { code, stdout } = yield* tsc.exit
      assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: "" })
    })
  )

  it.live("shows what its own protocol answers, to lines and to the typed client", () =>
    Effect.gen(function* () {
      const { folder, socket } = yield* programs
      const server = yield* node(join(folder, "tally.ts"))
      yield* server.says("stdout", /ready/)

      const [command, answers] = blocksFrom("printf 'as ann")
      const peer = yield* RawPeer.connect({ _tag: "Unix", path: socket })
      yield* peer.send(/printf '(.*)'/.exec(command!)![1]!.replaceAll("\\n", "\n"))
      assert.strictEqual(yield* peer.rest, answers)

      assert.strictEqual(yield* printed(join(folder, "count.ts")), promised(blocksFrom("// count.ts")[0]!))
    })
  )

  it.live("shows what its codecs make of a line", () =>
    Effect.gen(function* () {
      const { folder } = yield* programs
      assert.strictEqual(yield* printed(join(folder, "codec.ts")), promised(blocksFrom("// codec.ts")[0]!))
    })
  )

  it.live("shows a configuration of the server that is one", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "wireline.toml")
      const [configuration] = blocksFrom("max_connections = 2000")
      yield* Effect.promise(() => writeFile(file, configuration!))
      const { code, stderr, stdout } = yield* outcomeOf(["config", "check", "--config", file])
      assert.deepStrictEqual({ code, stderr, stdout }, { code: 0, stderr: "", stdout: `${file} is right\n` })
    })
  )

  it.live("shows a configuration of the SMS shell that is one, and a command that runs", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const [configuration] = blocksFrom("[sms.tokens]")
      const [command] = blocksFrom("// roll.ts")
      yield* Effect.promise(async () => {
        await writeFile(join(directory, "wireline.toml"), configuration!)
        await writeFile(join(directory, "roll.ts"), command!)
      })
      const { code, stderr, stdout } = yield* outcomeOf(
        [
          ...["sms", "exec", "--data", join(directory, "w"), "--config", join(directory, "wireline.toml")],
          ...["--sms-commands", directory, "--number", "+33612345678", "Roll 2"]
        ],
        { fromSources: true }
      )
      assert.match(stdout, /^[12]\n$/)
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    })
  )
})
