/** The entries of the package without Node: bundled as an application bundles them, and run as a browser runs them. */
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { createContext, runInContext } from "node:vm"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Effect, Option, Schema, Stream } from "effect"
import * as esbuild from "esbuild"
import { rolldown } from "rolldown"
import webpack from "webpack"
import type * as Framing from "../src/Framing.ts"
import type * as Message from "../src/Message.ts"
import type * as Protocol from "../src/Protocol.ts"
import type * as Exon from "../src/protocols/exon/Protocol.ts"
import type * as Rscp from "../src/protocols/rscp/Protocol.ts"
import type * as SecLsmManager from "../src/protocols/sec-lsm-manager/Protocol.ts"
import type * as Sms from "../src/protocols/sms/Protocol.ts"
import type * as Syntax from "../src/Syntax.ts"
import { repository } from "./support/Started.ts"

/** What the bundled program exports: each entry under its name, and what of Effect a program needs with them. */
interface Program {
  readonly effect: {
    readonly Effect: typeof Effect
    readonly Option: typeof Option
    readonly Schema: typeof Schema
    readonly Stream: typeof Stream
  }
  readonly Framing: typeof Framing
  readonly Message: typeof Message
  readonly Protocol: typeof Protocol
  readonly Syntax: typeof Syntax
  readonly exon: typeof Exon
  readonly rscp: typeof Rscp
  readonly "sec-lsm-manager": typeof SecLsmManager
  readonly sms: typeof Sms
}

const packageJson = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as {
  readonly exports: Record<string, unknown>
}

/** Every entry but the index, which has the server. */
const entries = Object.keys(packageJson.exports)
  .filter((entry) => entry !== "." && entry !== "./package.json")
  .map((entry) => entry.slice("./".length))

const source = [
  ...entries.map((entry) => `export * as "${entry}" from "wireline/${entry}"`),
  'import { Effect, Option, Schema, Stream } from "effect"',
  "export const effect = { Effect, Option, Schema, Stream }"
].join("\n")

/** Milliseconds: a build takes two or three seconds, on a busy machine many more. */
const buildTimeout = 60_000

/** The directory of an application that has the published files installed; it resolves `effect` from the repository. */
let application: string

beforeAll(async () => {
  const cache = join(repository, "node_modules/.cache")
  await mkdir(cache, { recursive: true })
  application = await mkdtemp(join(cache, "bundles-"))
  const installed = join(application, "node_modules/wireline")
  await promisify(execFile)(process.execPath, [
    join(repository, "node_modules/typescript/bin/tsc"),
    ...["-p", join(repository, "scripts/tsconfig.build.json"), "--outDir", join(installed, "dist")],
    ...["--noCheck", "--declaration", "false"]
  ])
  await cp(join(repository, "package.json"), join(installed, "package.json"))
  // Without a package.json of its own, the application is part of the repository's package, and imports that.
  await writeFile(join(application, "package.json"), '{ "type": "module" }')
  await writeFile(join(application, "main.js"), source)
}, buildTimeout)

afterAll(() => rm(application, { recursive: true, force: true }))

/**
 * Each bundler makes one script for a browser that sets `program`. It has no externals and no polyfills: an import that it
 * cannot resolve fails the test.
 */
const bundlers: Record<string, () => Promise<string>> = {
  esbuild: async () => {
    const { outputFiles, warnings } = await esbuild.build({
      absWorkingDir: application,
      entryPoints: ["main.js"],
      bundle: true,
      platform: "browser",
      format: "iife",
      globalName: "program",
      write: false,
      logLevel: "silent"
    })
    assert.deepStrictEqual(warnings, [])
    return outputFiles[0]!.text
  },
  rolldown: async () => {
    const warnings: Array<string> = []
    const build = await rolldown({
      cwd: application,
      input: "main.js",
      platform: "browser",
      onLog: (level, { message }) => level === "warn" && warnings.push(message)
    })
    const { output } = await build.generate({ format: "iife", name: "program", codeSplitting: false })
    await build.close()
    assert.deepStrictEqual({ warnings, imports: output[0].imports }, { warnings: [], imports: [] })
    return output[0].code
  },
  webpack: async () => {
    const compiler = webpack({
      context: application,
      entry: "./main.js",
      mode: "production",
      target: "web",
      // A bundle of everything is larger than webpack recommends.
      performance: false,
      optimization: { minimize: false },
      output: { path: application, filename: "webpack.js", library: { type: "var", name: "program" } }
    })
    const { promise, reject, resolve } = Promise.withResolvers<webpack.Stats | undefined>()
    compiler.run((error, stats) => (error === null ? resolve(stats) : reject(error)))
    const stats = await promise
    await promisify(compiler.close.bind(compiler))()
    assert.strictEqual(stats!.toString({ all: false, errors: true, warnings: true }), "")
    return readFile(join(application, "webpack.js"), "utf8")
  }
}

