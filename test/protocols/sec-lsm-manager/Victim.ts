/**
 * A process that installs an application and is killed by `kill -9`: at a step of its work, or right after it has said
 * `done`. Arguments: the root directory, the back end (`world` or `smack`), the operation, the step or `done`.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { SecurityModule } from "../../../src/protocols/sec-lsm-manager/SecurityModule.ts"
import * as Demo from "./Demo.ts"
import * as Places from "./Places.ts"
import * as World from "./World.ts"

const [root = "", kind = "world", operation = "install", step = "done"] = process.argv.slice(2)

const die = Effect.sync(() => process.kill(process.pid, "SIGKILL"))

const demo = Demo.describe(root)
const backend = World.interrupted(Places.backend(kind, root), (current, when) =>
  when === "after" && String(current) === step ? Effect.andThen(die, Effect.never) : Effect.void
)

await Effect.runPromise(
  Effect.gen(function* () {
    const module = yield* SecurityModule
    yield* operation === "install" ? module.install(demo.second) : module.uninstall(demo.first)
    yield* Effect.sync(() => process.stdout.write("done"))
    yield* die
  }).pipe(
    Effect.provide(
      SecurityModule.layer({ policies: demo.policies }).pipe(
        Layer.provide(backend),
        Layer.provide(Places.database(root)),
        Layer.provide(NodeServices.layer)
      )
    )
  )
)
