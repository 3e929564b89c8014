/** The commands that ship, save those that log in and remind. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { State } from "../../../../src/protocols/sms/State.ts"
import { ada, everyState, withShell } from "./Shelled.ts"

const callable: Readonly<Record<State, string>> = {
  GUEST: "desc help login role whoami",
  LOGININPROGRESS: "desc help login logout role whoami",
  USER: "desc flush help logout remind role whoami",
  ADMIN: "desc flush help logout remind role sessions stats whoami"
}

describe("help", () => {
  it.effect("names the commands that may be called from here, and each of them may be asked about", () =>
    withShell({}, ({ ask }) =>
      Effect.gen(function* () {
        for (const state of everyState) {
          assert.strictEqual(yield* ask("help", state), callable[state], state)
          for (const name of callable[state].split(" ")) {
            assert.match(yield* ask(`help ${name}`, state), new RegExp(`^${name}(?: |$)`))
            assert.match(yield* ask(`desc ${name}`, state), /^[^#\n]+$/)
          }
        }
        for (const name of ["sessions", "stats", "remind", "flush", "logout"]) {
          assert.strictEqual(yield* ask(`help ${name}`), "#Err: command denied")
          assert.strictEqual(yield* ask(`desc ${name}`), "#Err: command denied")
        }
      })
    )
  )

  it.effect("tells how commands are called, a line each, or what is wrong with the first that is not", () =>
    withShell({}, ({ ask }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("help help"), "help [COMMAND...]")
        assert.strictEqual(yield* ask("help desc whoami"), "desc COMMAND\nwhoami")
        assert.strictEqual(yield* ask("help whoami nothing stats"), "#Err: command not found")
        assert.strictEqual(yield* ask("help whoami stats nothing"), "#Err: command denied")
      })
    )
  )
})

describe("desc, whoami and role", () => {
  it.effect("tell what a command does, the number, and the state", () =>
    withShell({}, ({ ask, shell }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("desc whoami"), "tells your number")
        assert.strictEqual(yield* ask("desc nothing"), "#Err: command not found")
        assert.strictEqual(yield* ask("desc"), "#Err: bad number of arguments")
        assert.strictEqual(yield* ask("desc help help"), "#Err: bad number of arguments")
        assert.strictEqual(yield* ask("whoami"), ada)
        assert.strictEqual(yield* ask("whoami me"), "#Err: bad number of arguments")
        const { output } = yield* shell.execute({ number: "0033 6 12 34 56 78", text: "whoami" })
        assert.strictEqual(output, ada)
        for (const state of everyState) assert.strictEqual(yield* ask("role", state), state)
        assert.strictEqual(yield* ask("role"), "GUEST")
      })
    )
  )
})

describe("sessions", () => {
  it.effect("lists the live sessions with their states and the seconds that are left, to an admin", () =>
    withShell({}, ({ ask, shell }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("sessions", "ADMIN"), "no sessions")
        yield* ask("whoami")
        yield* TestClock.adjust("100 seconds")
        yield* shell.execute({ number: "+33600000000", text: "login otp" })
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(
          yield* ask("sessions", "ADMIN"),
          `+33600000000 LOGININPROGRESS 595\n${ada} GUEST 495`
        )
        yield* TestClock.adjust("500 seconds")
        assert.strictEqual(yield* ask("sessions", "ADMIN"), "+33600000000 LOGININPROGRESS 95")
        for (const state of ["GUEST", "LOGININPROGRESS", "USER"] as const) {
          assert.strictEqual(yield* ask("sessions", state), "#Err: command denied")
        }
      })
    )
  )
})

describe("stats", () => {
  it.effect("counts what was answered since the start, to an admin", () =>
    withShell({}, ({ ask }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("stats", "ADMIN"), "messages 0, errors 0, sessions 0, waiting 0, up 0")
        yield* ask("whoami")
        yield* ask("nothing")
        yield* TestClock.adjust("61 seconds")
        yield* ask("role")
        assert.strictEqual(
          yield* ask("stats", "ADMIN"),
          "messages 4, errors 1, sessions 1, waiting 0, up 1m 1s"
        )
        assert.strictEqual(yield* ask("stats", "USER"), "#Err: command denied")
      })
    )
  )
})

describe("flush", () => {
  it.effect("is for those who are logged in, and everything works after it as before", () =>
    withShell({}, ({ ask }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("flush"), "#Err: command denied")
        for (const state of ["USER", "ADMIN"] as const) {
          assert.strictEqual(yield* ask("flush", state), "OK")
          assert.strictEqual(yield* ask("help", state), callable[state])
        }
      })
    )
  )
})
