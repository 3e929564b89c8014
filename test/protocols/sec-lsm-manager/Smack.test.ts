import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, PlatformError } from "effect"
import { ChildProcessSpawner } from "effect/process"
import * as ExtendedAttributes from "../../../src/protocols/sec-lsm-manager/ExtendedAttributes.ts"
import * as Policy from "../../../src/protocols/sec-lsm-manager/Policy.ts"
import { SecurityError } from "../../../src/protocols/sec-lsm-manager/SecurityError.ts"
import { SecurityModule } from "../../../src/protocols/sec-lsm-manager/SecurityModule.ts"
import * as Smack from "../../../src/protocols/sec-lsm-manager/Smack.ts"
import * as Sqlite from "../../../src/storage/Sqlite.ts"
import * as TemporaryDirectory from "../../storage/TemporaryDirectory.ts"
import * as Demo from "./Demo.ts"
import { kill } from "./Killing.ts"
import { attribute, attributes, dump, obstacle } from "./OnDisk.ts"
import * as Places from "./Places.ts"
import * as World from "./World.ts"

if (obstacle !== undefined) console.log(`skipping the tests that label files: ${obstacle}`)

/** The rules that the kernel would hold after all that was written to `load2`. */
const kernelRules = (root: string): Record<string, string> => {
  const rules: Record<string, string> = {}
  for (const { access, object, subject } of Policy.rules(
    readFileSync(join(Places.smackfs(root), "load2"), "utf8")
  )) {
    if (access === "-") delete rules[`${subject} ${object}`]
    else rules[`${subject} ${object}`] = access
  }
  return rules
}

const rulesOf = (text: string) =>
  Object.fromEntries(Policy.rules(text).map((rule) => [`${rule.subject} ${rule.object}`, rule.access]))

const install = (demo: Demo.Demo, version: "first" | "second" = "first") =>
  SecurityModule.use((module) => module.install(demo[version]))
const uninstall = (demo: Demo.Demo) => SecurityModule.use((module) => module.uninstall(demo.first))

const prepare = Effect.gen(function* () {
  const root = yield* TemporaryDirectory.make
  const demo = Demo.make(root)
  writeFileSync(join(Places.smackfs(root), "load2"), "")
  return { root, demo, labelling: Places.using(root, Places.backend("smack", root)) }
})

const snapshot = (root: string) => {
  const demo = Demo.describe(root)
  const links = ["host-1", "host-2"].map((host) => join(demo.plugDirectory(host), "demo-1"))
  const names = ["conf", "plain", "program", "data", "exp", "exp2", ...Demo.oddNames]
  return Effect.map(Effect.provide(World.tables, Places.database(root), { local: true }), (tables) => ({
    tables,
    attributes: dump([...names.map((name) => demo.path(name)), ...links]),
    policies: World.contents(demo.policies),
    hosts: ["host-1", "host-2"].map((host) => World.contents(demo.plugDirectory(host))),
    rules: kernelRules(root)
  }))
}

const silent = Effect.provide(Logger.layer([]))

