/** `wireline.toml`, its `[sms]` table above all. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Redacted } from "effect"
import * as File from "../../../../src/cli/Configuration.ts"
import { defaults } from "../../../../src/protocols/sms/Configuration.ts"
import { table } from "../../../../src/protocols/sms/cli/Table.ts"
import { temporaryDirectory } from "../../../support/Directory.ts"
import { vocabulary } from "../../../support/Services.ts"

const read = (settings: { readonly data: string; readonly config?: string }) =>
  File.read({ data: settings.data, config: Option.fromUndefinedOr(settings.config) }, vocabulary).pipe(
    Effect.map((file) => file.of(table)),
    Effect.provide(NodeFileSystem.layer)
  )

/** What a file with this text says. */
const reading = (text: string) =>
  Effect.gen(function* () {
    const data = yield* temporaryDirectory
    writeFileSync(join(data, "wireline.toml"), text)
    return yield* read({ data })
  })

/** What is wrong with a file of this text, each beginning with where that is. */
const problemsOf = (text: string) => Effect.map(Effect.flip(reading(text)), ({ problems }) => problems)

describe("The configuration file", () => {
  it.effect("may say nothing; then everything is as by default", () =>
    Effect.gen(function* () {
      const sms = yield* reading("")
      assert.deepStrictEqual(sms, defaults)
      assert.strictEqual(Duration.toSeconds(sms.session_time), 600)
      assert.deepStrictEqual([sms.max_answer, sms.lower_case, sms.allowed_numbers], [1530, 0, []])
    })
  )

  it.effect("that was asked for must be there", () =>
    Effect.gen(function* () {
      const data = yield* temporaryDirectory
      const config = join(data, "other.toml")
      const error = yield* Effect.flip(read({ data, config }))
      assert.strictEqual(error.message, `cannot use ${config}: there is no such file`)
      writeFileSync(config, '[sms]\nsession_time = "2m"\n')
      writeFileSync(join(data, "wireline.toml"), "nonsense")
      assert.strictEqual(Duration.toSeconds((yield* read({ data, config })).session_time), 120)
    })
  )

  it.effect("tells everything about the shell", () =>
    Effect.gen(function* () {
      const sms = yield* reading(`
        [sms]
        session_time = "1h"
        allowed_numbers = ['^\\+33', '^38200$']
        allowed_texts = ['^\\p{L}']
        lower_case = 1
        max_answer = 160
        tokens = { ADMIN = "hunter2hunter2" }

        [sms.commands.weather]
        station = "Paris"

        [[sms.programs]]
        name = "uptime"
        description = "tells for how long the machine is up"
        program = "/usr/bin/uptime"
        arguments = ["-p"]
        states = ["ADMIN"]
      `)
      assert.deepStrictEqual(sms.allowed_numbers, [/^\+33/u, /^38200$/u])
      assert.deepStrictEqual(sms.allowed_texts, [/^\p{L}/u])
      assert.deepStrictEqual(sms.commands, { weather: { station: "Paris" } })
      assert.strictEqual(Redacted.value(sms.tokens.ADMIN!), "hunter2hunter2")
      assert.notInclude(JSON.stringify(sms), "hunter2")
      const [program] = sms.programs
      assert.deepStrictEqual(
        { ...program, timeout: Duration.toSeconds(program!.timeout) },
        {
          name: "uptime",
          description: "tells for how long the machine is up",
          program: "/usr/bin/uptime",
          arguments: ["-p"],
          parameters: [],
          environment: {},
          timeout: 10,
          states: ["ADMIN"],
          max_output: 1000
        }
      )
    })
  )

  it.effect("is refused with the key that is wrong, all of them at once, and no token", () =>
    Effect.gen(function* () {
      for (const [text, ...problems] of [
        ["[sms]\nallowed_number = []", ":2:1: sms.allowed_number: there is no such key"],
        ["[sms]\nallowed_numbers = ['(']", ":2:20: sms.allowed_numbers.0: Expected a regular expression"],
        ["[sms]\nsession_time = 600", ":2:1: sms.session_time: Expected string"],
        ["[sms]\nsession_time = '600'", ":2:1: sms.session_time: Expected a time such as 30s, 10m or 2h"],
        ["[sms]\nmax_answer = 9\nlower_case = -1", ":2:1: sms.max_answer: ", ":3:1: sms.lower_case: "],
        ["[sms]\ntokens = { GUEST = 'hunter2hunter2' }", ":2:12: sms.tokens.GUEST: there is no such key"],
        ["[sms]\ntokens = { USER = '' }", ":2:12: sms.tokens.USER: "],
        [
          "[[sms.programs]]\nname = 'a'\nstates = ['USER']",
          ":1:7: sms.programs.0.description: missing",
          ":1:7: sms.programs.0.program: missing"
        ],
        [
          "[[sms.programs]]\nname='a'\ndescription='b'\nprogram='c'\nstates=['USER']",
          ":4:1: sms.programs.0.program: Expected an absolute path"
        ],
        ["[sms", ":1:5: Expected ']'"]
      ] as const) {
        const found = yield* problemsOf(text)
        assert.strictEqual(found.length, Math.max(problems.length, 1))
        for (const [index, problem] of problems.entries()) assert.include(found[index], problem)
        assert.notInclude(found.join(), "hunter2")
        assert.notInclude(found.join(), "\n")
      }
    })
  )
})
