import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import type { Application } from "../../../src/protocols/sec-lsm-manager/Application.ts"
import { Backend } from "../../../src/protocols/sec-lsm-manager/Backend.ts"
import * as Record from "../../../src/protocols/sec-lsm-manager/Record.ts"
import { SecurityModule } from "../../../src/protocols/sec-lsm-manager/SecurityModule.ts"
import * as Sqlite from "../../../src/storage/Sqlite.ts"
import * as TemporaryDirectory from "../../storage/TemporaryDirectory.ts"
import * as Demo from "./Demo.ts"
import * as World from "./World.ts"

const database = Sqlite.layer({ filename: ":memory:" })

/** Runs a test with the back end `record`, a demo application and its own directory. */
const recording = <A, E>(
  program: (demo: Demo.Demo) => Effect.Effect<A, E, SecurityModule | SqlClient.SqlClient>,
  template?: string
) =>
  Effect.gen(function* () {
    const demo = Demo.make(yield* TemporaryDirectory.make)
    return yield* Effect.provide(
      program(demo),
      SecurityModule.layerRecord({ policies: demo.policies, template }).pipe(Layer.provideMerge(database)),
      { local: true }
    )
  })

const install = (application: Application) => SecurityModule.use((module) => module.install(application))
const uninstall = (application: Application) => SecurityModule.use((module) => module.uninstall(application))

const host = (id: string, permissions: ReadonlyArray<string> = []): Application => ({
  id,
  paths: [],
  permissions,
  plugs: []
})

