/** What one connection may take of the others' time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { serveRscp } from "../../support/ServedRscp.ts"
import { lastWordsOf } from "../../support/Talk.ts"

/** How often the event loop goes round while an effect runs: as often as others have their turn. */
const turnsOf = <E, R>(effect: Effect.Effect<unknown, E, R>) =>
  Effect.suspend(() => {
    let turns = 0
    let next = setImmediate(function count() {
      turns++
      next = setImmediate(count)
    })
    return effect.pipe(
      Effect.map(() => turns),
      Effect.ensuring(Effect.sync(() => clearImmediate(next)))
    )
  })

describe("A connection that asks hundreds of things at once", () => {
  it.effect("lets others have their turn in between", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp()
      const question = "FUNCTION:ID=30:PARAM1=2:PARAM2=1e-90\n"
      const turns = yield* turnsOf(
        lastWordsOf(served, `CONNECT REQUEST\n${question.repeat(400)}DISCONNECT\n`)
      )
      assert.isAbove(turns, 10)
    })
  )
})