/** What JavaScript itself lacks, and every browser has. */
const browser = { TextDecoder, TextEncoder, clearTimeout, setTimeout }

/** Runs a script in a page: nothing of Node is in reach of it. */
const run = (script: string, allowEval: boolean): Program => {
  const page = createContext({ ...browser }, { codeGeneration: { strings: allowEval, wasm: false } })
  return runInContext(`${script}\n;program`, page) as Program
}

/** A line in each direction, and the tag of the message that it is. */
interface Lines {
  readonly request: readonly [tag: string, line: string]
  readonly reply: readonly [tag: string, line: string]
}

/** Decodes the lines, and encodes the messages again. */
const roundTrip = <Request extends Protocol.Tagged, Reply extends Protocol.Tagged>(
  { Malformed }: typeof Protocol,
  protocol: Protocol.Protocol<string, Request, Reply>,
  lines: Lines
): Lines => {
  const request = protocol.decodeRequest(lines.request[1])
  const reply = protocol.decodeReply(lines.reply[1])
  if (request instanceof Malformed) throw request.error
  if (reply instanceof Malformed) throw reply.error
  return {
    request: [request._tag, protocol.encodeRequest(request)],
    reply: [reply._tag, protocol.encodeReply(reply)]
  }
}

const exonLines: Lines = {
  request: ["add", 'add name="Fusion engine"::comments="Could explode at any time."'],
  reply: ["Registered", '{"status":"success","message":"New item registered","data":1}']
}
const rscpLines: Lines = {
  request: ["function", "FUNCTION:ID=2:PARAM1=90"],
  reply: ["Response", "FUNCTION RESPONSE:ID=2:ANSWER=1"]
}
const secLsmManagerLines: Lines = {
  request: ["path", "path /opt/my\\ app data"],
  reply: ["error", "error already-set"]
}
const smsLines: Lines = {
  request: ["text", '{"sms_number":"+33612345678","sms_text":"help"}'],
  reply: ["Answer", '{"received_length":47,"output":"whoami","chain":[["received",1760000000]]}']
}

describe.each(Object.entries(bundlers))("The entries without Node, bundled by %s,", (_, bundle) => {
  let script: string

  beforeAll(async () => {
    script = await bundle()
  }, buildTimeout)

  it.each([
    ["a page", true],
    ["a page whose Content-Security-Policy forbids `eval`", false]
  ])("decode and encode the messages of every protocol in %s", (_, allowEval) => {
    const { Protocol, exon, rscp, sms, "sec-lsm-manager": secLsmManager } = run(script, allowEval)
    assert.deepStrictEqual(roundTrip(Protocol, exon.Exon, exonLines), exonLines)
    assert.deepStrictEqual(roundTrip(Protocol, rscp.Rscp, rscpLines), rscpLines)
    assert.deepStrictEqual(
      roundTrip(Protocol, secLsmManager.SecLsmManager, secLsmManagerLines),
      secLsmManagerLines
    )
    assert.deepStrictEqual(roundTrip(Protocol, sms.SmsShell, smsLines), smsLines)
  })

  it("decode a stream of bytes with a framing and a syntax in a page", async () => {
    const { Framing, Message, Syntax, effect } = run(script, true)
    const { Effect, Option, Schema, Stream } = effect
    const framing = Framing.lines({ maxLength: 64, escape: "\\" })
    const request = Syntax.words([Message.make("get", { key: Syntax.Word })])
    const bytes = new TextEncoder().encode("get apple\nget\\ pear\nget a\\ pear\n")
    const frames = await Stream.fromIterable([bytes.subarray(0, 5), bytes.subarray(5)]).pipe(
      Stream.pipeThroughChannel(Framing.decode(framing)),
      Stream.runCollect,
      Effect.runPromise
    )
    assert.deepStrictEqual(Array.from(frames), ["get apple", "get\\ pear", "get a\\ pear"])
    const decode = Schema.decodeUnknownOption(request)
    assert.deepStrictEqual(
      Array.from(frames, (frame) => Option.getOrUndefined(decode(frame))?.key),
      ["apple", undefined, "a pear"]
    )
  })
})