describe.skipIf(obstacle !== undefined)(
  `Smack${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`,
  () => {
    it.effect(
      "labels files, directories and links of any name, loads the rules, and takes all of it away again",
      () =>
        Effect.gen(function* () {
          const { demo, labelling, root } = yield* prepare
          // Labelling a link must not label what it leads to.
          symlinkSync(demo.path("plain"), demo.path("link"))
          const first = {
            ...demo.first,
            paths: [...demo.first.paths, { path: demo.path("link"), type: "icon" as const }]
          }
          yield* SecurityModule.use((module) => module.install(first)).pipe(labelling)
          assert.deepStrictEqual(attributes(demo.path("conf")), { "security.SMACK64": "App:demo-1:Conf" })
          assert.deepStrictEqual(attributes(demo.path("data")), {
            "security.SMACK64": "App:demo-1:Data",
            "security.SMACK64TRANSMUTE": "TRUE"
          })
          assert.deepStrictEqual(attributes(demo.path("program")), {
            "security.SMACK64": "App:demo-1:Exec",
            "security.SMACK64EXEC": "App:demo-1"
          })
          assert.deepStrictEqual(attributes(demo.path("plain")), { "security.SMACK64": "App:demo-1:Lib" })
          assert.deepStrictEqual(attributes(demo.path("link")), { "security.SMACK64": "App:demo-1:Icon" })
          for (const name of Demo.oddNames) {
            assert.deepStrictEqual(attributes(demo.path(name)), { "security.SMACK64": "App:demo-1:Http" })
          }
          for (const host of ["host-1", "host-2"]) {
            const link = join(demo.plugDirectory(host), "demo-1")
            assert.strictEqual(readlinkSync(link), demo.path("exp"))
            assert.deepStrictEqual(attributes(link), { "security.SMACK64": "App:demo-1" })
          }
          assert.deepStrictEqual(attributes(demo.path("exp")), {})
          const policy = readFileSync(join(demo.policies, "demo-1.smack"), "utf8")
          assert.strictEqual(readFileSync(join(Places.smackfs(root), "load2"), "utf8"), policy)

          yield* SecurityModule.use((module) => module.uninstall({ ...first, plugs: [] })).pipe(labelling)
          const after = yield* snapshot(root)
          assert.deepStrictEqual(after.rules, {})
          assert.deepStrictEqual(after.policies, {})
          assert.deepStrictEqual(after.hosts, [{}, {}])
          assert.strictEqual(after.attributes, "")
          assert.deepStrictEqual(attributes(demo.path("link")), {})
          assert.isTrue(Object.values(after.tables).every((rows) => rows.length === 0))
        })
    )

    it.effect("unloads the rules that a new version no longer has, and moves its links", () =>
      Effect.gen(function* () {
        const { demo, labelling, root } = yield* prepare
        yield* install(demo).pipe(labelling)
        yield* install(demo, "second").pipe(labelling)
        const policy = readFileSync(join(demo.policies, "demo-1.smack"), "utf8")
        assert.deepStrictEqual(kernelRules(root), rulesOf(policy))
        assert.notInclude(policy, "host-2")
        const link = join(demo.plugDirectory("host-1"), "demo-1")
        assert.strictEqual(readlinkSync(link), demo.path("exp2"))
        assert.deepStrictEqual(attributes(link), { "security.SMACK64": "App:demo-1" })
        assert.deepStrictEqual(attributes(demo.path("program")), {})
        assert.deepStrictEqual(attributes(demo.path("conf")), { "security.SMACK64": "App:demo-1:Exec" })
      })
    )

    it.effect("labels a thousand files with a handful of programs", () =>
      Effect.gen(function* () {
        const { demo, root } = yield* prepare
        let spawned = 0
        const counting = Layer.effect(
          ChildProcessSpawner.ChildProcessSpawner,
          Effect.map(ChildProcessSpawner.ChildProcessSpawner, (inner) =>
            ChildProcessSpawner.make((command) => {
              spawned++
              return inner.spawn(command)
            })
          )
        ).pipe(Layer.provide(NodeServices.layer))
        const paths = Array.from({ length: 1000 }, (_, index) =>
          demo.path(`${"long-name-".repeat(10)}${index}`)
        )
        for (const path of paths) writeFileSync(path, "")
        const types = ["conf", "lib", "http"] as const
        yield* SecurityModule.use((module) =>
          module.install({
            id: "big-one",
            paths: paths.map((path, index) => ({ path, type: types[index % 3]! })),
            permissions: [],
            plugs: []
          })
        ).pipe(Places.using(root, Smack.layer().pipe(Layer.provide(counting))))
        assert.isBelow(spawned, 15)
        assert.strictEqual(attribute(paths[0]!, "security.SMACK64"), "App:big-one:Conf")
        assert.strictEqual(attribute(paths[999]!, "security.SMACK64"), "App:big-one:Conf")
        assert.strictEqual(attribute(paths[998]!, "security.SMACK64"), "App:big-one:Http")
      })
    )

    for (const operation of ["install", "uninstall"] as const) {
      it.effect(`leaves every byte as it was when an ${operation} fails half-way`, () =>
        Effect.gen(function* () {
          const { demo, labelling, root } = yield* prepare
          execFileSync("setfattr", ["-n", "security.SMACK64EXEC", "-v", "0x00ff0a", demo.path("exp2")])
          execFileSync("setfattr", ["-n", "security.SMACK64", "-v", "0x5f", demo.path("conf")])
          yield* install(demo).pipe(labelling)
          execFileSync("setfattr", [
            "-h",
            "-n",
            "security.SMACK64",
            "-v",
            "0x00fe",
            join(demo.plugDirectory("host-1"), "demo-1")
          ])
          const before = yield* snapshot(root)
          const smack = Layer.succeedContext(yield* Layer.build(Places.backend("smack", root)))
          let step = -1
          for (;;) {
            step += 2
            const backend = World.interrupted(smack, World.failAt(step, "after"))
            const exit = yield* Effect.exit(
              operation === "install" ? install(demo, "second") : uninstall(demo)
            ).pipe(Places.using(root, backend), silent)
            if (Exit.isSuccess(exit)) break
            assert.deepStrictEqual(yield* snapshot(root), before)
          }
          assert.isAbove(step, 6)
        })
      )
    }

    it.live("undoes an install that kill -9 has cut short, when the next server starts", () =>
      Effect.gen(function* () {
        const { demo, labelling, root } = yield* prepare
        yield* install(demo).pipe(labelling)
        const before = yield* snapshot(root)
        yield* kill(root, "smack", "install", "8")
        assert.notDeepEqual((yield* snapshot(root)).tables.pending, [])
        yield* Effect.void.pipe(labelling, silent)
        assert.deepStrictEqual(yield* snapshot(root), before)
      })
    )

    it.effect("leaves what is in the place of a link alone, and fails", () =>
      Effect.gen(function* () {
        const { demo, labelling } = yield* prepare
        const occupied = join(demo.plugDirectory("host-2"), "demo-1")
        writeFileSync(occupied, "precious")
        const error = yield* Effect.flip(install(demo)).pipe(labelling)
        assert.include(error.message, `cannot link ${occupied} to `)
        assert.strictEqual(readFileSync(occupied, "utf8"), "precious")
        yield* uninstall(demo).pipe(labelling)
        assert.strictEqual(readFileSync(occupied, "utf8"), "precious")
        assert.deepStrictEqual(attributes(demo.path("conf")), {})
      })
    )

    it.effect("fails in one line, undone, when a file vanishes while it is being labelled", () =>
      Effect.gen(function* () {
        const { demo, root } = yield* prepare
        const vanishing = World.interrupted(Places.backend("smack", root), (step, when) =>
          step === 1 && when === "before" ? Effect.sync(() => rmSync(demo.path("plain"))) : Effect.void
        )
        const error = yield* Effect.flip(install(demo)).pipe(Places.using(root, vanishing), silent)
        assert.match(error.message, /^cannot set security\.SMACK64 on .*plain: .*No such file or directory$/)
        assert.deepStrictEqual(attributes(demo.path("conf")), {})
        assert.deepStrictEqual(World.contents(demo.policies), {})
      })
    )

    it.effect(
      "takes an attribute that is not there for removed, and a file that is not there for a failure",
      () =>
        Effect.gen(function* () {
          const { demo } = yield* prepare
          const paths = Demo.oddNames.map((name) => demo.path(name))
          yield* ExtendedAttributes.set("security.SMACK64", "App:x", paths.slice(0, 3))
          yield* ExtendedAttributes.remove("security.SMACK64", paths)
          assert.strictEqual(dump(paths), "")
          const gone = demo.path("gone: No such attribute")
          const error = yield* Effect.flip(ExtendedAttributes.remove("security.SMACK64", [...paths, gone]))
          assert.match(
            error.message,
            /^cannot remove security\.SMACK64 from 11 files: .*No such file or directory$/
          )
        }).pipe(Effect.provide(NodeServices.layer))
    )

    it.effect("writes the policy and loads nothing where smackfs is not mounted", () =>
      Effect.gen(function* () {
        const { demo, labelling, root } = yield* prepare
        rmSync(join(Places.smackfs(root), "load2"))
        yield* install(demo).pipe(labelling)
        assert.deepStrictEqual(World.contents(Places.smackfs(root)), {})
        assert.deepStrictEqual(Object.keys(World.contents(demo.policies)), ["demo-1.smack"])
      })
    )
  }
)

