/** `wireline connect` on a terminal. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "../support/Directory.ts"
import { serve, ServedAll } from "../support/ServedAll.ts"
import type * as Started from "../support/Started.ts"
import * as Terminal from "../support/Terminal.ts"

if (Terminal.obstacle !== undefined) console.log(`skipping the tests on a terminal: ${Terminal.obstacle}`)

const prompt = /exon> [^\n]*$/

const escape = "\x1b"
const ctrl = { C: "\x03", D: "\x04" }
/** The colours and styles that something is written in. */
const coloursIn = (seen: string) =>
  Array.from(seen.matchAll(new RegExp(`${escape}\\[\\d+m`, "g")), ([code]) => code)

/** This text in this style, and the prompt after it. */
const styled = (style: number, text: string) =>
  new RegExp(`${escape}\\[${style}m${RegExp.escape(text)}${escape}\\[39m\r\n[^\n]*exon> `)

const tab = "\t"
const up = `${escape}[A`

/** Talks to Exon, and waits until it is asked for a line. */
const talk = (env: Readonly<Record<string, string>>, args: ReadonlyArray<string> = [], endpoint?: string) =>
  Effect.gen(function* () {
    const terminal = yield* Terminal.wireline(
      ["connect", "exon", endpoint ?? (yield* ServedAll).exon, ...args],
      env
    )
    yield* terminal.says("stdout", prompt)
    return terminal
  })

/** Types, and waits until this is to be seen. */
const type = ({ says, stdin }: Started.Started, keys: string, seen: RegExp) =>
  Effect.andThen(
    Effect.sync(() => void stdin.write(keys)),
    says("stdout", seen)
  )

layer(ServedAll.layer)((it) => {
  describe.skipIf(Terminal.obstacle !== undefined)("wireline connect on a terminal", () => {
    it.effect("completes what is typed, and shows replies for people, in colours", () =>
      Effect.gen(function* () {
        const terminal = yield* talk({ XDG_STATE_HOME: yield* temporaryDirectory })
        yield* type(terminal, `ad${tab}`, /add $/)
        yield* type(terminal, `n${tab}`, /name="$/)
        yield* type(terminal, `Lamp"${tab}`, /::comments="$/)
        yield* type(terminal, 'green"\r', styled(32, "New item registered (1)"))
        yield* type(terminal, "list\r", /id  name  date +author  comments[^\n]*\r\n1   Lamp /)
        yield* type(terminal, "id 7\r", styled(31, "Item not found."))
        yield* type(
          terminal,
          "id seven\r",
          /not sent: id: Expected a number greater than 0; it is written id /
        )
        yield* type(terminal, "quit\r", /quit/)
        assert.strictEqual((yield* terminal.exit).code, 0)
      })
    )

    it.effect("has no colours with NO_COLOR, and goes on without a history where none can be kept", () =>
      Effect.gen(function* () {
        const home = join(yield* temporaryDirectory, "file")
        writeFileSync(home, "")
        const terminal = yield* talk({ XDG_STATE_HOME: home, NO_COLOR: "1" })
        yield* type(terminal, "id 9\r", /\nItem not found\.\r\n/)
        yield* type(terminal, ctrl.D, prompt)
        const { code, stdout } = yield* terminal.exit
        assert.match(stdout, /wireline: no history is kept in [^\r\n]+exon\.history: [^\r\n]+\r\n/)
        assert.deepStrictEqual(coloursIn(stdout), [])
        assert.strictEqual(code, 0)
      })
    )

    it.effect("answers lines that are pasted together one after the other; with --json in JSON", () =>
      Effect.gen(function* () {
        const terminal = yield* talk({ XDG_STATE_HOME: yield* temporaryDirectory }, ["--json"])
        yield* type(terminal, "id 8\rid x\rid 9\r", /(?:NotFound[^]*){2}exon> [^\n]*$/)
        yield* type(terminal, ctrl.D, prompt)
        const { code, stdout } = yield* terminal.exit
        const notFound = '{"_tag":"NotFound","status":"error","message":"Item not found.","data":""}'
        assert.deepStrictEqual(
          Array.from(stripVTControlCharacters(stdout).matchAll(/^(\{.*\}|not sent)/gm), ([said]) => said),
          [notFound, "not sent", notFound]
        )
        assert.strictEqual(code, 0)
      })
    )

    it.effect("keeps a history of its user's own, without lines that hold passwords", () =>
      Effect.gen(function* () {
        const home = { XDG_STATE_HOME: yield* temporaryDirectory }
        const file = join(home.XDG_STATE_HOME, "wireline", "exon.history")
        mkdirSync(join(home.XDG_STATE_HOME, "wireline"))
        writeFileSync(file, "id 41\nid 42\n", { mode: 0o644 })
        const terminal = yield* talk(home)
        yield* type(terminal, "id 43\r", /not found[^]*exon> [^\n]*$/)
        yield* type(terminal, 'auth username="ada"::passwd="hunter2"\r', /failed \(ada\)[^]*exon> [^\n]*$/)
        yield* type(terminal, "auth hunter3\r", /not sent[^]*exon> [^\n]*$/)
        assert.strictEqual(readFileSync(file, "utf8"), "id 41\nid 42\nid 43\n")
        assert.strictEqual(statSync(file).mode & 0o777, 0o600)
        const before = terminal.stdout().length
        yield* type(terminal, up.repeat(4), /id 41[^\n]*$/)
        assert.notInclude(terminal.stdout().slice(before), "hunter2")
        // It is a line that can be called back until the end of this conversation, and not later.
        yield* type(terminal, ctrl.C, /\^C\r\n[^\n]*exon> [^\n]*$/)
        yield* type(terminal, ctrl.C, /\^C\r\n[^]*\^C\r\n/)
        assert.strictEqual((yield* terminal.exit).code, 0)

        const next = yield* talk(home)
        yield* type(next, up, /id 43[^\n]*$/)
        yield* type(next, `${ctrl.C}${ctrl.D}`, prompt)
        assert.strictEqual((yield* next.exit).code, 0)
      })
    )

    it.effect("ends with status 1 when the server goes, while a line is being typed", () =>
      Effect.gen(function* () {
        const server = yield* serve()
        const terminal = yield* talk({ XDG_STATE_HOME: yield* temporaryDirectory }, [], server.exon)
        yield* type(terminal, "lis", /lis$/)
        yield* server.process.signal("SIGTERM")
        const { code, stdout } = yield* terminal.exit
        assert.match(stdout, /\r\nwireline: lost the connection to unix:[^\r\n]+\r\n$/)
        assert.strictEqual(code, 1)
      })
    )
  })
})
