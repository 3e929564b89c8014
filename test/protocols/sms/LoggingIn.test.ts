/** Logging in and out by text: with a password, with a code by text message or mail, and as an attacker tries it. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Redacted, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Accounts } from "../../../src/accounts/Accounts.ts"
import { Mail } from "../../../src/protocols/sms/Mail.ts"
import { Outbox } from "../../../src/protocols/sms/Outbox.ts"
import type { Shell } from "../../../src/protocols/sms/shell/Shell.ts"
import { Transmitter } from "../../../src/protocols/sms/Transmitter.ts"
import { withLogs } from "../../support/Happenings.ts"
import { register, type ServerOptions, text, type World, world } from "./World.ts"

const ada = "+33612345678"
const root = "+33687654321"
/** Has no account. */
const stranger = "+33600000000"

/** A test with a started server on which ada, a user, and root, an admin, have accounts; the clock stands somewhere. */
const serving = (
  test: (here: World) => Effect.Effect<void, unknown, Shell | Accounts>,
  options?: ServerOptions
) =>
  Effect.gen(function* () {
    const here = yield* world
    yield* TestClock.adjust("1000 days")
    const registered = Effect.all([register(ada, "USER", "ada@example.org"), register(root, "ADMIN")])
    yield* here.started(options)(Effect.andThen(registered, test(here)))
  })

/** Expects a number to be answered this to that. */
const says = (number: string, command: string, expected: string) =>
  Effect.map(text(number, command), (output) => assert.strictEqual(output, expected, command))

const underWay = "a code is on its way, answer: login code CODE"
const failed = "#Err: login failed"
const isCode = /: \d{6} is your code, valid for 5 minutes$/

/** Asks for a code by text; the code that comes. */
const codeOf = (number: string, { phones }: World) =>
  Effect.gen(function* () {
    const before = phones.received.count(isCode)
    yield* says(number, "login otp", underWay)
    yield* phones.received.until(isCode, before + 1)
    return /^\d{6}/.exec(phones.of(number).at(-1)!)![0]
  })

const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, "0")

const setPassword = (number: string, password: string) =>
  Accounts.use((accounts) => accounts.setPassword("sms", number, Redacted.make(password)))

describe("login otp", () => {
  it.effect("sends a code by text, which makes a guest a user, and logout makes him a guest again", () =>
    serving((here) =>
      Effect.gen(function* () {
        yield* says(ada, "role", "GUEST")
        const code = yield* codeOf(ada, here)
        yield* says(ada, "role", "LOGININPROGRESS")
        yield* says(ada, `login code ${code}`, "logged in as USER")
        yield* says(ada, "role", "USER")
        yield* says(ada, "login otp", "#Err: command denied")
        yield* says(ada, "logout", "logged out")
        yield* says(ada, "role", "GUEST")
        yield* says(ada, "logout", "#Err: command denied")
        assert.strictEqual(here.phones.received.all.length, 1)
      })
    )
  )

  it.effect("makes an admin of whose account says so", () =>
    serving((here) =>
      Effect.gen(function* () {
        yield* says(root, `login code ${yield* codeOf(root, here)}`, "logged in as ADMIN")
        yield* says(root, "role", "ADMIN")
        yield* says(root, "logout", "logged out")
        yield* says(root, "role", "GUEST")
      })
    )
  )

  it.effect("once more sends another code, and the one before is of no use", () =>
    serving((here) =>
      Effect.gen(function* () {
        const first = yield* codeOf(ada, here)
        const second = yield* codeOf(ada, here)
        if (first !== second) yield* says(ada, `login code ${first}`, failed)
        yield* says(ada, `login code ${second}`, "logged in as USER")
      })
    )
  )

  it.effect("sends three codes within 15 minutes, to whatever number", () =>
    serving(() =>
      Effect.gen(function* () {
        for (const number of [ada, stranger]) {
          for (let n = 0; n < 3; n++) yield* says(number, "login otp", underWay)
          yield* says(number, "login otp", "#Err: too many codes, try again later")
          yield* says(number, "login mail", "#Err: too many codes, try again later")
        }
        yield* TestClock.adjust("15 minutes")
        yield* says(ada, "login otp", underWay)
      })
    )
  )

  it.effect("says so where no texts are sent", () =>
    serving(
      () =>
        Effect.gen(function* () {
          for (const number of [ada, stranger]) {
            yield* says(number, "login otp", "#Err: no texts are sent from here")
            yield* says(number, "role", "GUEST")
          }
        }),
      { outbox: Layer.provide(Outbox.layer, Transmitter.layerNone) }
    )
  )
})

