/**
 * Makes one file of the `wireline` command before the tests run: they start it some hundred times, and in one file it
 * begins in a third of the time that Node takes to find and to read some hundred. `Started.ts` starts it.
 */
import { copyFileSync, mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { rolldown } from "rolldown"
import { bundled, repository } from "./Started.ts"

/** What runs by itself, and where it looks for its package and for its workers. */
const programs = { main: "src/main.ts", Worker: "src/protocols/rscp/calculator/Worker.ts" }

export default async (): Promise<void> => {
  const lib = dirname(bundled)
  mkdirSync(lib, { recursive: true })
  copyFileSync(join(repository, "package.json"), join(lib, "../package.json"))
  for (const [name, source] of Object.entries(programs)) {
    const build = await rolldown({ input: join(repository, source), platform: "node" })
    await build.write({ file: join(lib, `${name}.mjs`), format: "esm", codeSplitting: false })
    await build.close()
  }
}