describe("SecurityModule, recording", () => {
  it.effect("installs labels, links, grants, the policy and the moment", () =>
    recording((demo) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_700_000_000_123)
        const { path, plugDirectory } = demo
        const paths = demo.first.paths.filter(({ type }) => type !== "http")
        yield* install({ ...demo.first, paths })
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql`SELECT * FROM lsm_application`.values, [
          ["demo-1", 1_700_000_000_123]
        ])
        const tables = yield* World.tables
        assert.deepStrictEqual(tables.grant, [
          ["App:demo-1", "urn:one"],
          ["App:demo-1", Demo.partner("host-1")],
          ["App:demo-1", Demo.partner("host-2")]
        ])
        assert.deepStrictEqual(tables.link, [
          [join(plugDirectory("host-1"), "demo-1"), path("exp"), "App:demo-1", "demo-1"],
          [join(plugDirectory("host-2"), "demo-1"), path("exp"), "App:demo-1", "demo-1"]
        ])
        assert.deepStrictEqual(tables.label, [
          [path("conf"), "security.SMACK64", "App:demo-1:Conf", "demo-1"],
          [path("data"), "security.SMACK64", "App:demo-1:Data", "demo-1"],
          [path("data"), "security.SMACK64TRANSMUTE", "TRUE", "demo-1"],
          [path("plain"), "security.SMACK64", "App:demo-1:Lib", "demo-1"],
          [path("program"), "security.SMACK64", "App:demo-1:Exec", "demo-1"],
          [path("program"), "security.SMACK64EXEC", "App:demo-1", "demo-1"]
        ])
        assert.deepStrictEqual(tables.pending, [])
        const policy = readFileSync(join(demo.policies, "demo-1.smack"), "utf8").split("\n")
        assert.strictEqual(policy.length, 10 + 1 + 2 * 6 + 1)
        assert.strictEqual(policy[10], "App:demo-1 App:demo-1:Plug rx")
      })
    )
  )

  it.effect("touches nothing of the application", () =>
    recording((demo) =>
      Effect.gen(function* () {
        yield* install(demo.first)
        assert.deepStrictEqual(World.contents(demo.plugDirectory("host-1")), {})
      })
    )
  )

  it.effect("uninstalls everything it has installed, and once more without complaint", () =>
    recording((demo) =>
      Effect.gen(function* () {
        yield* install(host("other", ["urn:kept"]))
        const before = yield* World.tables
        const policies = World.contents(demo.policies)
        yield* install(demo.first)
        // A session that does not name the plugs: their links are on record.
        yield* uninstall({ ...demo.first, plugs: [], permissions: [] })
        assert.deepStrictEqual(yield* World.tables, before)
        assert.deepStrictEqual(World.contents(demo.policies), policies)
        yield* uninstall(demo.first)
        assert.deepStrictEqual(yield* World.tables, before)
      })
    )
  )

  it.effect("replaces policy, grants and the labels of the paths named when an id is installed again", () =>
    recording((demo) =>
      Effect.gen(function* () {
        const { path } = demo
        yield* install(demo.first)
        yield* install(demo.second)
        const tables = yield* World.tables
        assert.deepStrictEqual(tables.grant, [
          ["App:demo-1", Demo.partner("host-1")],
          ["App:demo-1", "urn:two"]
        ])
        const labelsOf = (name: string) =>
          tables.label.filter((row) => row[0] === path(name)).map((row) => row[2])
        assert.deepStrictEqual(labelsOf("program"), [])
        assert.deepStrictEqual(labelsOf("conf"), ["App:demo-1:Exec"])
        assert.deepStrictEqual(labelsOf("data"), ["System:Shared", "TRUE"])
        assert.deepStrictEqual(labelsOf("plain"), ["App:demo-1:Lib"])
        assert.deepStrictEqual(
          tables.link.map((row) => row[1]),
          [path("exp2"), path("exp")]
        )
      })
    )
  )

  it.effect("takes the labels off default paths when there is no id, and does nothing else", () =>
    recording((demo) =>
      Effect.gen(function* () {
        yield* install(demo.first)
        const before = yield* World.tables
        yield* install({
          id: undefined,
          paths: [{ path: demo.path("conf"), type: "default" }],
          permissions: [],
          plugs: []
        })
        const after = yield* World.tables
        assert.deepStrictEqual(after, {
          ...before,
          label: before.label.filter((row) => row[0] !== demo.path("conf"))
        })
        yield* uninstall({
          id: undefined,
          paths: [{ path: demo.path("data"), type: "default" }],
          permissions: [],
          plugs: []
        })
        assert.isFalse((yield* World.tables).label.some((row) => row[0] === demo.path("data")))
      })
    )
  )

  it.effect("forbids a plug into a closed application to those who are not its partners", () =>
    recording((demo) =>
      Effect.gen(function* () {
        const before = yield* World.tables
        for (const permissions of [
          [],
          [Demo.partner("host-1")],
          [Demo.partner("host-1"), Demo.open("host-2")]
        ]) {
          const error = yield* Effect.flip(install({ ...demo.first, permissions }))
          assert.strictEqual(error._tag, "Forbidden")
          assert.include(
            error.message,
            permissions.length === 0 ? Demo.partner("host-1") : Demo.partner("host-2")
          )
        }
        assert.deepStrictEqual(yield* World.tables, before)
        assert.deepStrictEqual(World.contents(demo.policies), {})
      })
    )
  )

  it.effect("asks for the public permission to plug into an application that is open to the public", () =>
    recording((demo) =>
      Effect.gen(function* () {
        yield* install(host("host-1", ["urn:redpesk:permission::public:plugs"]))
        const forbidden = yield* Effect.flip(install(demo.first))
        assert.strictEqual(forbidden._tag, "Forbidden")
        assert.include(forbidden.message, Demo.open("host-1"))
        yield* install({ ...demo.first, permissions: [Demo.open("host-1"), Demo.partner("host-2")] })
        // Closed again, it asks for the other one.
        yield* install(host("host-1"))
        yield* install(demo.first)
      })
    )
  )

  it.effect("refuses a path that is gone and a link where there is something else, changing nothing", () =>
    recording((demo) =>
      Effect.gen(function* () {
        yield* install(host("other"))
        const before = yield* World.tables
        const gone = yield* Effect.flip(
          install({ ...demo.first, paths: [{ path: demo.path("gone"), type: "conf" }] })
        )
        assert.strictEqual(gone.message, `cannot label ${demo.path("gone")}: no such file or directory`)
        const occupied = join(demo.plugDirectory("host-2"), "demo-1")
        mkdirSync(occupied)
        const taken = yield* Effect.flip(install(demo.first))
        assert.strictEqual(
          taken.message,
          `cannot link ${occupied} to ${demo.path("exp")}: something that is not a symbolic link is already there`
        )
        assert.deepStrictEqual(yield* World.tables, before)
        assert.deepStrictEqual(Object.keys(World.contents(demo.policies)), ["other.smack"])
      })
    )
  )

  it.effect("uses the template it is given", () =>
    recording(
      (demo) =>
        Effect.gen(function* () {
          yield* install({ ...demo.first, plugs: [] })
          assert.deepStrictEqual(World.contents(demo.policies), { "demo-1.smack": "System App:demo-1 rw\n" })
        }),
      "System App:{{id}} rw\n"
    )
  )

  it.effect("is not built with a template that cannot be read, nor where the policies cannot be", () =>
    Effect.gen(function* () {
      const root = yield* TemporaryDirectory.make
      const failureOf = (options: { readonly policies: string; readonly template?: string }) =>
        Effect.flip(
          Effect.provide(Effect.void, SecurityModule.layerRecord(options).pipe(Layer.provide(database)))
        )
      const broken = yield* failureOf({ policies: root, template: "{{#never closed" })
      assert.include(broken.message, "cannot read the policy template: ")
      writeFileSync(join(root, "file"), "")
      const policies = join(root, "file", "policies")
      assert.include(
        (yield* failureOf({ policies })).message,
        `cannot create the policy directory ${policies}: `
      )
    })
  )

  it.effect("does one thing at a time, and finishes what it has begun when the client hangs up", () =>
    Effect.gen(function* () {
      const demo = Demo.make(yield* TemporaryDirectory.make)
      let inside = 0
      const busy: Array<number> = []
      const slow = Layer.effect(
        Backend,
        Effect.map(Backend, (inner) => ({
          ...inner,
          flush: () =>
            Effect.gen(function* () {
              busy.push(++inside)
              for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
              inside--
            })
        }))
      ).pipe(Layer.provide(Record.layer))
      yield* Effect.gen(function* () {
        const fibers = yield* Effect.forEach(["aa", "bb", "cc", "dd"], (id) =>
          Effect.forkChild(install(host(id)), { startImmediately: true })
        )
        while (busy.length === 0) yield* Effect.promise(() => setImmediate())
        yield* Fiber.interruptAll(fibers)
        assert.deepStrictEqual(busy, [1])
        assert.deepStrictEqual((yield* World.tables).application, [["aa"]])
        yield* Effect.forEach(["bb", "cc"], (id) => install(host(id)), { concurrency: "unbounded" })
        assert.deepStrictEqual(busy, [1, 1, 1])
      }).pipe(
        Effect.provide(
          SecurityModule.layer({ policies: demo.policies }).pipe(
            Layer.provide(slow),
            Layer.provideMerge(database)
          ),
          { local: true }
        )
      )
    })
  )
})
