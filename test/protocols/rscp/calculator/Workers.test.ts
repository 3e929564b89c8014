/** Questions that only a worker answers, by real workers, in the time that is really theirs. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Calculator } from "../../../../src/protocols/rscp/Calculator.ts"
import { idOf } from "../Asking.ts"

const outOfTime = "ERROR out of time"

const ask = (keyword: string, ...parameters: ReadonlyArray<string>) =>
  Effect.flatMap(Calculator, ({ compute }) => {
    const answer = compute(idOf(keyword), parameters)
    return typeof answer === "string" ? Effect.succeed(answer) : answer
  })

/** Simplifying this takes minutes. */
const endless = Array.from({ length: 150 }, (_, n) => `(x + ${n})`).join(" * ")

const [one, two] = [Calculator.layer({ workers: 1 }), Calculator.layer({ workers: 2 })]

describe("The workers", () => {
  it.effect("answer what is not answered at once, one after another and side by side", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* ask("EVAL", "1 + 2 * sin(30)"), "2")
      assert.strictEqual(yield* ask("DERIVATIVE", "x ^ 2", "x"), "2 * x")
      assert.strictEqual(yield* ask("FACT", "3000"), "4.14935960343785e+9130")
      const numbers = Array.from({ length: 50 }, (_, n) => n)
      assert.deepStrictEqual(
        yield* Effect.forEach(numbers, (n) => ask("EVAL", `${n} ^ 2`), { concurrency: "unbounded" }),
        numbers.map((n) => String(n ** 2))
      )
    }).pipe(Effect.provide(two))
  )

  it.effect("answer a question that overruns out of time, and the next one as ever", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* ask("EVAL", "1 + 1"), "2")
      const question = yield* Effect.forkChild(ask("SIMPLIFY", endless))
      yield* TestClock.adjust("400 millis")
      assert.strictEqual(yield* Fiber.join(question), outOfTime)
      assert.strictEqual(yield* ask("EVAL", "2 + 2"), "4")
    }).pipe(Effect.provide(one))
  )

  it.effect(
    "have the questions that wait take their turn, and answer out of time when it is long in coming",
    () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("EVAL", "1 + 1"), "2")
        const [first, second, third] = yield* Effect.forEach([endless, "2 + 2", endless], (expression) =>
          Effect.andThen(Effect.forkChild(ask("SIMPLIFY", expression)), (fiber) =>
            Effect.as(TestClock.adjust("1 millis"), fiber)
          )
        )
        const last = yield* Effect.forkChild(ask("EVAL", "3 + 3"))
        yield* TestClock.adjust("397 millis")
        assert.strictEqual(yield* Fiber.join(first!), outOfTime)
        assert.strictEqual(yield* Fiber.join(second!), "4")
        yield* TestClock.adjust("303 millis")
        assert.strictEqual(yield* Fiber.join(last), outOfTime)
        yield* TestClock.adjust("250 millis")
        assert.strictEqual(yield* Fiber.join(third!), outOfTime)
      }).pipe(Effect.provide(one))
  )

  it.effect("go on with a question whose asker has left, so that leaving ends none of them", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* ask("EVAL", "1 + 1"), "2")
      const question = yield* Effect.forkChild(ask("SIMPLIFY", endless))
      yield* TestClock.adjust("1 millis")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(question))
      const next = yield* Effect.forkChild(ask("EVAL", "2 + 2"))
      yield* TestClock.adjust("398 millis")
      assert.isUndefined(leaving.pollUnsafe())
      assert.isUndefined(next.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(next), "4")
      yield* Fiber.join(leaving)
    }).pipe(Effect.provide(one))
  )

  it.effect("answer others while one has the heaviest questions of all", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* ask("EVAL", "1 + 1"), "2")
      const heavy = yield* Effect.forkChild(ask("SIMPLIFY", endless))
      yield* TestClock.adjust("1 millis")
      for (let n = 0; n < 20; n++) assert.strictEqual(yield* ask("EVAL", `${n} + ${n}`), String(n + n))
      assert.isUndefined(heavy.pollUnsafe())
      yield* TestClock.adjust("400 millis")
      assert.strictEqual(yield* Fiber.join(heavy), outOfTime)
    }).pipe(Effect.provide(two))
  )

  it.effect("answer too large when their memory does not do, and nothing else comes to harm", () =>
    Effect.gen(function* () {
      for (const expression of ["1 + 1", "2 + 2"]) {
        assert.strictEqual(yield* ask("EVAL", expression), "ERROR too large")
      }
      assert.strictEqual(yield* ask("ADD", "1", "1"), "2")
      // Less than a worker needs for itself.
    }).pipe(Effect.provide(Calculator.layer({ workers: 1, memory: 8 })))
  )

  it.live("answer the heaviest questions in time, however many there are at once", () =>
    Effect.gen(function* () {
      const questions = [
        ...Array.from({ length: 6 }, () => ["SIMPLIFY", endless]),
        ["DERIVATIVE", Array.from({ length: 20 }, () => "x").join("^"), "x"],
        ["FACTORS", "1000000000100000000002379"]
      ]
      const answers = yield* Effect.forEach(
        questions,
        ([keyword, ...parameters]) => Effect.timed(ask(keyword!, ...parameters)),
        { concurrency: "unbounded" }
      )
      for (const [duration, answer] of answers) {
        assert.strictEqual(answer, outOfTime)
        // One second where the machine has nothing else to do.
        assert.isBelow(Duration.toSeconds(duration), 10)
      }
    }).pipe(Effect.provide(two))
  )
})
