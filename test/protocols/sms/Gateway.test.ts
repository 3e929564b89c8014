/** The way of a message: what is let in, what goes out, and what the chain tells of it. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Metric, Schema } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"
import { Configuration, defaults } from "../../../src/protocols/sms/Configuration.ts"
import * as Filters from "../../../src/protocols/sms/Filters.ts"
import { Gateway } from "../../../src/protocols/sms/Gateway.ts"
import { type Reply, SmsShell, type Text } from "../../../src/protocols/sms/Protocol.ts"
import { Shell, type Text as Executed } from "../../../src/protocols/sms/shell/Shell.ts"
import { message, outboxOf, type Sent } from "../../support/ServedSms.ts"

/** A gateway before a shell that answers what it is texted, a second later. */
const gateway = (configuration: typeof Configuration.Encoded = {}, outbox: "on" | "off" | "broken" = "on") =>
  Effect.gen(function* () {
    const executed: Array<Executed> = []
    const sent: Array<Sent> = []
    const shell = Layer.succeed(Shell, {
      execute: (text) =>
        Effect.gen(function* () {
          executed.push(text)
          yield* TestClock.adjust("1 seconds")
          return {
            output: text.text === "nothing" ? "" : text.text,
            isError: text.text.startsWith("#Err: "),
            command: undefined
          }
        })
    })
    const { receive } = yield* Effect.provide(
      Gateway,
      Gateway.layer(Schema.decodeSync(Configuration)(configuration)).pipe(
        Layer.provide([shell, outboxOf(sent, outbox)])
      )
    )
    const answer = (text: string, more: Readonly<Record<string, unknown>> = {}) =>
      receive(SmsShell.decodeRequest(message(text, more)) as Text)
    const outputOf = (text: string, more?: Readonly<Record<string, unknown>>) =>
      Effect.map(answer(text, more), (reply) => (reply._tag === "Answer" ? reply.output : reply.error))
    return { answer, outputOf, executed, sent }
  })

const steps = ({ chain }: Reply) => chain.map(([step, at]) => `${step} ${at}`)

const denied = "#Err: command denied"

const allSteps = ["received 0", "parsed 0", "input_validated 0", "executed 1", "output_validated 1"]

