/** The shell: the way of a text, what a command may do wrong, and what a hostile text may not. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Deferred, Effect, Fiber, Metric, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Command from "../../../../src/protocols/sms/shell/Command.ts"
import * as Parameter from "../../../../src/protocols/sms/shell/Parameter.ts"
import { State } from "../../../../src/protocols/sms/State.ts"
import { ada, everyState, withShell } from "./Shelled.ts"

const plain = (name: string, states: ReadonlyArray<State> = everyState) =>
  Command.declare({ name, description: `is ${name}`, states })

const number = (i: number): string => `+336${10_000_000 + i}`

describe("A text", () => {
  const Integer = Schema.FiniteFromString.check(Schema.isInt())
  const picky = Command.declare({
    name: "picky",
    description: "d",
    states: ["USER"],
    parameters: [Parameter.required("N", Integer)],
    configuration: Schema.Struct({ town: Schema.String })
  }).handle(({ configuration, parameters }) => Effect.succeed(`${parameters.N} in ${configuration.town}`))

  it.effect("is refused for the first thing that is wrong with it", () =>
    withShell({ declared: [picky], commands: { picky: { town: 5 } } }, ({ ask }) =>
      Effect.gen(function* () {
        const denied = "#Err: command denied"
        assert.strictEqual(yield* ask("picky 'x"), "#Err: bad syntax: a quote is not closed")
        assert.strictEqual(yield* ask("picky \\"), "#Err: bad syntax: a backslash at the end")
        assert.strictEqual(yield* ask("pickier x y"), "#Err: command not found")
        assert.strictEqual(yield* ask("picky x y", "GUEST"), denied)
        assert.strictEqual(yield* ask("picky x y", "USER"), "#Err: bad number of arguments")
        assert.strictEqual(yield* ask("picky x", "USER"), "#Err: bad syntax: N: expected a finite number")
        assert.strictEqual(yield* ask("picky 1", "USER"), "#Err: command not configured")
      })
    )
  )

  it.effect("runs a command with what the operator has configured", () =>
    withShell({ declared: [picky], commands: { picky: { town: "Brest" } } }, ({ ask, logs }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("picky 1", "USER"), "1 in Brest")
        assert.deepStrictEqual(logs.all, [])
      })
    )
  )

  it.effect("runs a command without a table of its own with what its Schema makes of an empty one", () => {
    const withDefault = Command.declare({
      name: "where",
      description: "d",
      states: everyState,
      configuration: Schema.Struct({
        town: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("Brest")))
      })
    }).handle(({ configuration }) => Effect.succeed(configuration.town))
    return withShell({ declared: [withDefault, picky] }, ({ ask }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("where"), "Brest")
        assert.strictEqual(yield* ask("picky 1", "USER"), "#Err: command not configured")
      })
    )
  })

  it.effect("is answered as ever where a configuration is for no command, which the log tells once", () =>
    withShell({ commands: { whoamy: {}, whoami: {} } }, ({ ask, logs }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("whoami"), ada)
        assert.strictEqual(yield* ask("whoamy"), "#Err: command not found")
        assert.strictEqual(logs.all.length, 1)
        assert.include(logs.all[0], "a command whoamy is configured, and there is none")
      })
    )
  )

  it.effect("may call a command from its states and from no others", () =>
    withShell(
      {
        declared: everyState
          .flatMap((_, i) => everyState.slice(i).map((_, j) => everyState.slice(i, i + j + 1)))
          .map((states) => plain(states.join("_").slice(0, 32), states).handle(() => Effect.succeed("in")))
      },
      ({ ask }) =>
        Effect.gen(function* () {
          for (const from of everyState) {
            const named = (yield* ask("help", from)).split(" ")
            for (let i = 0; i < everyState.length; i++) {
              for (let j = i; j < everyState.length; j++) {
                const states = everyState.slice(i, j + 1)
                const name = states.join("_").slice(0, 32)
                const may = states.includes(from)
                assert.strictEqual(yield* ask(name, from), may ? "in" : "#Err: command denied")
                assert.strictEqual(yield* ask(`help ${name}`, from), may ? name : "#Err: command denied")
                assert.strictEqual(named.includes(name), may)
              }
            }
          }
        })
    )
  )

  it.effect("that names nothing, or what every object has, finds no command", () =>
    withShell({}, ({ ask, logs }) =>
      Effect.gen(function* () {
        const names = [
          "",
          " \t\n ",
          "''",
          "__proto__",
          "constructor",
          "toString",
          "hasOwnProperty",
          "\0",
          "Help"
        ]
        for (const name of [...names, "../help", "help.ts", "x".repeat(65_536), "\ud800"]) {
          assert.strictEqual(yield* ask(name), "#Err: command not found", name.slice(0, 20))
        }
        for (const name of ["__proto__", "toString", "''"]) {
          assert.strictEqual(yield* ask(`desc ${name}`), "#Err: command not found")
          assert.strictEqual(yield* ask(`help help ${name}`), "#Err: command not found")
        }
        assert.deepStrictEqual(logs.all, [])
      })
    )
  )

  it.effect("may be as long as a message, whatever it is made of", () =>
    withShell({}, ({ ask }) =>
      Effect.gen(function* () {
        const long = 65_536
        assert.strictEqual(yield* ask(`whoami${" ".repeat(long)}`), ada)
        assert.strictEqual(yield* ask(`whoami${" x".repeat(long / 2)}`), "#Err: bad number of arguments")
        assert.strictEqual(
          yield* ask(`"${"\\\\".repeat(long / 2)}`),
          "#Err: bad syntax: a quote is not closed"
        )
        assert.strictEqual(yield* ask(`${"''".repeat(long / 2)}whoami`), ada)
        const usages = yield* ask(`help${" help".repeat(long / 5)}`)
        assert.strictEqual(usages.length, Math.floor(long / 5) * "help [COMMAND...]\n".length - 1)
      })
    )
  )

  it.effect("gets an answer, whatever it is, and never for a reason that is the shell's", () =>
    withShell({}, ({ ask, logs }) =>
      Effect.gen(function* () {
        const piece = Schema.Union([
          Schema.Literals(["help", "desc", "whoami", "role", "stats", " ", " ", " ", "'", '"', "\\", "\n"]),
          Schema.String
        ])
        const texts = Arbitrary.schema(Schema.Tuple([Schema.Array(piece), State]))
        for (const [pieces, role] of yield* Arbitrary.sampleEffect(texts, { count: 300 })) {
          assert.notStrictEqual(yield* ask(pieces.join(""), role), "#Err: internal command error")
        }
        assert.deepStrictEqual(logs.all, [])
      })
    )
  )

  it.effect("of one number waits for those before it, and for those of no other number", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const wait = plain("wait").handle(() => Effect.as(Deferred.await(gate), "waited"))
      yield* withShell({ declared: [wait] }, ({ shell }) =>
        Effect.gen(function* () {
          const done: Array<string> = []
          const ask = (from: string, text: string) =>
            Effect.map(shell.execute({ number: from, text }), ({ output }) => void done.push(output))
          const first = yield* Effect.forkChild(ask(ada, "wait"), { startImmediately: true })
          const second = yield* Effect.forkChild(ask(ada, "whoami"), { startImmediately: true })
          yield* Effect.forEach(
            Array.from({ length: 300 }, (_, i) => i),
            (i) => ask(number(i), "whoami"),
            {
              concurrency: "unbounded"
            }
          )
          assert.deepStrictEqual(
            done.toSorted(),
            Array.from({ length: 300 }, (_, i) => number(i))
          )
          yield* Deferred.succeed(gate, undefined)
          yield* Fiber.join(second)
          yield* Fiber.join(first)
          assert.deepStrictEqual(done.slice(300), ["waited", ada])
        })
      )
    })
  )
})

describe("A handler", () => {
  it.effect(
    "that goes wrong in whichever way is an internal error, logged with its name and number, and its text not",
    () =>
      Effect.gen(function* () {
        const text = (value: unknown) => value as string
        const effect = (value: unknown) => value as Effect.Effect<string>
        const told = (name: string) =>
          Command.declare({
            name,
            description: "d",
            states: everyState,
            parameters: [Parameter.repeated("WORD")]
          })
        const wrong = [
          told("dies").handle(() => Effect.die(new Error("out of tide"))),
          told("throws").handle(() => {
            throw new Error("out of tide")
          }),
          told("fails").handle(() => effect(Effect.fail("out of tide"))),
          told("nulls").handle(() => effect(Effect.fail(null))),
          told("interrupts").handle(() => Effect.interrupt),
          told("nothing").handle(() => Effect.succeed(text(undefined))),
          told("number").handle(() => Effect.andThen(Effect.yieldNow, Effect.succeed(text(42)))),
          told("bare").handle(() => effect("no effect")),
          told("promise").handle(() => effect(Promise.resolve("no effect")))
        ]
        yield* withShell({ declared: wrong }, ({ ask, logs }) =>
          Effect.gen(function* () {
            for (const { name } of wrong) {
              logs.all.length = 0
              assert.strictEqual(yield* ask(`${name} hunter2`), "#Err: internal command error", name)
              assert.strictEqual(logs.all.length, 1, name)
              assert.notInclude(logs.all[0], "hunter2")
              assert.include(logs.all[0], `the command ${name} failed`)
              assert.include(logs.all[0], `number=${ada}`)
            }
            assert.strictEqual(yield* ask("whoami"), ada)
          })
        )
      })
  )

  it.effect("fails with the common error, or one that extends it, and its text is answered", () => {
    class NoCredit extends Command.CommandFailed.extend<NoCredit>("NoCredit")({ missing: Schema.Finite }) {}
    const declared = [
      plain("fail").handle(() => Effect.fail(new Command.CommandFailed({ text: "not today" }))),
      plain("pay").handle(() => Effect.fail(new NoCredit({ text: "no credit", missing: 2 })))
    ]
    return withShell({ declared }, ({ ask, logs }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("fail"), "#Err: not today")
        assert.strictEqual(yield* ask("pay"), "#Err: no credit")
        assert.deepStrictEqual(logs.all, [])
      })
    )
  })

  it.effect("that would take the session where it may not go is denied, and the log says where", () => {
    const root = plain("root").handle(({ session }) => Effect.as(session.transition("ADMIN"), "root"))
    return withShell({ declared: [root] }, ({ ask, logs }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("root"), "#Err: command denied")
        assert.strictEqual(yield* ask("role"), "GUEST")
        // The role of a gateway's token is no session that could end.
        assert.strictEqual(yield* ask("logout", "USER"), "#Err: command denied")
        assert.strictEqual(logs.all.length, 2)
        assert.match(logs.all[0]!, /INFO .*the command root: a session cannot go from GUEST to ADMIN/)
      })
    )
  })

  it.effect(
    "that takes too long is interrupted, and an internal error; a command may have its own time",
    () =>
      Effect.gen(function* () {
        const released: Array<string> = []
        const endless = Effect.onInterrupt(Effect.never, () => Effect.sync(() => released.push("released")))
        const patient = Command.declare({
          name: "patient",
          description: "d",
          states: everyState,
          timeout: "1 hour"
        })
        const declared = [plain("endless").handle(() => endless), patient.handle(() => endless)]
        yield* withShell({ declared, timeout: "20 seconds" }, ({ ask, logs }) =>
          Effect.gen(function* () {
            for (const [name, time] of [
              ["endless", "20s"],
              ["patient", "1h"]
            ] as const) {
              const asking = yield* Effect.forkChild(ask(name), { startImmediately: true })
              yield* TestClock.adjust(name === "endless" ? "19 seconds" : "59 minutes")
              assert.isUndefined(asking.pollUnsafe())
              yield* TestClock.adjust("1 minutes")
              assert.strictEqual(yield* Fiber.join(asking), "#Err: internal command error")
              assert.include(logs.all.at(-1), `it took longer than ${time}`)
            }
            assert.deepStrictEqual(released, ["released", "released"])
          })
        )
      })
  )

  it.effect("that does not let itself be interrupted holds up nobody: not its number, not the end", () =>
    Effect.gen(function* () {
      const stubborn = plain("stubborn").handle(() => Effect.uninterruptible(Effect.never))
      const serving = yield* Effect.forkChild(
        withShell({ declared: [stubborn], timeout: "20 seconds" }, ({ ask }) =>
          Effect.gen(function* () {
            const asking = yield* Effect.forkChild(ask("stubborn"), { startImmediately: true })
            yield* TestClock.adjust("20 seconds")
            assert.strictEqual(yield* Fiber.join(asking), "#Err: internal command error")
            assert.strictEqual(yield* ask("whoami"), ada)
          })
        )
      )
      while (serving.pollUnsafe() === undefined) {
        yield* TestClock.adjust("1 seconds")
        yield* Effect.yieldNow
      }
      yield* Fiber.join(serving)
    })
  )

  it.effect("is interrupted when nobody waits for the answer any more", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const wait = plain("wait").handle(() =>
        Effect.andThen(Deferred.succeed(begun, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(ended, undefined))
        )
      )
      yield* withShell({ declared: [wait] }, ({ ask }) =>
        Effect.gen(function* () {
          const asking = yield* Effect.forkChild(ask("wait"))
          yield* Deferred.await(begun)
          yield* Fiber.interrupt(asking)
          yield* Deferred.await(ended)
          assert.strictEqual(yield* ask("whoami"), ada)
        })
      )
    })
  )

  it.effect("has the logger, whose entries say which command it is, and for whom", () =>
    withShell(
      { declared: [plain("logs").handle(() => Effect.as(Effect.logInfo("tide is high"), "OK"))] },
      ({ ask, logs }) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* ask("logs"), "OK")
          assert.strictEqual(logs.count(/INFO .*tide is high.*/), 1)
          assert.match(logs.all[0]!, /command=logs/)
          assert.match(logs.all[0]!, /number=\+33612345678/)
        })
    )
  )
})