describe("login mail", () => {
  it.effect("sends the code by mail, and nothing but the code", () =>
    serving(({ mailbox, phones }) =>
      Effect.gen(function* () {
        yield* says(ada, "login mail", underWay)
        yield* says(ada, "role", "LOGININPROGRESS")
        assert.strictEqual(mailbox.letters.length, 1)
        const [{ subject, text, to }] = mailbox.letters as [(typeof mailbox.letters)[number]]
        assert.deepStrictEqual([to, subject], ["ada@example.org", "Your code"])
        assert.match(text, /^\d{6}\n$/)
        yield* says(ada, `login code ${text.trim()}`, "logged in as USER")
        assert.strictEqual(phones.received.all.length, 0)
      })
    )
  )

  it.effect("answers an account without an address like any other", () =>
    serving(({ mailbox }) =>
      Effect.gen(function* () {
        yield* says(root, "login mail", underWay)
        yield* says(root, "role", "LOGININPROGRESS")
        assert.strictEqual(mailbox.letters.length, 0)
      })
    )
  )

  it.effect("says so where no mail is sent", () =>
    serving(() => says(ada, "login mail", "#Err: no mail is sent from here"), { mail: Mail.layerNone })
  )
})

describe("login code", () => {
  it.effect("is wrong three times at most, and then the login is over", () =>
    serving((here) =>
      Effect.gen(function* () {
        const code = yield* codeOf(ada, here)
        yield* says(ada, `login code ${wrong(code)}`, failed)
        yield* says(ada, `login code ${wrong(code)}`, failed)
        yield* says(ada, "role", "LOGININPROGRESS")
        yield* says(ada, `login code ${wrong(code)}`, failed)
        yield* says(ada, "role", "GUEST")
        yield* says(ada, `login code ${code}`, "#Err: no login in progress")
      })
    )
  )

  it.effect("comes too late after five minutes", () =>
    serving((here) =>
      Effect.gen(function* () {
        const code = yield* codeOf(ada, here)
        yield* TestClock.adjust("5 minutes")
        yield* says(ada, `login code ${code}`, failed)
        yield* says(ada, "role", "GUEST")
      })
    )
  )

  it.effect("is not taken from a guest, whatever he has had before", () =>
    serving((here) =>
      Effect.gen(function* () {
        const code = yield* codeOf(ada, here)
        yield* says(ada, "logout", "logged out")
        yield* says(ada, `login code ${code}`, "#Err: no login in progress")
        yield* says(ada, "role", "GUEST")
      })
    )
  )

  it.effect("of another number is wrong", () =>
    serving((here) =>
      Effect.gen(function* () {
        const theirs = yield* codeOf(root, here)
        const own = yield* codeOf(ada, here)
        if (theirs !== own) yield* says(ada, `login code ${theirs}`, failed)
        yield* says(ada, "role", "LOGININPROGRESS")
        yield* says(root, `login code ${theirs}`, "logged in as ADMIN")
      })
    )
  )

  it.effect("locks the account with the fifth failure, for the right code and the right password too", () =>
    serving((here) =>
      Effect.gen(function* () {
        yield* setPassword(ada, "correct horse")
        const first = yield* codeOf(ada, here)
        for (let n = 0; n < 3; n++) yield* says(ada, `login code ${wrong(first)}`, failed)
        yield* says(ada, "login password wrong-horse", failed)
        const second = yield* codeOf(ada, here)
        yield* says(ada, `login code ${wrong(second)}`, failed)
        yield* says(ada, `login code ${second}`, failed)
        yield* says(ada, "login password 'correct horse'", failed)
        yield* says(ada, "role", "LOGININPROGRESS")
        yield* TestClock.adjust("15 minutes")
        yield* says(ada, "login password 'correct horse'", "logged in as USER")
      })
    )
  )
})

