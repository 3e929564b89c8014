/** Commands that are programs of the host, with real processes. */
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Program } from "../../../../src/protocols/sms/Configuration.ts"
import { temporaryDirectory } from "../../../support/Directory.ts"
import { turn } from "../../../support/Time.ts"
import { ada, withShell } from "./Shelled.ts"

type Declared = (typeof Program)["Encoded"]

const program = (declared: Partial<Declared>): Declared => ({
  name: "p",
  description: "a program",
  program: "/bin/sh",
  states: ["GUEST"],
  ...declared
})

/** A program that is a script of the shell; its parameters are `$1` and so on. */
const script = (source: string, declared: Partial<Declared> = {}): Declared =>
  program({ ...declared, arguments: ["-c", source, "p", ...(declared.arguments ?? [])] })

/** Prints each of its arguments in brackets. */
const show = 'for word; do printf "[%s]" "$word"; done'

/** Waits for a file, and returns what is in it. */
const fileOf = (path: string): Effect.Effect<string> =>
  Effect.gen(function* () {
    while (!existsSync(path) || !readFileSync(path, "utf8").endsWith("\n")) yield* turn
    return readFileSync(path, "utf8").trim()
  })

const isAlive = (pid: string): boolean => {
  try {
    process.kill(Number(pid), 0)
    // One that has ended, and that nobody has asked about yet, does nothing any more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

const gone = (pid: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (isAlive(pid)) yield* turn
  })

describe.concurrent("A program", () => {
  it.live("is answered with what it writes, trimmed, or OK where that is nothing", () =>
    withShell(
      {
        programs: [
          script("echo; echo ' two'; echo lines", { name: "talk" }),
          script("true", { name: "quiet" })
        ]
      },
      ({ ask }) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* ask("talk"), "two\nlines")
          assert.strictEqual(yield* ask("quiet"), "OK")
        })
    )
  )

  it.live("gets the values in its arguments as they are, and no shell sees them", () =>
    withShell(
      {
        programs: [
          script(show, {
            name: "one",
            parameters: [{ name: "A" }, { name: "B", optional: true }],
            arguments: ["--a={1}", "{2}", "x{2}y{1}", "end"]
          }),
          script(show, {
            name: "all",
            parameters: [{ name: "A" }, { name: "REST", repeated: true, optional: true }],
            arguments: ["{*}", "{1}"]
          })
        ]
      },
      ({ ask }) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* ask("one a b"), "[--a=a][b][xbya][end]")
          assert.strictEqual(yield* ask("one a"), "[--a=a][end]")
          const nasty = "$(id);`id`|&>x *~ {2} \\n"
          assert.strictEqual(yield* ask(`one '${nasty}'`), `[--a=${nasty}][end]`)
          assert.strictEqual(yield* ask(`one "it's" '"'`), `[--a=it's]["][x"yit's][end]`)
          assert.strictEqual(yield* ask("one ''"), "[--a=][end]")
          assert.strictEqual(yield* ask("all a"), "[a]")
          assert.strictEqual(yield* ask("all a b 'c d' ''"), "[b][c d][][a]")
          assert.strictEqual(yield* ask("one"), "#Err: bad number of arguments")
          assert.strictEqual(yield* ask("one a b c"), "#Err: bad number of arguments")
          assert.strictEqual(yield* ask("help one all"), "one A [B]\nall A [REST...]")
        })
    )
  )

  it.live("has values that match all of their patterns, do not look like options, and are not endless", () =>
    withShell(
      {
        programs: [
          script(show, { name: "any", parameters: [{ name: "A" }], arguments: ["{1}"] }),
          script(show, {
            name: "room",
            parameters: [{ name: "A", pattern: "hall|attic" }],
            arguments: ["{1}"]
          }),
          script(show, { name: "sum", parameters: [{ name: "A", pattern: "^-?\\d+$" }], arguments: ["{1}"] })
        ]
      },
      ({ ask }) =>
        Effect.gen(function* () {
          const bad = (reason: string) => `#Err: bad syntax: A: expected ${reason}`
          assert.strictEqual(yield* ask("room hall"), "[hall]")
          assert.strictEqual(yield* ask("room hallway"), bad("hall|attic"))
          assert.strictEqual(yield* ask("room 'the attic'"), bad("hall|attic"))
          assert.strictEqual(yield* ask("room 'hall\n'"), bad("hall|attic"))
          assert.strictEqual(yield* ask("any -rf"), bad("no dash at the beginning"))
          assert.strictEqual(yield* ask("any '-'"), bad("no dash at the beginning"))
          assert.strictEqual(yield* ask("sum -5"), "[-5]")
          assert.strictEqual(yield* ask("sum --5"), bad("^-?\\d+$"))
          assert.strictEqual(yield* ask("any a\0b"), bad("no NUL"))
          assert.strictEqual(yield* ask(`any ${"x".repeat(1000)}`), `[${"x".repeat(999)}…`)
          assert.strictEqual(yield* ask(`any ${"x".repeat(1001)}`), bad("1000 characters at most"))
        })
    )
  )

  it.live("has the environment that is declared and no other, no input, and / as its directory", () =>
    withShell(
      {
        programs: [
          program({ name: "env", program: "/usr/bin/env", environment: { TOWN: "Brest", EMPTY: "" } }),
          script("cat; pwd; echo end", { name: "read", environment: { PATH: "/usr/bin:/bin" } })
        ]
      },
      ({ ask }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual((yield* ask("env")).split("\n").toSorted(), ["EMPTY=", "TOWN=Brest"])
          assert.strictEqual(yield* ask("read"), "/\nend")
        })
    )
  )

  it.live("that fails is an error: the last line of what it says about it, or its status", () =>
    withShell(
      {
        programs: [
          script("echo no; echo first >&2; echo ' the tank is empty ' >&2; exit 3", { name: "says" }),
          script("echo no; exit 3", { name: "silent" }),
          script("kill -9 $$", { name: "killed" }),
          script(`printf '%0400d' 0 >&2; exit 1`, { name: "long" }),
          program({ name: "missing", program: "/no/such/program" }),
          program({ name: "folder", program: "/" })
        ]
      },
      ({ ask, logs }) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* ask("says"), "#Err: the tank is empty")
          assert.strictEqual(yield* ask("silent"), "#Err: exit status 3")
          assert.strictEqual(yield* ask("killed"), "#Err: ended by a signal")
          assert.strictEqual(yield* ask("long"), `#Err: ${"0".repeat(160)}`)
          assert.deepStrictEqual(logs.all, [])
          assert.strictEqual(yield* ask("missing"), "#Err: internal command error")
          assert.match(logs.all[0]!, /the command missing failed.*ENOENT/)
          assert.strictEqual(yield* ask("folder"), "#Err: internal command error")
        })
    )
  )

  it.live("has the beginning of its output answered, whole characters of it, readable ones", () =>
    withShell(
      {
        programs: [
          script("printf 'ééééé'", { name: "cut", max_output: 5 }),
          script("printf 'éé'", { name: "whole", max_output: 4 }),
          script("printf 'a\\377b\\000c\\033[31md\\r\\ne\\007\\t.'", { name: "odd" }),
          script("yes | head -c 8000000; exit 0", { name: "much", environment: { PATH: "/usr/bin:/bin" } }),
          script("yes", { name: "endless", environment: { PATH: "/usr/bin:/bin" } })
        ]
      },
      ({ ask }) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* ask("cut"), "éé…")
          assert.strictEqual(yield* ask("whole"), "éé")
          assert.strictEqual(yield* ask("odd"), "a\ufffdbcd\ne\t.")
          assert.strictEqual(yield* ask("much"), `${"y\n".repeat(500).trim()}…`)
          assert.strictEqual(yield* ask("endless"), "#Err: too much output")
        })
    )
  )

  it.live("that takes too long is ended, with all that it has started, also where they take no hint", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const pids = join(directory, "pids")
      const stubborn = `trap '' TERM; sleep 300 & echo $$ $! >${pids}; wait; sleep 300`
      yield* withShell(
        { programs: [script(stubborn, { timeout: "1s", environment: { PATH: "/usr/bin:/bin" } })] },
        ({ ask }) =>
          Effect.gen(function* () {
            assert.strictEqual(yield* ask("p"), "#Err: no answer in 1s")
            const [leader, child] = (yield* fileOf(pids)).split(" ")
            assert.isFalse(isAlive(leader!))
            assert.isFalse(isAlive(child!))
          })
      )
    })
  )

  it.live("is ended with the server that runs it, and when nobody waits for it any more", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const pid = join(directory, "pid")
      const long = script(`sleep 300 & echo $! >${pid}; wait`, { environment: { PATH: "/usr/bin:/bin" } })
      yield* withShell({ programs: [long] }, ({ ask }) =>
        Effect.gen(function* () {
          const asking = yield* Effect.forkChild(ask("p"), { startImmediately: true })
          const first = yield* fileOf(pid)
          assert.isTrue(isAlive(first))
          yield* Fiber.interrupt(asking)
          yield* gone(first)
          rmSync(pid)
          yield* Effect.forkDetach(ask("p"), { startImmediately: true })
          yield* fileOf(pid)
        })
      )
      assert.isFalse(isAlive(yield* fileOf(pid)))
    })
  )

  it.live("that leaves something running is answered, and what it left is ended", () =>
    Effect.gen(function* () {
      const pid = join(yield* temporaryDirectory, "pid")
      const leaving = script(`sleep 300 & echo $! >${pid}; echo done`, {
        environment: { PATH: "/usr/bin:/bin" }
      })
      yield* withShell({ programs: [leaving] }, ({ ask }) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* ask("p"), "done")
          assert.isFalse(isAlive(yield* fileOf(pid)))
        })
      )
    })
  )

  it.live("runs beside 15 others at most; who waits longer than it may take is told to come again", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const counted = script(
        `mkdir ${directory}/$$; ls ${directory} | wc -l; sleep 0.1; rmdir ${directory}/$$`,
        { name: "count", environment: { PATH: "/usr/bin:/bin" }, timeout: "30s" }
      )
      const pids = join(directory, "slow")
      const slow = script(`echo >>${pids}; exec sleep 300`, {
        name: "slow",
        timeout: "60s",
        environment: { PATH: "/usr/bin:/bin" }
      })
      yield* withShell(
        { programs: [counted, slow, script("true", { name: "quick", timeout: "1s" })] },
        ({ shell }) =>
          Effect.gen(function* () {
            const many = (text: string, count: number) =>
              Effect.forEach(
                Array.from({ length: count }, (_, i) => `+336${10_000_000 + i}`),
                (number) => Effect.map(shell.execute({ number, text }), ({ output }) => output),
                { concurrency: "unbounded" }
              )
            const beside = (yield* many("count", 40)).map(Number)
            assert.isAtMost(Math.max(...beside), 16)
            assert.isAbove(Math.max(...beside), 1)
            yield* Effect.forkChild(many("slow", 16))
            while (!existsSync(pids) || readFileSync(pids).length < 16) yield* turn
            const { output } = yield* shell.execute({ number: ada, text: "quick" })
            assert.strictEqual(output, "#Err: busy, try again later")
          })
      )
    })
  )

  it.live("may be called from its states only", () =>
    withShell({ programs: [script("echo in", { states: ["USER", "ADMIN"] })] }, ({ ask, shell }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ask("p", "USER"), "in")
        assert.strictEqual(yield* ask("p", "GUEST"), "#Err: command denied")
        assert.notInclude((yield* ask("help")).split(" "), "p")
        assert.deepStrictEqual(yield* shell.execute({ number: ada, text: "p" }), {
          output: "#Err: command denied",
          isError: true,
          command: "p"
        })
      })
    )
  )
})