describe("The storage of a session", () => {
  const keeper = (name: string) =>
    Command.declare({
      name,
      description: "d",
      states: everyState,
      parameters: [Parameter.optional("VALUE")],
      storage: { it: Schema.Struct({ said: Schema.String, at: Schema.DateTimeUtcFromString }) }
    })
  const keeping = (name: string) =>
    keeper(name).handle(
      Effect.fnUntraced(function* ({ parameters: { VALUE }, session }) {
        if (VALUE === "-") yield* session.delete("it")
        else if (VALUE !== undefined) {
          yield* session.set("it", {
            said: VALUE,
            at: Schema.decodeSync(Schema.DateTimeUtcFromString)("2026-01-01")
          })
        }
        const it = yield* session.get("it")
        return it === undefined ? "nothing" : `${it.said} ${it.at.epochMilliseconds}`
      })
    )

  it.effect("is each command's own, and each number's", () =>
    withShell({ declared: [keeping("a"), keeping("b"), keeping("a-it")] }, ({ ask, shell }) =>
      Effect.gen(function* () {
        const newYear = 1_767_225_600_000
        assert.strictEqual(yield* ask("a one"), `one ${newYear}`)
        assert.strictEqual(yield* ask("a"), `one ${newYear}`)
        assert.strictEqual(yield* ask("b"), "nothing")
        assert.strictEqual(yield* ask("a-it"), "nothing")
        assert.strictEqual(yield* ask("b two"), `two ${newYear}`)
        assert.strictEqual(yield* ask("a"), `one ${newYear}`)
        const { output } = yield* shell.execute({ number: number(1), text: "a" })
        assert.strictEqual(output, "nothing")
        assert.strictEqual(yield* ask("a -"), "nothing")
        assert.strictEqual(yield* ask("b"), `two ${newYear}`)
      })
    )
  )

  it.effect("tells a value that is too long in so many words", () =>
    withShell({ declared: [keeping("a")] }, ({ ask }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask(`a ${"x".repeat(5000)}`), "#Err: value too long for session storage")
      })
    )
  )

  it.effect(
    "is out of reach under keys that a command has not declared, also for one that is not typed",
    () => {
      const sly = plain("sly").handle(({ session }) => {
        const { get } = session as unknown as { get: (key: string) => Effect.Effect<string> }
        return get("it")
      })
      return withShell({ declared: [keeping("a"), sly] }, ({ ask, logs }) =>
        Effect.gen(function* () {
          yield* ask("a secret")
          assert.strictEqual(yield* ask("sly"), "#Err: internal command error")
          assert.match(logs.all.join(), /the command sly declares no it in its storage/)
        })
      )
    }
  )

  it.effect("has nothing where what was kept is of another Schema now, and the log says so", () => {
    const other = Command.declare({
      name: "a",
      description: "d",
      states: everyState,
      storage: { it: Schema.Finite }
    }).handle(({ session }) => Effect.map(session.get("it"), String))
    let now = keeping("a")
    const changing = { ...now, build: Effect.suspend(() => now.build) }
    return withShell({ declared: [changing] }, ({ ask, logs }) =>
      Effect.gen(function* () {
        yield* ask("a secret")
        now = other
        yield* ask("flush", "ADMIN")
        assert.strictEqual(yield* ask("a"), "undefined")
        assert.match(logs.all.join(), /what a kept as it is not of its Schema any more/)
        assert.notInclude(logs.all.join(), "secret")
      })
    )
  })
})

