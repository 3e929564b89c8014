/**
 * Programs of tests that are started a hundred times: in one file they begin in a fifth of the time that Node takes to
 * find and to read some hundred.
 */
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { rolldown } from "rolldown"
import { temporaryDirectory } from "./Directory.ts"

/** Makes one file of a program and all that it imports, for as long as the scope lives; returns its path. */
export const bundle = (program: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory
    const file = join(directory, "program.mjs")
    yield* Effect.promise(async () => {
      const build = await rolldown({ input: program, platform: "node" })
      await build.write({ file, format: "esm", codeSplitting: false, minify: true })
      await build.close()
    })
    return file
  })