describe("login password", () => {
  it.effect("logs in at once, also while a code is on its way", () =>
    serving((here) =>
      Effect.gen(function* () {
        yield* setPassword(ada, "correct horse")
        yield* says(ada, "login password 'correct horse'", "logged in as USER")
        yield* says(ada, "logout", "logged out")
        yield* codeOf(ada, here)
        yield* says(ada, "login password correct\\ horse", "logged in as USER")
        yield* says(ada, "role", "USER")
      })
    )
  )

  it.effect("fails alike for a wrong password, for an account that has none, and for a stranger", () =>
    serving(() =>
      Effect.gen(function* () {
        yield* setPassword(ada, "correct horse")
        for (const number of [ada, root, stranger]) {
          yield* says(number, "login password battery-staple", failed)
          yield* says(number, "role", "GUEST")
        }
      })
    )
  )
})

describe("login", () => {
  it.effect("is answered with what is wrong with its words, none of which it repeats", () =>
    serving(() =>
      Effect.gen(function* () {
        for (const command of [
          "login",
          "login password",
          "login code",
          "login otp now",
          "login mail me",
          "login code 1 2"
        ]) {
          yield* says(ada, command, "#Err: bad number of arguments")
        }
        const output = yield* text(ada, "login hunter2")
        assert.match(output, /^#Err: bad syntax: METHOD: expected /)
        assert.notInclude(output, "hunter2")
        assert.notInclude(yield* text(ada, "login password ''"), "''")
      })
    )
  )

  const Conversation = Arbitrary.array(
    Arbitrary.schema(
      Schema.Literals([
        "login otp",
        "login mail",
        "login code 12345",
        "login code 12345",
        "login password 12345",
        "login",
        "logout",
        "role",
        "help",
        "wait"
      ])
    ),
    { maxLength: 25 }
  )

  it.effect.prop(
    "tells a stranger nothing: each of his texts is answered as one from whoever has an account",
    [Conversation],
    ([conversation]) =>
      serving(({ phones }) =>
        Effect.gen(function* () {
          yield* setPassword(ada, "correct horse")
          for (const command of conversation) {
            if (command === "wait") yield* TestClock.adjust("4 minutes")
            else assert.strictEqual(yield* text(stranger, command), yield* text(ada, command), command)
          }
          assert.deepStrictEqual(phones.of(stranger), [])
        })
      ),
    { arbitrary: { runs: 15 } }
  )

  it.effect("logs who has logged in and who has not, and neither a code nor a password", () =>
    withLogs((logs) =>
      serving((here) =>
        Effect.gen(function* () {
          yield* setPassword(ada, "correct horse")
          yield* says(ada, "login password battery-staple", failed)
          const code = yield* codeOf(ada, here)
          yield* says(ada, `login code ${wrong(code)}`, failed)
          yield* says(ada, `login code ${code}`, "logged in as USER")
          const all = logs.all.join("\n")
          assert.match(all, /a login failed: WrongPassword/)
          assert.match(all, new RegExp(`logged in as USER.*${ada.slice(1)}`))
          assert.notMatch(all, /battery|horse/)
          assert.notInclude(all, code)
        })
      )
    )
  )

  it.effect("ends with the account: whoever loses it is a guest at his next text", () =>
    serving(() =>
      Effect.gen(function* () {
        yield* setPassword(ada, "correct horse")
        yield* says(ada, "login password 'correct horse'", "logged in as USER")
        yield* Accounts.use((accounts) => accounts.remove("sms", ada))
        yield* says(ada, "role", "GUEST")
        yield* says(ada, "login password 'correct horse'", failed)
      })
    )
  )

  it.effect("survives a restart, in the middle and afterwards", () =>
    Effect.gen(function* () {
      const here = yield* world
      yield* TestClock.adjust("1000 days")
      const code = yield* here.started()(Effect.andThen(register(ada), codeOf(ada, here)))
      yield* here.started()(says(ada, `login code ${code}`, "logged in as USER"))
      yield* here.started()(says(ada, "role", "USER"))
    })
  )
})
