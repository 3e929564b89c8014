import { renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Logger, References, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Backend } from "../../../src/protocols/sec-lsm-manager/Backend.ts"
import { SecurityModule } from "../../../src/protocols/sec-lsm-manager/SecurityModule.ts"
import { SecurityError } from "../../../src/protocols/sec-lsm-manager/SecurityError.ts"
import * as TemporaryDirectory from "../../storage/TemporaryDirectory.ts"
import * as Demo from "./Demo.ts"
import { kill } from "./Killing.ts"
import * as Places from "./Places.ts"
import * as World from "./World.ts"

const logged = (lines: Array<string>) =>
  Effect.provide(
    Layer.merge(
      Logger.layer([
        Logger.make(({ logLevel, message }) => {
          lines.push(`${logLevel}: ${[message].flat().map(String).join(" ")}`)
        })
      ]),
      Layer.succeed(References.MinimumLogLevel, "Warn")
    )
  )

const quiet = logged([])

/** A root with the first version of the demo installed, over files that carried labels already. */
const prepare = Effect.gen(function* () {
  const root = yield* TemporaryDirectory.make
  const demo = Demo.make(root)
  const foreign = World.layer(root)
  yield* Effect.provide(
    Backend.use((backend) =>
      Effect.andThen(
        backend.writeAttribute("security.SMACK64", "_", [demo.path("exp2"), demo.path("conf")]),
        backend.writeAttribute("security.SMACK64TRANSMUTE", "\u00ff\u0000", [demo.path("exp2")])
      )
    ),
    foreign
  )
  yield* SecurityModule.use((module) => module.install(demo.first)).pipe(
    Places.using(root, World.layer(root))
  )
  return { root, demo }
})

const snapshot = (root: string) => {
  const demo = Demo.describe(root)
  return World.tables.pipe(
    Effect.map((tables) => ({
      tables,
      kernel: World.kernel(root),
      policies: World.contents(demo.policies),
      hosts: ["host-1", "host-2"].map((host) => World.contents(demo.plugDirectory(host)))
    })),
    Effect.provide(Places.database(root), { local: true })
  )
}

const operations = {
  install: (demo: Demo.Demo) => SecurityModule.use((module) => module.install(demo.second)),
  uninstall: (demo: Demo.Demo) => SecurityModule.use((module) => module.uninstall(demo.first))
}

const Name = Schema.Literals(["install", "uninstall"])

/** Fails at step after step until the operation goes through; how many steps that took. */
const failEverywhere = Effect.fnUntraced(function* (
  operation: typeof Name.Type,
  when: "before" | "after",
  failure: (step: number) => Effect.Effect<never, SecurityError>
) {
  const { demo, root } = yield* prepare
  const before = yield* snapshot(root)
  for (let step = 1; ; step++) {
    const backend = World.interrupted(World.layer(root), (current, moment) =>
      current === step && moment === when ? failure(step) : Effect.void
    )
    const exit = yield* Effect.exit(operations[operation](demo)).pipe(Places.using(root, backend), quiet)
    if (Exit.isSuccess(exit)) {
      assert.notDeepEqual(yield* snapshot(root), before)
      return step - 1
    }
    assert.include(Cause.pretty(exit.cause), `step ${step}`)
    assert.deepStrictEqual(yield* snapshot(root), before)
  }
})

