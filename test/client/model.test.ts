import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Client from "../../src/Client.ts"
import { begin, item, news, play, type Request, settled, TalkWithNews } from "./Talk.ts"

/** One request, and what becomes of it. */
const Step = Schema.Struct({
  kind: Schema.Literals(["get", "list", "check", "noreply"]),
  fate: Schema.Literals(["kept", "interrupted", "timeout", "streamed", "left"]),
  /** How many frames a list has, how many later requests an answer with an id waits for, and how many news precede it. */
  size: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
  news: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 }))
})
type Step = typeof Step.Type

const Setting = Schema.Struct({
  steps: Schema.Array(Step),
  /** Whether the server is silent until all timeouts have passed. */
  isLate: Schema.Boolean,
  maxChunk: Schema.Literals([1, 7, 65_536])
})

const requestOf = ({ kind, size }: Step, key: string): Request => {
  switch (kind) {
    case "get":
      return { _tag: "get", key }
    case "list":
      return { _tag: "list", key, count: size }
    case "check":
      return { _tag: "check", id: `id${key}`, key }
    case "noreply":
      return { _tag: "delete", key, noreply: "noreply" }
  }
}

const answerOf = ({ kind, size }: Step, key: string): ReadonlyArray<unknown> => {
  switch (kind) {
    case "get":
      return [{ _tag: "value", key }]
    case "list":
      return Array.from({ length: size }, (_, i) => item(`${key}.${i}`))
    case "check":
      return [{ _tag: "checked", id: `id${key}`, key }]
    case "noreply":
      return []
  }
}

const lineOf = (message: unknown): string => Object.values(message as Record<string, string>).join(" ") + "\n"

/** All that the server sends: answers in the order of their requests, or later where they carry an id, and news anywhere. */
const replies = (steps: ReadonlyArray<Step>) => {
  const waiting: Array<{ readonly due: number; readonly line: string }> = []
  let text = ""
  const pushed: Array<string> = []
  for (const [at, step] of steps.entries()) {
    for (let i = 0; i < step.news; i++) {
      pushed.push(`${at}-${i}`)
      text += `news ${at}-${i}\n`
    }
    const lines = answerOf(step, String(at)).map(lineOf)
    if (step.kind === "check") waiting.unshift({ due: at + step.size, line: lines.join("") })
    else text += lines.join("news between\n")
    if (step.kind === "list") for (let i = 1; i < step.size; i++) pushed.push("between")
    text += waiting
      .filter(({ due }) => due === at)
      .map(({ line }) => line)
      .join("")
  }
  const rest = waiting.filter(({ due }) => due >= steps.length).map(({ line }) => line)
  return { text: text + rest.join(""), pushed }
}

describe("The client, whatever is asked, given up and pushed", () => {
  it.effect.prop(
    "gives every request its own answer and nothing else",
    [Setting],
    ([{ isLate, maxChunk, steps }]) =>
      Effect.gen(function* () {
        const { client, server } = yield* play(TalkWithNews, { capacity: 100, maxChunk })
        const { pushed, text } = replies(steps)
        const fibers: Array<Fiber.Fiber<unknown, Client.RequestError>> = []
        for (const [at, step] of steps.entries()) {
          const request = requestOf(step, String(at))
          const sending = yield* begin<unknown, Client.RequestError, never>(
            step.fate === "streamed"
              ? Stream.runCollect(client.stream(request))
              : step.fate === "left"
                ? Stream.runCollect(Stream.take(client.stream(request), 1))
                : client.send(request, step.fate === "timeout" ? { timeout: "1 second" } : {})
          )
          if (step.fate === "interrupted") yield* Fiber.interrupt(sending)
          fibers.push(sending)
        }
        if (isLate) {
          yield* settled
          yield* TestClock.adjust("1 second")
        }
        yield* server.expect(steps.map((step, at) => wireOf(step, String(at))).join(""))
        yield* server.send(text)
        for (const [at, step] of steps.entries()) {
          const answer = answerOf(step, String(at))
          if (step.fate === "interrupted") continue
          if (step.fate === "timeout" && isLate && step.kind !== "noreply") {
            assert.instanceOf(yield* Effect.flip(Fiber.join(fibers[at]!)), Client.RequestTimeout)
          } else {
            assert.deepStrictEqual(
              yield* Fiber.join(fibers[at]!),
              step.fate === "left" ? answer.slice(0, 1) : answer
            )
          }
        }
        assert.deepStrictEqual(
          yield* Stream.runCollect(Stream.take(client.pushes, pushed.length)),
          pushed.map(news)
        )
        // Nothing is missing, and nothing is left over.
        const last = yield* begin(client.send({ _tag: "get", key: "last" }))
        yield* server.expect("get last\n")
        yield* server.send("value last\n")
        assert.deepStrictEqual(yield* Fiber.join(last), [{ _tag: "value", key: "last" }])
      }),
    { arbitrary: { runs: 200 } }
  )
})

const wireOf = (step: Step, key: string): string => lineOf(requestOf(step, key))
