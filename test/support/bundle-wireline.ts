/**
 * Makes one file of the `wireline` command before the tests run, and a few of the other programs that they start: they
 * do so some hundred times, and so each begins in a third of the time that Node takes to find and to read some hundred.
 * `Started.ts` starts them.
 */
import { copyFileSync, mkdirSync } from "node:fs"
import { extname, join } from "node:path"
import { rolldown } from "rolldown"
import { bundled, bundles, repository } from "./Started.ts"

/**
 * The command, in two files that find each other, and what has the name of its file. As CommonJS the command begins
 * sooner, for an ES module that imports `node:http` loads its `fetch`, too.
 */
const programs = {
  "main.cjs": "src/main.ts",
  "Worker.cjs": "src/protocols/rscp/calculator/Worker.ts",
  "load-store.mjs": "test/protocols/exon/load-store.ts",
  "serve-exon.mjs": "test/protocols/exon/serve-exon.ts",
  "serve-probe.mjs": "test/support/serve-probe.ts",
  "Victim.mjs": "test/protocols/sec-lsm-manager/Victim.ts"
}

export default async (): Promise<void> => {
  mkdirSync(bundles, { recursive: true })
  // The command finds its package above it.
  copyFileSync(join(repository, "package.json"), join(bundles, "../package.json"))
  for (const [name, source] of Object.entries(programs)) {
    const format = extname(name) === ".cjs" ? "cjs" : "esm"
    const build = await rolldown({ input: join(repository, source), platform: "node" })
    await build.write({ file: bundled(name), format, codeSplitting: false, minify: true })
    await build.close()
  }
}
