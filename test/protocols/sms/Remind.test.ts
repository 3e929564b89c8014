/** `remind`: a text back to oneself after a time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Accounts } from "../../../src/accounts/Accounts.ts"
import { Outbox } from "../../../src/protocols/sms/Outbox.ts"
import type { Shell } from "../../../src/protocols/sms/shell/Shell.ts"
import { Transmitter } from "../../../src/protocols/sms/Transmitter.ts"
import { turn } from "../../support/Time.ts"
import { register, type ServerOptions, text, type World, world } from "./World.ts"

const ada = "+33612345678"

const says = (command: string, expected: string | RegExp) =>
  Effect.map(text(ada, command), (output) =>
    typeof expected === "string"
      ? assert.strictEqual(output, expected, command)
      : assert.match(output, expected, command)
  )

const logIn = Effect.gen(function* () {
  yield* register(ada)
  yield* Accounts.use((accounts) => accounts.setPassword("sms", ada, Redacted.make("correct horse")))
  yield* says("login password 'correct horse'", "logged in as USER")
})

/** Logs ada in, in a server that has just been started; the clock stands somewhere. */
const loggedIn = (
  test: (here: World) => Effect.Effect<void, unknown, Shell | Accounts>,
  options?: ServerOptions
) =>
  Effect.gen(function* () {
    const here = yield* world
    yield* TestClock.adjust("1000 days")
    yield* here.started(options)(
      Effect.gen(function* () {
        yield* logIn
        yield* test(here)
      })
    )
  })

describe("remind", () => {
  it.effect("sends the text back after the time, not before, and to whoever asked for it", () =>
    loggedIn(({ phones }) =>
      Effect.gen(function* () {
        yield* says("remind 10m water the  'two  plants'", "in 10m")
        yield* says("remind 30s go", "in 30s")
        yield* TestClock.adjust("31 seconds")
        yield* phones.received.until(`${ada}: go`)
        yield* TestClock.adjust("568 seconds")
        yield* turn
        assert.deepStrictEqual(phones.received.all, [`${ada}: go`])
        yield* TestClock.adjust("2 seconds")
        yield* phones.received.until(`${ada}: water the two  plants`)
      })
    )
  )

  it.effect("survives a restart, and what fell due meanwhile is sent after it", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      yield* here.started()(
        Effect.gen(function* () {
          yield* logIn
          yield* says("remind 1h soon", "in 1h")
          yield* says("remind 720h late", "in 30d")
        })
      )
      yield* TestClock.adjust("2 hours")
      yield* here.started()(here.phones.received.until(`${ada}: soon`))
      yield* TestClock.adjust("30 days")
      yield* here.started()(here.phones.received.until(`${ada}: late`))
      assert.strictEqual(here.phones.received.all.length, 2)
    })
  )

  it.effect("takes ten reminders of a number at a time, each within 30 days and of 459 characters", () =>
    loggedIn(({ phones }) =>
      Effect.gen(function* () {
        yield* says("remind 721h late", "#Err: 30 days at most")
        yield* says(`remind 1m ${"é".repeat(460)}`, "#Err: 459 characters at most")
        yield* says(`remind 1m ${"😀".repeat(459)}`, "in 1m")
        for (let n = 2; n <= 10; n++) yield* says(`remind 2m ${n}`, "in 2m")
        yield* says("remind 1m one too many", "#Err: 10 reminders at most")
        yield* TestClock.adjust("61 seconds")
        yield* phones.received.until(/😀/)
        yield* says("remind 1m one more", "in 1m")
      })
    )
  )

  it.effect("is answered with what is wrong with its words", () =>
    loggedIn(() =>
      Effect.gen(function* () {
        yield* says("remind", "#Err: bad number of arguments")
        yield* says("remind 10m", "#Err: bad number of arguments")
        yield* says("remind tomorrow hello", "#Err: bad syntax: TIME: expected a time such as 30s, 10m or 2h")
        yield* says("remind 0s hello", /^#Err: bad syntax: TIME/)
        yield* says("remind 10m ''", /^#Err: bad syntax: TEXT/)
      })
    )
  )

  it.effect("is not for guests", () =>
    loggedIn(() =>
      Effect.gen(function* () {
        yield* says("logout", "logged out")
        yield* says("remind 10m hello", "#Err: command denied")
      })
    )
  )

  it.effect("says so where no texts are sent", () =>
    loggedIn(() => says("remind 10m hello", "#Err: no texts are sent from here"), {
      outbox: Layer.provide(Outbox.layer, Transmitter.layerNone)
    })
  )
})
