/** The status that `wireline` ends with: 0 when all is well, 1 for what its user can mend, 130 when it is broken off. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { temporaryDirectory } from "../support/Directory.ts"
import * as Started from "../support/Started.ts"

describe.concurrent("The exit status", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.live(`is 0 of a server that is told to end, also while it starts: ${signal}`, () =>
      Effect.gen(function* () {
        const data = yield* temporaryDirectory
        const server = yield* Started.wireline(["serve", "--data", data, "--log-level", "debug"])
        // The database is being made, and nothing is served yet.
        yield* server.says("stderr", /Running migration/)
        yield* server.signal(signal)
        const { code, signal: by } = yield* server.exit
        assert.deepStrictEqual({ code, by }, { code: 0, by: null })
      })
    )
  }

  it.live("is 0 of what has been asked and answered, and 1 of what could not be", () =>
    Effect.gen(function* () {
      const data = join(yield* temporaryDirectory, "data")
      const run = (...args: ReadonlyArray<string>) =>
        Effect.map(Started.outcomeOf(args), ({ code, stderr }) => [code, stderr === ""])
      assert.deepStrictEqual(yield* run("user", "--help"), [0, true])
      assert.deepStrictEqual(yield* run("user", "list", "--realm", "exon", "--data", data), [1, false])
      assert.deepStrictEqual(yield* run("user", "list", "--data", data), [1, false])
    })
  )

  it.live("is 130 of a subcommand that is broken off while it waits", () =>
    Effect.gen(function* () {
      const data = yield* temporaryDirectory
      const adding = yield* Started.wireline([
        ...[
          "user",
          "add",
          "--realm",
          "exon",
          "--data",
          data,
          "--password-stdin",
          "--log-level",
          "debug",
          "ada"
        ]
      ])
      yield* adding.says("stderr", /Migrations complete/)
      yield* adding.signal("SIGINT")
      assert.strictEqual((yield* adding.exit).code, 130)
    })
  )
})