describe("A command", () => {
  /** A command whose build counts, and waits for its gate. */
  const counted = Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const building = yield* Deferred.make<void>()
    const events: Array<string> = []
    const command = plain("slow").handle(
      Effect.gen(function* () {
        yield* Effect.acquireRelease(
          Effect.sync(() => void events.push("built")),
          () => Effect.sync(() => void events.push("released"))
        )
        yield* Deferred.succeed(building, undefined)
        yield* Deferred.await(gate)
        return () => Effect.andThen(Effect.yieldNow, Effect.succeed("ready"))
      })
    )
    return { command, events, gate, building }
  })

  it.effect("is built once for all who ask for it at the same time, and released with the shell", () =>
    Effect.gen(function* () {
      const { command, events, gate } = yield* counted
      yield* withShell({ declared: [command] }, ({ shell }) =>
        Effect.gen(function* () {
          const asking = yield* Effect.forkChild(
            Effect.forEach(
              Array.from({ length: 50 }, (_, i) => number(i)),
              (number) => Effect.map(shell.execute({ number, text: "slow" }), ({ output }) => output),
              { concurrency: "unbounded" }
            ),
            { startImmediately: true }
          )
          yield* Deferred.succeed(gate, undefined)
          assert.deepStrictEqual(new Set(yield* Fiber.join(asking)), new Set(["ready"]))
          assert.deepStrictEqual(events, ["built"])
        })
      )
      assert.deepStrictEqual(events, ["built", "released"])
    })
  )

  it.effect("whose loading was interrupted is not broken: the next who asks has it loaded again", () =>
    Effect.gen(function* () {
      const { building, command, events, gate } = yield* counted
      yield* withShell({ declared: [command] }, ({ ask, logs }) =>
        Effect.gen(function* () {
          const asking = yield* Effect.forkChild(ask("slow"))
          yield* Deferred.await(building)
          yield* Fiber.interrupt(asking)
          assert.deepStrictEqual(events, ["built", "released"])
          yield* Deferred.succeed(gate, undefined)
          assert.strictEqual(yield* ask("slow"), "ready")
          assert.deepStrictEqual(logs.all, [])
        })
      )
    })
  )

  it.effect(
    "that takes too long to be loaded is broken until a flush, and holds on to nothing meanwhile",
    () =>
      Effect.gen(function* () {
        const { command, events, gate } = yield* counted
        yield* withShell({ declared: [command], loadTimeout: "5 seconds" }, ({ ask, logs, shell }) =>
          Effect.gen(function* () {
            const asking = yield* Effect.forkChild(shell.execute({ number: ada, text: "slow" }), {
              startImmediately: true
            })
            yield* TestClock.adjust("5 seconds")
            const broken = { output: "#Err: internal command error", isError: true, command: "slow" }
            assert.deepStrictEqual(yield* Fiber.join(asking), broken)
            assert.deepStrictEqual(events, ["built", "released"])
            assert.match(logs.all[0]!, /the command slow cannot be loaded/)
            yield* Deferred.succeed(gate, undefined)
            assert.deepStrictEqual(yield* shell.execute({ number: ada, text: "slow" }), broken)
            assert.strictEqual(yield* ask("flush", "USER"), "OK")
            assert.strictEqual(yield* ask("slow"), "ready")
          })
        )
      })
  )

  it.effect("that is running when it is flushed is released when it has ended, and not before", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const gate = yield* Deferred.make<void>()
      const running = yield* Deferred.make<void>()
      let builds = 0
      const command = plain("open").handle(
        Effect.gen(function* () {
          const build = ++builds
          yield* Effect.addFinalizer(() => Effect.sync(() => void events.push(`closed ${build}`)))
          return () =>
            Effect.gen(function* () {
              yield* Deferred.succeed(running, undefined)
              if (build === 1) yield* Deferred.await(gate)
              events.push(`answered ${build}`)
              return `open ${build}`
            })
        })
      )
      yield* withShell({ declared: [command] }, ({ ask, shell }) =>
        Effect.gen(function* () {
          const first = yield* Effect.forkChild(ask("open"))
          yield* Deferred.await(running)
          const flushed = yield* shell.execute({ number: number(1), text: "flush", role: "USER" })
          assert.strictEqual(flushed.output, "OK")
          assert.strictEqual((yield* shell.execute({ number: number(2), text: "open" })).output, "open 2")
          assert.deepStrictEqual(events, ["answered 2"])
          yield* Deferred.succeed(gate, undefined)
          assert.strictEqual(yield* Fiber.join(first), "open 1")
          assert.deepStrictEqual(events, ["answered 2", "answered 1", "closed 1"])
        })
      )
    })
  )

  it.effect("is counted, with its outcome, under its name; what names none under none", () =>
    withShell({ declared: [plain("ok").handle(() => Effect.succeed("OK"))] }, ({ ask }) =>
      Effect.gen(function* () {
        yield* ask("ok")
        yield* ask("ok")
        yield* ask("ok too many")
        yield* ask("no such")
        yield* ask("'")
        const counted = (yield* Metric.snapshot)
          .filter(({ id }) => id === "wireline_sms_commands_total")
          .map(({ attributes, state }) => [attributes, state])
        assert.sameDeepMembers(counted, [
          [
            { command: "ok", outcome: "ok" },
            { count: 2, incremental: true }
          ],
          [
            { command: "ok", outcome: "error" },
            { count: 1, incremental: true }
          ],
          [
            { command: "none", outcome: "error" },
            { count: 2, incremental: true }
          ]
        ])
      })
    ).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})
