/** The server, killed by `kill -9` between its answers and their transmission: what it had answered is sent all the same. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import * as Started from "../../support/Started.ts"
import { Outbox } from "../../../src/protocols/sms/Outbox.ts"
import { turn } from "../../support/Time.ts"
import { numberOf, type World, world } from "./World.ts"

const program = join(import.meta.dirname, "answer-texts.ts")

/** So many times, on the same data; each gets so many answers further before it is killed. */
const rounds = 2
const answers = 40

/** The numbers that a process has said this of. */
const said = (output: string, what: string): ReadonlyArray<string> =>
  output
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith(`${what} `))
    .map((line) => line.slice(what.length + 1))

/** Answers texts until it is killed; what it had said by then. */
const answerAndKill = (here: World, round: number) =>
  Effect.gen(function* () {
    const child = yield* Started.start([process.execPath, program, here.filename, String(round * 10_000)], {
      env: Started.compiling
    })
    yield* child.says(
      "stdout",
      new RegExp(`^transmitted \\${numberOf(round * 10_000 + answers + 7 * round)}$`, "m")
    )
    yield* child.signal("SIGKILL")
    const { signal, stderr, stdout } = yield* child.exit
    assert.strictEqual(signal, "SIGKILL")
    assert.strictEqual(stderr, "")
    return stdout
  }).pipe(Effect.scoped)

describe("A server that is killed between answers and their transmission", () => {
  it.live("loses none, and sends again at most those that were on their way", () =>
    Effect.gen(function* () {
      const here = yield* world
      const { phones } = here
      const answered: Array<string> = []
      const sent: Array<string> = []
      for (let round = 0; round < rounds; round++) {
        const output = yield* answerAndKill(here, round)
        answered.push(...said(output, "transmitted"))
        sent.push(...said(output, "sent"))
      }
      // Something was left, or there would be nothing to see.
      assert.isAbove(answered.length, new Set(sent).size)
      yield* here.started()(
        Effect.gen(function* () {
          const { waiting } = yield* Outbox
          while ((yield* waiting).count > 0) yield* turn
        })
      )
      const received = new Set(phones.received.all)
      for (const number of answered)
        assert.isTrue(sent.includes(number) || received.has(`${number}: ${number}`), number)
      const again = phones.received.all.filter((text) => sent.includes(text.split(":")[0]!))
      // Up to four were just being sent in each round.
      assert.isAtMost(again.length, 4 * rounds)
      assert.strictEqual(received.size, phones.received.all.length)
    })
  )
})