describe("A message", () => {
  it.effect("goes all the way, and its answer out, with the time of each step", () =>
    Effect.gen(function* () {
      const { answer, executed, sent } = yield* gateway()
      const reply = yield* answer("Hello There")
      assert.deepStrictEqual(reply, {
        _tag: "Answer",
        received_length: 54,
        output: "Hello There",
        chain: reply.chain
      })
      assert.deepStrictEqual(steps(reply), [...allSteps, "transmitted 1"])
      assert.deepStrictEqual(executed, [{ number: "+33612345678", text: "Hello There" }])
      assert.deepStrictEqual(sent, [{ number: "+33612345678", text: "Hello There" }])
    })
  )

  it.effect(
    "that asks for it, says nothing, or comes to a house without a transmitter, has nothing sent",
    () =>
      Effect.gen(function* () {
        const here = yield* gateway()
        assert.deepStrictEqual(steps(yield* here.answer("hi", { transmit: false })), allSteps)
        assert.deepStrictEqual(here.sent, [])
        assert.strictEqual((yield* here.answer("hi", { transmit: true })).chain.at(-1)?.[0], "transmitted")
        const quiet = yield* gateway({ lower_case: 1 }, "off")
        assert.strictEqual((yield* quiet.answer("Hi")).chain.at(-1)?.[0], "output_validated")
        assert.strictEqual((yield* here.answer("nothing")).chain.at(-1)?.[0], "output_validated")
        assert.deepStrictEqual(here.sent, [{ number: "+33612345678", text: "hi" }])
      })
  )

  it.effect("is answered all the same where its answer cannot be kept, and the chain tells it", () =>
    Effect.gen(function* () {
      const { answer } = yield* gateway({}, "broken")
      const reply = yield* answer("hi")
      assert.strictEqual(reply._tag === "Answer" ? reply.output : undefined, "hi")
      assert.deepStrictEqual(steps(reply), allSteps)
    })
  )

  it.effect("with a role's token runs in that role; with another one, or another role's, it is denied", () =>
    Effect.gen(function* () {
      const { answer, executed, outputOf, sent } = yield* gateway({
        tokens: { USER: "user token", ADMIN: "admin token" }
      })
      for (const [role, token] of [
        ["USER", "user token"],
        ["ADMIN", "admin token"]
      ] as const) {
        assert.strictEqual(yield* outputOf("hi", { auth: { role, token } }), "hi")
        assert.deepStrictEqual(executed.pop(), { number: "+33612345678", text: "hi", role })
        sent.pop()
      }
      for (const auth of [
        { role: "ADMIN", token: "user token" },
        { role: "USER", token: "admin token" },
        { role: "ADMIN", token: "admin toke" },
        { role: "ADMIN", token: "admin token " }
      ]) {
        const reply = yield* answer("hi", { auth })
        assert.strictEqual(reply._tag === "Answer" ? reply.output : undefined, denied)
        assert.deepStrictEqual(
          reply.chain.map(([step]) => step),
          ["received", "parsed"]
        )
      }
      const { outputOf: without } = yield* gateway({ tokens: { USER: "user token" } })
      assert.strictEqual(yield* without("hi", { auth: { role: "ADMIN", token: "user token" } }), denied)
      assert.deepStrictEqual([executed, sent], [[], []])
    })
  )

  it.effect("is denied before the shell where its number or its text is not allowed, and gets no SMS", () =>
    Effect.gen(function* () {
      const { answer, executed, outputOf, sent } = yield* gateway({
        allowed_numbers: ["^\\+336", "^38200$"],
        allowed_texts: ["^h", "^\\p{Lu}"]
      })
      for (const [number, text, output] of [
        ["+33612345678", "hi", "hi"],
        ["38200", "Émile", "Émile"],
        ["+32612345678", "hi", denied],
        ["138200", "hi", denied],
        ["+33612345678", "no", denied]
      ] as const) {
        assert.strictEqual(yield* outputOf(text, { sms_number: number }), output)
      }
      assert.lengthOf(executed, 2)
      assert.lengthOf(sent, 2)
      const reply = yield* answer("no")
      assert.deepStrictEqual(
        reply.chain.map(([step]) => step),
        ["received", "parsed"]
      )
    })
  )

  it.effect("from what can be no number is denied, whatever is configured", () =>
    Effect.gen(function* () {
      const { executed, outputOf } = yield* gateway()
      for (const number of ["+33612345678\n", "a\0b", "\ud800", "1".repeat(33), "\u2028\u0007"]) {
        assert.strictEqual(yield* outputOf("hi", { sms_number: number }), denied)
      }
      assert.deepStrictEqual(executed, [])
      assert.strictEqual(yield* outputOf("hi", { sms_number: "Wireline SA" }), "hi")
    })
  )

  it.effect("is counted by what became of it", () =>
    Effect.gen(function* () {
      const { answer } = yield* gateway({ allowed_texts: ["^[#h]"] })
      for (const text of ["hi", "hi", "#Err: x", "no", "no", "no"]) yield* answer(text)
      const metrics = yield* PrometheusMetrics.format()
      assert.deepStrictEqual(
        metrics
          .split("\n")
          .filter((line) => line.startsWith("wireline_sms_messages_received_total"))
          .toSorted(),
        [
          'wireline_sms_messages_received_total{status="denied"} 3',
          'wireline_sms_messages_received_total{status="error"} 1',
          'wireline_sms_messages_received_total{status="ok"} 2'
        ]
      )
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})

describe("The filters", () => {
  const Output = Arbitrary.schema(Schema.String)
  const Longest = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 10, maximum: 40 })))

  it.prop("cut an answer between characters, and end it with dots", [Output, Longest], ([output, most]) => {
    const cut = Filters.make({ ...defaults, max_answer: most }).outbound(output)
    const [before, after] = [Array.from(output), Array.from(cut)]
    assert.isAtMost(after.length, most)
    if (before.length <= most) assert.strictEqual(cut, output)
    else assert.deepStrictEqual(after, [...before.slice(0, most - 3), ".", ".", "."])
  })

  const Count = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 })))
  it.prop("lower the first characters of a text and no others", [Output, Count], ([text, count]) => {
    const lowered = Filters.make({ ...defaults, lower_case: count }).inbound(text)
    const characters = Array.from(text.toWellFormed())
    assert.isTrue(lowered.endsWith(characters.slice(count).join("")))
    assert.strictEqual(lowered, characters.map((c, i) => (i < count ? c.toLowerCase() : c)).join(""))
  })

  it("lower what telephones begin with", () => {
    const { inbound } = Filters.make({ ...defaults, lower_case: 1 })
    assert.deepStrictEqual(["Help Login", "É", "", "😀A"].map(inbound), ["help Login", "é", "", "😀A"])
  })

  it.effect("have the shell see a text as they leave it, and the SMS be the answer as they leave it", () =>
    Effect.gen(function* () {
      const { executed, outputOf, sent } = yield* gateway({ lower_case: 1, max_answer: 10 })
      assert.strictEqual(yield* outputOf("Hello my dear"), "hello m...")
      assert.strictEqual(executed[0]?.text, "hello my dear")
      assert.deepStrictEqual(sent, [{ number: "+33612345678", text: "hello m..." }])
    })
  )
})
