/** The command as the package ships it: the bundle, and the modules that it is made of. */
import { execFile } from "node:child_process"
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "./support/Directory.ts"
import * as Started from "./support/Started.ts"

/** Milliseconds: to build takes some seconds, on a busy machine many more. */
const buildTimeout = 120_000

/** Where the package is; it finds its dependencies in the repository. */
let root: string

beforeAll(async () => {
  const cache = join(Started.repository, "node_modules/.cache")
  mkdirSync(cache, { recursive: true })
  root = mkdtempSync(join(cache, "bundle-"))
  const run = (...args: ReadonlyArray<string>) =>
    promisify(execFile)(process.execPath, args, { cwd: Started.repository })
  await run(
    ...["node_modules/typescript/bin/tsc", "-p", "scripts/tsconfig.build.json"],
    ...["--outDir", join(root, "dist"), "--noCheck", "--declaration", "false"]
  )
  await run("scripts/bundle.ts", join(root, "dist/bundle"))
  mkdirSync(join(root, "scripts"))
  for (const file of ["package.json", "scripts/wireline.js"])
    copyFileSync(join(Started.repository, file), join(root, file))
}, buildTimeout)

afterAll(() => rm(root, { recursive: true, force: true }))

/** Starts the command of the package. */
const wireline = (...args: ReadonlyArray<string>) =>
  Started.start([process.execPath, join(root, "scripts/wireline.js"), ...args])

/** How the command ends with these arguments and this input. */
const outcomeOf = (args: ReadonlyArray<string>, stdin = "") =>
  Effect.gen(function* () {
    const process = yield* wireline(...args)
    process.stdin.end(stdin)
    return yield* process.exit
  }).pipe(Effect.scoped)

/** A directory with a command `tide`, which uses what the bundle has no use for, and has an instance of Effect to tell. */
const directoryWithTide = Effect.map(temporaryDirectory, (directory) => {
  const commands = join(directory, "commands")
  mkdirSync(commands, { mode: 0o700 })
  writeFileSync(
    join(commands, "tide.mjs"),
    `import { Effect, HashRing, Schema } from "effect"
     import { Client } from "wireline"
     import { Command } from "wireline/sms"
     class Ebb extends Command.CommandFailed.extend("Ebb")({ height: Schema.Finite }) {}
     export default Command.declare({ name: "tide", description: "tells the tide", states: ["GUEST"] }).handle(() =>
       Effect.fail(new Ebb({ text: [typeof HashRing.make, typeof Client.make].join(" "), height: 1 })))`
  )
  return { data: join(directory, "data"), commands }
})

describe("The bundle", () => {
  it("imports its own files, Node's, and the packages that it loads later", () => {
    const imported = new Set(
      globSync("dist/bundle/*.js", { cwd: root }).flatMap((file) =>
        [
          ...readFileSync(join(root, file), "utf8").matchAll(
            /^(?:import|export)\b.*"([^"]+)";$|\bimport\("([^"]+)"\)/gm
          )
        ].map(([, target, later]) => (target ?? later!).replace(/^(?:node:|\.\/).*$/, ""))
      )
    )
    assert.deepStrictEqual([...imported].toSorted(), ["", "nodemailer"])
  })

  it("has the licences of the packages in it", () => {
    const licenses = readFileSync(join(root, "dist/bundle/LICENSES"), "utf8")
    for (const name of ["effect", "@effect/platform-node", "decimal.js", "mustache"]) {
      assert.match(licenses, new RegExp(`^${name} \\d+\\.`, "m"))
    }
    assert.notMatch(licenses, /^mathjs /m)
  })

  it.live("tells the version of the package", () =>
    Effect.gen(function* () {
      const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }
      assert.strictEqual((yield* outcomeOf(["--version"])).stdout, `wireline v${version}\n`)
    })
  )

  it.live("computes in worker threads", () =>
    Effect.gen(function* () {
      const data = yield* temporaryDirectory
      // On a busy machine, loading the worker takes all the time that the first questions have.
      const { code, stdout } = yield* outcomeOf(
        ["serve", "--data", data, "--sec-lsm-manager", "off", "--rscp", "stdio:"],
        `CONNECT REQUEST\n${"FUNCTION:ID=161:PARAM1=x^2:PARAM2=x\n".repeat(20)}DISCONNECT\n`
      )
      assert.match(stdout, /\nFUNCTION RESPONSE:ID=161:ANSWER=2 \* x\n$/)
      assert.strictEqual(code, 0)
    }).pipe(Effect.scoped)
  )
})

describe("A module of the operator's own", () => {
  it.live("has all of Effect and of Wireline, and the instances that run it", () =>
    Effect.gen(function* () {
      const { commands, data } = yield* directoryWithTide
      const run = (...more: ReadonlyArray<string>) =>
        outcomeOf(["sms", "exec", "--data", data, "--number", "+33612345678", "tide", ...more])
      const { code, stderr, stdout } = yield* run("--sms-commands", commands)
      assert.strictEqual(stdout, "#Err: function function\n", stderr)
      assert.strictEqual(code, 1)
      assert.strictEqual((yield* run()).stdout, "#Err: command not found\n")
    }).pipe(Effect.scoped)
  )

  it.live("is served with, announced once, until a signal ends the server well", () =>
    Effect.gen(function* () {
      const { commands, data } = yield* directoryWithTide
      const server = yield* wireline(
        ...["serve", "--data", data, "--sec-lsm-manager", "off", "--sms", `unix:${data}/s`],
        ...["--sms-commands", commands]
      )
      yield* server.says("stdout", /\n/)
      yield* server.signal("SIGTERM")
      const { code, stderr, stdout } = yield* server.exit
      assert.deepStrictEqual(
        { code, stderr, stdout },
        { code: 0, stderr: "", stdout: `sms listening on unix:${data}/s\n` }
      )
    }).pipe(Effect.scoped)
  )
})
