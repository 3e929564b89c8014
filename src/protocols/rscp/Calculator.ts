/** What computes: the functions of the catalogue, on the parameters of a `FUNCTION` as they came. */
import { Context, Effect, Layer } from "effect"
import * as Turn from "./calculator/Turn.ts"
import * as Workers from "./calculator/Workers.ts"
import { answerAtOnce } from "./functions/Question.ts"

/**
 * Answers questions. An answer is what stands after `ANSWER=`: one that cannot be given is `ERROR reason`, so that none
 * fails, and each comes within a second.
 */
export class Calculator extends Context.Service<
  Calculator,
  {
    /** The answer, or, where computing it would keep others waiting, the effect that waits for it. */
    readonly compute: (id: string, parameters: ReadonlyArray<string>) => string | Effect.Effect<string>
  }
>()("wireline/rscp/Calculator") {
  /** The functions of the catalogue; heavy ones run in worker threads, which are started when they are first needed. */
  static readonly layer = (limits: Workers.Limits = {}): Layer.Layer<Calculator> =>
    Layer.effect(
      Calculator,
      Effect.map(Workers.make(limits), (ask) => {
        const inTurn = Turn.make()
        return {
          compute: (id, parameters) => {
            const since = performance.now()
            const answer = answerAtOnce(id, parameters)
            return answer === undefined ? ask({ id, parameters }) : inTurn(answer, performance.now() - since)
          }
        }
      })
    )
}
