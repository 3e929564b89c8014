/** What takes texts out of the house: standard output, and Gammu's own `gammu-smsd-inject` where it is installed. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Sink, Stdio } from "effect"
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isGsm } from "../../../src/protocols/sms/transmitters/Gsm.ts"
import { pieces } from "../../../src/protocols/sms/transmitters/Gammu.ts"
import { Transmitter } from "../../../src/protocols/sms/Transmitter.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { passing } from "../../support/Time.ts"

const ada = "+33612345678"

const transmit = (number: string, text: string) =>
  Transmitter.use((transmitter) => transmitter.transmit(number, text))

describe("The transmitter stdout", () => {
  it.effect("writes a JSON object a line", () =>
    Effect.gen(function* () {
      let written = ""
      const stdio = Stdio.layerTest({
        stdout: () =>
          Sink.forEach((text: string | Uint8Array) => Effect.sync(() => void (written += String(text))))
      })
      yield* Effect.gen(function* () {
        assert.isTrue((yield* Transmitter).sends)
        yield* transmit(ada, "two\nlines")
        yield* transmit(ada, "é")
      }).pipe(Effect.provide(Layer.provide(Transmitter.layerStdout, stdio)))
      assert.strictEqual(
        written,
        `{"number":"${ada}","text":"two\\nlines"}\n{"number":"${ada}","text":"é"}\n`
      )
    })
  )
})

describe("The transmitter none", () => {
  it.effect("sends nothing", () =>
    Effect.gen(function* () {
      assert.isFalse((yield* Transmitter).sends)
      assert.isFalse((yield* Effect.flip(transmit(ada, "hello"))).permanent)
    }).pipe(Effect.provide(Transmitter.layerNone))
  )
})

/** What keeps the real program from being run here, if anything does. */
const obstacle =
  spawnSync("gammu-smsd-inject", ["--version"]).error === undefined ? undefined : "no gammu-smsd-inject"
if (obstacle !== undefined) console.log(`what needs Gammu's daemon is skipped: this machine has ${obstacle}`)

/** A directory with the configuration of a daemon in it, which need not run. */
const daemon = Effect.map(temporaryDirectory, (directory) => {
  for (const folder of ["in", "out", "sent", "error", "phone"]) mkdirSync(join(directory, folder))
  const config = join(directory, "smsdrc")
  writeFileSync(
    config,
    `[gammu]\nmodel = dummy\nconnection = none\nport = ${directory}/phone\n` +
      `[smsd]\nservice = files\nlogfile = ${directory}/log\ninboxpath = ${directory}/in/\n` +
      `outboxpath = ${directory}/out/\nsentsmspath = ${directory}/sent/\nerrorsmspath = ${directory}/error/\n`
  )
  /** What the daemon is to send, in order: each with its parts, their texts, and how they are coded. */
  const queued = () =>
    readdirSync(join(directory, "out"))
      .toSorted()
      .map((file) => {
        const sections = readFileSync(join(directory, "out", file), "utf8")
          .split("[SMSBackup")
          .slice(1)
        const value = (section: string, key: RegExp) =>
          [...section.matchAll(new RegExp(`^${key.source} = (.*)$`, "gm"))]
            .map((match) => match[1]!.trim())
            .join("")
        return {
          number: JSON.parse(value(sections[0]!, /Number/)),
          parts: sections.length,
          coding: value(sections[0]!, /Coding/),
          text: sections
            .map((section) =>
              Buffer.from(value(section, /Text\d\d/), "hex")
                .swap16()
                .toString("utf16le")
            )
            .join("")
        }
      })
  return { directory, config, queued }
})

const gammu = (options: { readonly program?: string; readonly config?: string }) =>
  Effect.provide(Layer.provide(Transmitter.layerGammu(options), NodeServices.layer))

describe.skipIf(obstacle !== undefined)("The transmitter gammu, on the real program,", () => {
  const examples: ReadonlyArray<readonly [text: string, parts: number, coding: string]> = [
    ["hello", 1, "Default_No_Compression"],
    ["-unicode --help", 1, "Default_No_Compression"],
    ['it\'s [50 €] & "more" \\ {}~^|', 1, "Default_No_Compression"],
    ["héllo wörld\nin two lines", 1, "Default_No_Compression"],
    ["x".repeat(160), 1, "Default_No_Compression"],
    ["x".repeat(400), 3, "Default_No_Compression"],
    ["日本語", 1, "Unicode_No_Compression"],
    ["œ and ç are not in the alphabet", 1, "Unicode_No_Compression"],
    ["😀", 1, "Unicode_No_Compression"],
    ["語".repeat(100), 2, "Unicode_No_Compression"]
  ]

  it.live(
    "queues each text as it is, in Unicode where it must be, and in several parts where it is long",
    () =>
      Effect.gen(function* () {
        const { config, queued } = yield* daemon
        yield* Effect.forEach(examples, ([text]) => transmit(ada, text)).pipe(gammu({ config }))
        assert.sameDeepMembers(
          queued().map(({ coding, number, parts, text }) => [number, text, parts, coding]),
          examples.map(([text, parts, coding]) => [ada, text, parts, coding])
        )
      })
  )

  it.live("queues what is longer than the program reads in pieces", () =>
    Effect.gen(function* () {
      const { config, queued } = yield* daemon
      const text = "0123456789".repeat(700)
      yield* transmit(ada, text).pipe(gammu({ config }))
      assert.deepStrictEqual(
        queued().map(({ text }) => text),
        [text.slice(0, 5000), text.slice(5000)]
      )
    })
  )

  it.live("fails with what the program says where it does not queue a text, and may be tried again", () =>
    Effect.gen(function* () {
      const { directory } = yield* daemon
      const error = yield* Effect.flip(transmit(ada, "secret")).pipe(
        gammu({ config: join(directory, "none") })
      )
      assert.match(error.message, /^gammu-smsd-inject: ./)
      assert.notInclude(error.message, "secret")
      assert.isFalse(error.permanent)
    })
  )
})

