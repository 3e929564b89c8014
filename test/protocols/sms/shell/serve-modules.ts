/**
 * Shells whose commands are the modules of directories, for tests that run under another loader than Node's: reads one
 * request a line, `{"directory":"...","text":"..."}`, and answers with what was answered and what was logged.
 */
import { createInterface } from "node:readline"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Context, Effect, Layer, Scope } from "effect"
import { Shell } from "../../../../src/protocols/sms/shell/Shell.ts"
import { withLogs } from "../../../support/Happenings.ts"
import { world } from "../World.ts"

interface Request {
  readonly directory: string
  readonly text: string
}

const serve = withLogs(
  Effect.fnUntraced(function* (logs) {
    const { services } = yield* world
    const scope = yield* Scope.Scope
    const shells = new Map<string, Shell["Service"]>()
    const open = Effect.fnUntraced(function* (directory: string) {
      const layer = Shell.layer({ modules: directory }).pipe(
        Layer.provide(services()),
        Layer.provide(NodeServices.layer)
      )
      const shell = Context.get(yield* Layer.buildWithScope(Layer.fresh(layer), scope), Shell)
      shells.set(directory, shell)
      return shell
    })
    const lines = createInterface(process.stdin)[Symbol.asyncIterator]()
    while (true) {
      const line = yield* Effect.promise(() => lines.next())
      if (line.done === true) return
      const { directory, text } = JSON.parse(line.value) as Request
      const shell = shells.get(directory) ?? (yield* open(directory))
      const { output } = yield* shell.execute({ number: "+33612345678", text, role: "ADMIN" })
      console.log(JSON.stringify({ output, logs: logs.all.splice(0) }))
    }
  })
)

NodeRuntime.runMain(Effect.scoped(serve))
