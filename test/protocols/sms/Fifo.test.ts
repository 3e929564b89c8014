/** Messages from a FIFO, with real FIFOs and writers that come and go. */
import { execFileSync } from "node:child_process"
import { statSync, writeFileSync } from "node:fs"
import { open as openFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import * as Fifo from "../../../src/protocols/sms/Fifo.ts"
import { Gateway } from "../../../src/protocols/sms/Gateway.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { Happenings } from "../../support/Happenings.ts"
import { message } from "../../support/ServedSms.ts"
import { turn } from "../../support/Time.ts"

const platform = NodeChildProcessSpawner.layer.pipe(
  Layer.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer))
)

/** Reads the FIFO, with a gateway that notes what it gets, and waits at `wait` until `open` is run. */
const reading = (path: string) =>
  Effect.gen(function* () {
    const happenings = new Happenings()
    const gate = yield* Deferred.make<void>()
    const gateway = Layer.succeed(Gateway, {
      receive: ({ sms_number, sms_text }) =>
        Effect.gen(function* () {
          happenings.note(`${sms_number} ${sms_text}`)
          if (sms_text === "die") return yield* Effect.die(new Error("the gateway is broken"))
          if (sms_text === "wait") yield* Deferred.await(gate)
          happenings.note(`done ${sms_text}`)
          return { _tag: "Answer", received_length: 0, output: "", chain: [] }
        })
    })
    const scope = yield* Scope.fork(yield* Effect.scope)
    yield* Layer.buildWithScope(Layer.provide(Fifo.layer(path), [gateway, platform]), scope)
    return { happenings, open: Deferred.succeed(gate, undefined), stop: Scope.close(scope, Exit.void) }
  })

/** Writes as `echo` does: opens, writes, closes; in another thread, for more than a pipe holds waits for its reader. */
const write = (path: string, text: string) => Effect.promise(() => writeFile(path, text, { flag: "a" }))

const inDirectory = Effect.map(temporaryDirectory, (directory) => join(directory, "fifo"))

describe("A FIFO", () => {
  it.live("is made for owner and group where it is missing, and removed at the end", () =>
    Effect.gen(function* () {
      const path = yield* inDirectory
      const { stop } = yield* reading(path)
      assert.isTrue(statSync(path).isFIFO())
      assert.strictEqual(statSync(path).mode & 0o777, 0o660)
      yield* stop
      assert.isUndefined(statSync(path, { throwIfNoEntry: false }))
    })
  )

  it.live("that is there is read, from where writers have left it, and stays", () =>
    Effect.gen(function* () {
      const path = yield* inDirectory
      execFileSync("mkfifo", [path])
      const { happenings, stop } = yield* reading(path)
      yield* write(path, message("one"))
      yield* happenings.until("done one")
      yield* stop
      assert.isTrue(statSync(path).isFIFO())
    })
  )

  it.live("has messages of writers that come and go, and of one that writes a piece at a time", () =>
    Effect.gen(function* () {
      const path = yield* inDirectory
      const { happenings } = yield* reading(path)
      for (const text of ["one", "two", "three"]) {
        yield* write(path, message(text))
        yield* happenings.until(`done ${text}`)
      }
      yield* write(path, `${message("four")}${message("five", { sms_number: "€" })}\n\n${message("six")}\n`)
      yield* happenings.until("done six")
      assert.strictEqual(happenings.count("€ five"), 1)
      yield* Effect.promise(async () => {
        await using writer = await openFile(path, "a")
        for (const byte of Buffer.from(message("é}"))) await writer.write(Uint8Array.of(byte))
      })
      yield* happenings.until("done é}")
    })
  )

  it.live("skips what is no message, and goes on when a message cannot be executed", () =>
    Effect.gen(function* () {
      const path = yield* inDirectory
      const { happenings } = yield* reading(path)
      yield* write(
        path,
        `hello\n{"sms_text":"x"}${message("die")}{"x":"${"x".repeat(70_000)}"}${message("after all")}`
      )
      yield* happenings.until("done after all")
    })
  )

  it.live("drops what a writer has left incomplete when it is the last to go", () =>
    Effect.gen(function* () {
      const path = yield* inDirectory
      const { happenings } = yield* reading(path)
      yield* write(path, `${message("one")}{"sms_number":"1","sms_text":"unfin`)
      yield* happenings.until("done one")
      // A writer that is there before the end of the last one was seen goes on where that left off.
      while (happenings.count("done two") === 0) {
        yield* write(path, `${message("two")}\n`)
        for (let i = 0; i < 20; i++) yield* turn
      }
    })
  )

  it.live("has its messages executed side by side, and lets those that have begun finish at the end", () =>
    Effect.gen(function* () {
      const path = yield* inDirectory
      const { happenings, open, stop } = yield* reading(path)
      yield* write(path, `${message("wait")}${message("meanwhile")}`)
      yield* happenings.until("done meanwhile")
      assert.strictEqual(happenings.count("done wait"), 0)
      const stopping = yield* Effect.forkChild(stop, { startImmediately: true })
      yield* write(path, message("too late"))
      yield* open
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(happenings.all, [
        "+33612345678 wait",
        "+33612345678 meanwhile",
        "done meanwhile",
        "done wait"
      ])
    })
  )

  it.live("that is none is left alone, and so is a place that there is not", () =>
    Effect.gen(function* () {
      const path = yield* inDirectory
      writeFileSync(path, "a file")
      for (const [at, why] of [
        [path, "it is no FIFO"],
        [join(path, "below"), "mkfifo"],
        [`${path}-not-there/fifo`, "mkfifo"]
      ] as const) {
        const exit = yield* Effect.exit(reading(at))
        assert.isTrue(Exit.isFailure(exit))
        assert.include(String(Exit.isFailure(exit) ? exit.cause : ""), why)
      }
    })
  )
})