describe("A program that is badly declared", () => {
  const refused: ReadonlyArray<readonly [string, ReadonlyArray<Partial<Declared>>, string]> = [
    ["twice", [{}, {}], "two programs are called p"],
    [
      "with a parameter that there is not",
      [{ arguments: ["{1}"] }],
      "the program p: there is no parameter {1}"
    ],
    [
      "with all of what is not repeated",
      [{ arguments: ["{*}"], parameters: [{ name: "A" }] }],
      "the program p: {*} needs a parameter that is repeated"
    ],
    [
      "with all of it within an argument",
      [{ arguments: ["x{*}"], parameters: [{ name: "A", repeated: true }] }],
      "the program p: {*} must be an argument of its own"
    ],
    [
      "with one of what is repeated",
      [{ arguments: ["{1}"], parameters: [{ name: "A", repeated: true }] }],
      "the program p: A is repeated: it is {*}, not {1}"
    ],
    [
      "with parameters out of order",
      [{ parameters: [{ name: "A", optional: true }, { name: "B" }] }],
      "the command p: required parameters come first, then optional ones, then one repeated"
    ]
  ]
  for (const [how, declared, reason] of refused) {
    it.effect(`${how} is refused before anything is served`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(withShell({ programs: declared.map(program) }, () => Effect.void))
        assert.propertyVal(error, "message", reason)
      })
    )
  }
})
