import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as History from "../../../src/cli/connect/History.ts"
import { temporaryDirectory } from "../../support/Directory.ts"

const Line = Schema.String.check(Schema.isPattern(/^[^\n]+$/))

describe("the history", () => {
  it.effect.prop("has the lines that were kept, the newest first", [Schema.Array(Line)], ([lines]) =>
    Effect.gen(function* () {
      const directory = join(yield* temporaryDirectory, "state")
      for (const line of lines) (yield* History.open(directory, "exon")).keep(line)
      assert.deepStrictEqual((yield* History.open(directory, "exon")).lines, lines.toReversed())
      assert.deepStrictEqual((yield* History.open(directory, "rscp")).lines, [])
    }).pipe(Effect.scoped)
  )

  it.effect("is its user's alone, also where it was not, and its directory its group's at most", () =>
    Effect.gen(function* () {
      const directory = join(yield* temporaryDirectory, "state")
      const file = join(directory, "exon.history")
      const history = yield* History.open(directory, "exon")
      history.keep("a")
      assert.strictEqual(statSync(directory).mode & 0o777, 0o750)
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      chmodSync(file, 0o644)
      yield* History.open(directory, "exon")
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    })
  )

  it.effect("keeps the last thousand lines, also those that another terminal has added", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const file = join(directory, "exon.history")
      const numbered = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, index) => `${from + index}\n`).join("")
      writeFileSync(file, numbered(0, 2 * History.length))
      const first = yield* History.open(directory, "exon")
      appendFileSync(file, "other\n")
      first.keep("own")
      assert.strictEqual(first.lines.length, History.length)
      assert.strictEqual(readFileSync(file, "utf8"), `${numbered(0, 2 * History.length)}other\nown\n`)
      assert.deepStrictEqual((yield* History.open(directory, "exon")).lines.slice(0, 3), [
        "own",
        "other",
        "1999"
      ])
      assert.strictEqual(readFileSync(file, "utf8"), `${numbered(1002, 2 * History.length)}other\nown\n`)
    })
  )

  it.effect("cannot be kept where there is no directory for it, and says why", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "file")
      writeFileSync(file, "")
      const { message } = yield* Effect.flip(History.open(file, "exon"))
      assert.match(message, /^no history is kept in .+exon\.history: EEXIST: file already exists$/)
    })
  )
})
