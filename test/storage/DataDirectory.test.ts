import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { DataDirectory, lockName } from "../../src/storage/DataDirectory.ts"
import * as TemporaryDirectory from "./TemporaryDirectory.ts"

const holding = <A, E, R>(path: string, effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, DataDirectory.layer(path), { local: true })

/** Another process that holds the directory; it says so, and goes on until it is killed. */
const otherProcess = (path: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const module = new URL("../../src/storage/DataDirectory.ts", import.meta.url).href
      const child = spawn(
        process.execPath,
        [
          "--input-type=module",
          "-e",
          `const { Effect, Layer } = await import("effect")
           const { DataDirectory } = await import(${JSON.stringify(module)})
           setInterval(() => {}, 1000)
           Effect.runFork(Effect.andThen(DataDirectory, Effect.andThen(Effect.sync(() => console.log("held")), Effect.never)).pipe(
             Effect.provide(DataDirectory.layer(${JSON.stringify(path)}))))`
        ],
        { cwd: new URL("../..", import.meta.url), stdio: ["ignore", "pipe", "inherit"] }
      )
      await once(child.stdout, "data")
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

describe("DataDirectory", () => {
  it.effect("is created with its parents, for its owner only", () =>
    Effect.gen(function* () {
      const path = join(yield* TemporaryDirectory.make, "var", "lib")
      const held = yield* holding(path, DataDirectory)
      assert.strictEqual(held.path, path)
      assert.strictEqual(statSync(path).mode & 0o777, 0o750)
      assert.strictEqual(statSync(join(path, "..")).mode & 0o777, 0o750)
      assert.strictEqual(statSync(join(path, lockName)).mode & 0o777, 0o600)
    })
  )

  it.effect("is held by one server at a time, and free again when that one ends", () =>
    Effect.gen(function* () {
      const path = yield* TemporaryDirectory.make
      const second = yield* holding(path, Effect.flip(holding(path, Effect.void)))
      assert.strictEqual(second.reason, "Locked")
      assert.strictEqual(
        second.message,
        `cannot use the data directory ${path}: another process is using it; stop that one, or choose another directory with --data`
      )
      assert.strictEqual(yield* holding(path, Effect.succeed("free")), "free")
    })
  )

  it.live("is refused while another process has it, and free after a kill -9 of that one", () =>
    Effect.gen(function* () {
      const path = yield* TemporaryDirectory.make
      const other = yield* otherProcess(path)
      const refused = yield* Effect.flip(holding(path, Effect.void))
      assert.strictEqual(refused.reason, "Locked")
      const gone = once(other, "exit")
      other.kill("SIGKILL")
      yield* Effect.promise(() => gone)
      assert.strictEqual(yield* holding(path, Effect.succeed("free")), "free")
      assert.isTrue(existsSync(join(path, lockName)))
    })
  )

  it.effect(
    "says in one line that it cannot be made, also where the system denies that its parent exists",
    () =>
      Effect.gen(function* () {
        for (const path of ["/proc/wireline", "/proc/wireline/below"]) {
          const error = yield* Effect.flip(holding(path, Effect.void))
          assert.include(["Missing", "PermissionDenied"], error.reason)
          assert.notInclude(error.message, "\n")
        }
      })
  )

  it.effect("says in one line that a file is in its place, or above it", () =>
    Effect.gen(function* () {
      const file = join(yield* TemporaryDirectory.make, "file")
      writeFileSync(file, "")
      for (const path of [file, join(file, "below")]) {
        const error = yield* Effect.flip(holding(path, Effect.void))
        assert.strictEqual(
          error.message,
          `cannot use the data directory ${path}: a part of the path is not a directory; choose another with --data`
        )
      }
    })
  )
})