describe("UndoLog", () => {
  for (const operation of Name.literals) {
    for (const when of ["before", "after"] as const) {
      it.effect(`leaves everything as it was when an ${operation} fails ${when} any step`, () =>
        Effect.gen(function* () {
          const steps = yield* failEverywhere(operation, when, (step) =>
            Effect.fail(new SecurityError({ action: "go on", detail: `step ${step}` }))
          )
          assert.isAtLeast(steps, 6)
        })
      )
    }

    it.effect(`leaves everything as it was when an ${operation} dies of a defect at any step`, () =>
      Effect.gen(function* () {
        assert.isAtLeast(yield* failEverywhere(operation, "after", (step) => Effect.die(`step ${step}`)), 6)
      })
    )
  }

  it.effect("leaves everything as it was when the commit fails", () =>
    Effect.gen(function* () {
      const { demo, root } = yield* prepare
      const forbid = (sql: SqlClient.SqlClient) =>
        sql`CREATE TRIGGER no BEFORE INSERT ON lsm_grant BEGIN SELECT RAISE(ABORT, 'no grants today'); END`
      yield* SqlClient.SqlClient.use(forbid).pipe(Effect.provide(Places.database(root), { local: true }))
      const before = yield* snapshot(root)
      const error = yield* Effect.flip(operations.install(demo)).pipe(
        Places.using(root, World.layer(root)),
        quiet
      )
      assert.strictEqual(error.message, "cannot commit the install of demo-1: no grants today")
      assert.deepStrictEqual(yield* snapshot(root), before)
    })
  )

  for (const operation of Name.literals) {
    it.live(
      `undoes an ${operation} that kill -9 has cut short, when the next server starts`,
      () =>
        Effect.gen(function* () {
          const steps = yield* failEverywhere(operation, "after", (step) => Effect.die(`step ${step}`))
          yield* Effect.forEach(
            // Each step costs a process; in between, all of them have failed in the tests above.
            [2, steps - 2, steps],
            (step) =>
              Effect.gen(function* () {
                const { root } = yield* prepare
                const before = yield* snapshot(root)
                assert.strictEqual(yield* kill(root, "world", operation, String(step)), "")
                const halfway = yield* snapshot(root)
                assert.notDeepEqual(halfway.tables.pending, [])
                assert.deepStrictEqual({ ...halfway.tables, pending: [] }, before.tables)
                const lines: Array<string> = []
                yield* Effect.void.pipe(Places.using(root, World.layer(root)), logged(lines))
                assert.deepStrictEqual(yield* snapshot(root), before)
                assert.deepStrictEqual(lines, [
                  `Warn: the ${operation} of demo-1 was interrupted and is undone`
                ])
              }),
            { concurrency: 4 }
          )
        }),
      20_000
    )

    it.live(`keeps an ${operation} that has answered, whatever happens to the server then`, () =>
      Effect.gen(function* () {
        const reference = yield* prepare
        yield* operations[operation](reference.demo).pipe(
          Places.using(reference.root, World.layer(reference.root))
        )
        const { root } = yield* prepare
        assert.strictEqual(yield* kill(root, "world", operation, "done"), "done")
        const lines: Array<string> = []
        yield* Effect.void.pipe(Places.using(root, World.layer(root)), logged(lines))
        const expected = JSON.stringify(yield* snapshot(reference.root)).replaceAll(reference.root, root)
        assert.strictEqual(JSON.stringify(yield* snapshot(root)), expected)
        assert.deepStrictEqual(lines, [])
      })
    )
  }

  it.effect("takes what has vanished meanwhile for restored", () =>
    Effect.gen(function* () {
      const { demo, root } = yield* prepare
      const before = yield* snapshot(root)
      const vanish = World.interrupted(World.layer(root), (step, when) =>
        step === 5 && when === "after"
          ? Effect.suspend(() => {
              rmSync(demo.path("conf"))
              rmSync(demo.plugDirectory("host-1"), { recursive: true })
              return Effect.fail(new SecurityError({ action: "go on", detail: "the disk is going" }))
            })
          : Effect.void
      )
      yield* Effect.flip(operations.install(demo)).pipe(Places.using(root, vanish), quiet)
      const after = yield* Effect.provide(World.tables, Places.database(root), { local: true })
      assert.deepStrictEqual(after, before.tables)
      assert.strictEqual(
        World.kernel(root).attributes[demo.path("data")]?.["security.SMACK64"],
        "App:demo-1:Data"
      )
    })
  )

  it.effect("refuses to go on while something cannot be restored, and restores it as soon as it can", () =>
    Effect.gen(function* () {
      const { demo, root } = yield* prepare
      const before = yield* snapshot(root)
      let broken = true
      const backend = World.interrupted(World.layer(root), (step, when) =>
        broken && step >= 3 && when === "before"
          ? Effect.fail(new SecurityError({ action: "write", detail: "read-only file system" }))
          : Effect.void
      )
      const lines: Array<string> = []
      yield* Effect.gen(function* () {
        yield* Effect.flip(operations.install(demo))
        const refused = yield* Effect.flip(operations.uninstall(demo))
        const message =
          "cannot undo the install of demo-1 entirely, and nothing is installed or uninstalled until that succeeds: cannot write: read-only file system"
        assert.strictEqual(refused.message, message)
        assert.deepStrictEqual(lines, [`Error: ${message}`])
        broken = false
        yield* operations.uninstall(demo)
        assert.deepStrictEqual(lines.slice(1), ["Warn: the install of demo-1 is undone at last"])
      }).pipe(Places.using(root, backend), logged(lines))
      const after = yield* snapshot(root)
      assert.deepStrictEqual(after.tables.application, [])
      assert.notDeepEqual(after, before)
    })
  )

  it.effect("leaves alone what another back end has to undo", () =>
    Effect.gen(function* () {
      const { root } = yield* prepare
      yield* kill(root, "world", "install", "2")
      const before = yield* snapshot(root)
      const other = Layer.effect(
        Backend,
        Effect.map(Backend, (inner) => ({ ...inner, name: "other" }))
      ).pipe(Layer.provide(World.layer(root)))
      yield* Effect.void.pipe(Places.using(root, other))
      assert.deepStrictEqual(yield* snapshot(root), before)
    })
  )

  it.effect("leaves everything as it was when the policy directory is moved away meanwhile", () =>
    Effect.gen(function* () {
      const { demo, root } = yield* prepare
      const before = yield* snapshot(root)
      const moving = World.interrupted(World.layer(root), (step, when) =>
        step === 4 && when === "after"
          ? Effect.sync(() => renameSync(demo.policies, join(root, "elsewhere")))
          : Effect.void
      )
      yield* Effect.flip(operations.install(demo)).pipe(Places.using(root, moving), quiet)
      renameSync(join(root, "elsewhere"), demo.policies)
      assert.deepStrictEqual(yield* snapshot(root), before)
    })
  )
})
