import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Calculator } from "../../../src/protocols/rscp/Calculator.ts"
import { answerAtOnce } from "../../../src/protocols/rscp/functions/Question.ts"
import { idOf } from "./Asking.ts"

const asked = (keyword: string, ...parameters: ReadonlyArray<string>) =>
  Effect.flatMap(Calculator, ({ compute }) => {
    const answer = compute(idOf(keyword), parameters)
    return typeof answer === "string" ? Effect.succeed(answer) : answer
  })

describe("The calculator", () => {
  it("answers at once what takes no time, and what is refused for its size", () => {
    assert.strictEqual(answerAtOnce(idOf("ADD"), ["0.1", "0.2"]), "0.3")
    assert.strictEqual(answerAtOnce(idOf("SIN"), ["1e20"]), "-0.984807753012208")
    assert.strictEqual(answerAtOnce(idOf("FACT"), ["1000000000"]), "ERROR too large")
    assert.strictEqual(answerAtOnce(idOf("POW"), ["9", "387420489"]), "ERROR too large")
    assert.strictEqual(answerAtOnce(idOf("EVAL"), ["1".repeat(2001)]), "ERROR too large")
    assert.strictEqual(answerAtOnce(idOf("ADD"), ["1"]), "ERROR 2 parameters expected")
  })

  it.effect(
    "has workers answer what may take its time: expressions, long numbers, factors of large ones",
    () =>
      Effect.gen(function* () {
        const questions: ReadonlyArray<
          readonly [answer: string, keyword: string, ...parameters: Array<string>]
        > = [
          ["2", "EVAL", "1 + 1"],
          ["1", "SOLVE", "x = 1", "x"],
          ["4.14935960343785e+9130", "FACT", "3000"],
          ["18446744073709551557", "FACTORS", "18446744073709551557"],
          ["1e+9999", "ADD", "1e9999", "1e-9999"],
          ["5.72957795130823e-9998", "ASIN", "1e-9999"],
          ["90", "ACOS", "-1e-9999"],
          ["500", "SUM", ...Array.from({ length: 500 }, () => "1")]
        ]
        for (const [answer, keyword, ...parameters] of questions) {
          assert.isUndefined(answerAtOnce(idOf(keyword), parameters), keyword)
          assert.strictEqual(yield* asked(keyword, ...parameters), answer)
        }
      }).pipe(Effect.provide(Calculator.layer({ workers: 1 })))
  )

  it.effect("lets others have their turn while it answers a great many, in their order", () =>
    Effect.gen(function* () {
      const happened: Array<string> = []
      setImmediate(() => happened.push("another's turn"))
      for (let n = 0; n < 100; n++) happened.push(yield* asked("POW", String(n), "0.5"))
      const [first, last] = [happened.indexOf("another's turn"), happened.indexOf("9.9498743710662")]
      assert.isAtLeast(first, 0)
      assert.isBelow(first, last)
      assert.deepStrictEqual(happened.filter((answer) => !answer.includes("turn")).slice(0, 5), [
        "0",
        "1",
        "1.4142135623731",
        "1.73205080756888",
        "2"
      ])
    }).pipe(Effect.provide(Calculator.layer()))
  )
})
