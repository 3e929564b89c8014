/** The `wireline` command with a fifth protocol: what it takes for one is in this folder, and in its own `main.ts`. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "../support/Directory.ts"
import * as Started from "../support/Started.ts"

const main = join(import.meta.dirname, "main.ts")

// Of the other protocols, this one has no variables.
const env = Object.fromEntries(["EXON", "RSCP", "SMS"].map((name) => [`WIRELINE_${name}`, undefined]))

const wireline = (...args: ReadonlyArray<string>) => Started.start([process.execPath, main, ...args], { env })

const outcomeOf = (...args: ReadonlyArray<string>) =>
  Effect.scoped(Effect.flatMap(wireline(...args), ({ exit }) => exit))

describe.concurrent("wireline, with a fifth protocol", () => {
  it.live("serves it, and talks to it", () =>
    Effect.gen(function* () {
      const data = yield* temporaryDirectory
      const socket = join(data, "kv.socket")
      const server = yield* wireline("--data", data, "--kv", `unix:${socket}`)
      yield* server.says("stdout", new RegExp(`^kv listening on unix:${socket}$`, "m"))
      const client = yield* wireline("connect", "kv", `unix:${socket}`)
      client.stdin.end("put a one\\ two\nget a\nget b\nquit\n")
      const { code, stderr, stdout } = yield* client.exit
      assert.deepStrictEqual(
        { code, stderr, stdout },
        { code: 1, stderr: "", stdout: "ok\nvalue one\\ two\nerror not-found\nok\n" }
      )
    })
  )

  it.live("has its flags, its variables and its table in the configuration", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "wireline.toml")
      writeFileSync(file, '[kv]\nendpoint = "off"\nmax_frame = 100\n')
      const { stdout } = yield* outcomeOf("config", "print", "--config", file, "--kv", "tcp://[::1]:1")
      assert.include(stdout, '\n[kv]\nendpoint = "tcp://[::1]:1" # --kv\n')
      assert.include(stdout, `max_frame = 100 # ${file}:3\n`)
      assert.notInclude(stdout, "exon")
      const { code, stderr } = yield* outcomeOf("config", "check", "--config", file)
      assert.strictEqual(stderr, "wireline: every protocol is off; give one of them an endpoint\n")
      assert.strictEqual(code, 1)
    })
  )

  it.live("is in the help, and the four that are not its own are not", () =>
    Effect.gen(function* () {
      const { stdout } = yield* outcomeOf("serve", "--help")
      assert.include(stdout, "--kv-max-frame")
      assert.notInclude(stdout, "--rscp")
    })
  )
})