describe("Smack where it cannot work", () => {
  it.effect("says which program is missing and what to install", () =>
    Effect.gen(function* () {
      const root = yield* TemporaryDirectory.make
      mkdirSync(join(root, "policies"))
      const nothing = Layer.succeed(
        ChildProcessSpawner.ChildProcessSpawner,
        ChildProcessSpawner.make(() =>
          Effect.fail(
            PlatformError.systemError({ _tag: "NotFound", module: "ChildProcess", method: "spawn" })
          )
        )
      )
      const error = yield* Effect.flip(
        Effect.provide(
          Effect.void,
          SecurityModule.layerSmack({ policies: join(root, "policies") }).pipe(
            Layer.provide(Sqlite.layer({ filename: ":memory:" })),
            Layer.provide(nothing)
          )
        )
      )
      assert.instanceOf(error, SecurityError)
      assert.strictEqual(
        error.message,
        "cannot label files: the program setfattr is missing; install the package attr"
      )
    })
  )

  it("needs CAP_SYS_ADMIN or CAP_MAC_ADMIN", () => {
    const status = (capabilities: string) =>
      `Name:\tnode\nCapInh:\tffffffffffffffff\nCapEff:\t${capabilities}\n`
    assert.isTrue(Smack.mayLabel(status("000001ffffffffff")))
    assert.isTrue(Smack.mayLabel(status("0000000000200000")))
    assert.isTrue(Smack.mayLabel(status("0000000200000000")))
    assert.isFalse(Smack.mayLabel(status("0000000000000000")))
    assert.isFalse(Smack.mayLabel(status("000001fdffdfffff")))
    assert.isFalse(Smack.mayLabel("nothing of the sort"))
  })
})