describe("The transmitter gammu", () => {
  /** A program in place of the real one. */
  const program = (script: string) =>
    Effect.map(temporaryDirectory, (directory) => {
      const path = join(directory, "inject")
      writeFileSync(path, `#!/bin/sh\n${script}\n`)
      chmodSync(path, 0o755)
      return { path, directory }
    })

  it.live("gives the program the text on standard input, and nothing of it on the command line", () =>
    Effect.gen(function* () {
      const { directory, path } = yield* program('echo "$@" > "${0%/*}/arguments"; cat > "${0%/*}/text"')
      yield* transmit(ada, "one\0two").pipe(gammu({ program: path, config: "/etc/x" }))
      assert.strictEqual(readFileSync(join(directory, "text"), "utf8"), "onetwo")
      assert.strictEqual(readFileSync(join(directory, "arguments"), "utf8"), `-c /etc/x TEXT ${ada} -len 6\n`)
      yield* transmit("12345", "日本").pipe(gammu({ program: path }))
      assert.strictEqual(readFileSync(join(directory, "arguments"), "utf8"), "TEXT 12345 -unicode -len 2\n")
    })
  )

  it.live("never calls it for what is no number", () =>
    Effect.gen(function* () {
      const { directory, path } = yield* program('touch "$0.called"')
      for (const number of ["Orange", "-c", "../x", "+", "1", "+33 6", ""]) {
        const { permanent } = yield* Effect.flip(transmit(number, "hello")).pipe(gammu({ program: path }))
        assert.isTrue(permanent, number)
      }
      assert.deepStrictEqual(readdirSync(directory), ["inject"])
    })
  )

  it.live("may be tried again where the program is missing or fails, and says what it said last", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(transmit(ada, "hello")).pipe(gammu({ program: "/nowhere/inject" }))
      assert.isFalse(missing.permanent)
      const { path } = yield* program("echo first; echo the modem is away >&2; exit 3")
      const failed = yield* Effect.flip(transmit(ada, "hello")).pipe(gammu({ program: path }))
      assert.strictEqual(failed.message, `${path}: the modem is away`)
      assert.isFalse(failed.permanent)
      const { path: silent } = yield* program("exit 4")
      assert.match(
        (yield* Effect.flip(transmit(ada, "hello")).pipe(gammu({ program: silent }))).message,
        /exit status 4$/
      )
    })
  )

  it.effect("does not wait for a program for longer than 30 seconds", () =>
    Effect.gen(function* () {
      const { path } = yield* program("exec sleep 60")
      yield* passing(
        "1 seconds",
        Effect.gen(function* () {
          const error = yield* Effect.flip(transmit(ada, "hello")).pipe(gammu({ program: path }))
          assert.match(error.message, /it takes too long$/)
        })
      )
    })
  )

  it.prop(
    "cuts a text into pieces that the program reads whole, between characters",
    [Schema.String],
    ([some]) => {
      const text = `${some}😀`.repeat(800)
      const cut = pieces(text)
      assert.strictEqual(cut.join(""), text.replaceAll("\0", ""))
      for (const piece of cut) {
        assert.isAtMost(Buffer.byteLength(piece), 5000)
        assert.isTrue(piece.isWellFormed() || !text.isWellFormed())
      }
    }
  )
})

describe("The alphabet of GSM", () => {
  it("has what 3GPP TS 23.038 gives it, and what is on the keys beside it has not", () => {
    for (const text of ["", "Hello @ £5 (50%)", "ÄÖÑÜ§ äöñüà ÇØøÅå ΔΦΓΛΩΠΨΣΘΞ", "[]{}\\~^|€", "\r\n\f"])
      assert.isTrue(isGsm(text), text)
    for (const text of ["`", "ç", "á", "œ", "“", "–", "😀", "\t", "\u001b"]) assert.isFalse(isGsm(text), text)
  })
})
