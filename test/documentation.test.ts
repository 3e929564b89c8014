/** The pages in `docs/` are programs in pieces: they compile, and the tests that they show pass. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { repository, start } from "./support/Started.ts"

const pages = ["library", "recipes"]

const folder = await mkdtemp(join(repository, "test", ".documentation-"))
afterAll(() => rm(folder, { recursive: true, force: true }))

// A page does not use everything that it defines.
const options = {
  extends: "../../tsconfig.json",
  compilerOptions: { noUnusedLocals: false },
  include: ["*.ts"]
}
await writeFile(join(folder, "tsconfig.json"), JSON.stringify(options))
for (const page of pages) {
  const text = await readFile(join(repository, "docs", `${page}.md`), "utf8")
  const program = Array.from(text.matchAll(/^```ts\n([^]*?)^```$/gm), ([, snippet]) => snippet).join("\n")
  await writeFile(join(folder, `${page}.ts`), program.replace('"wireline"', '"../../src/index.ts"'))
}

describe("the documentation", () => {
  it.live("compiles", () =>
    Effect.gen(function* () {
      const tsc = yield* start([join(repository, "node_modules/.bin/tsc"), "-p", folder])
      const { code, stdout } = yield* tsc.exit
      assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: "" })
    })
  )

  for (const page of pages) {
    describe(`shows tests in ${page}.md, which pass`, async () => {
      await import(join(folder, `${page}.ts`))
    })
  }
})
