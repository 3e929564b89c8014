import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as Started from "../../support/Started.ts"

/** Runs `Victim.ts` with these arguments until it is dead; what it printed. */
export const kill = (...args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.gen(function* () {
    const victim = yield* Started.start([process.execPath, Started.bundled("Victim.mjs"), ...args], {
      env: Started.compiling
    })
    const { signal, stderr, stdout } = yield* victim.exit
    assert.deepStrictEqual({ signal, stderr }, { signal: "SIGKILL", stderr: "" })
    return stdout
  }).pipe(Effect.scoped)
