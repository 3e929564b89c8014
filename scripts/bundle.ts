/**
 * Makes the bundle that the package starts `wireline` from, in `dist/bundle` or the directory given: Node loads it in less
 * than half of the time that it takes to load the modules in it.
 *
 * What the command loads later is in files of its own. Nothing is minified, so that a stack trace can be read; comments
 * are half of the text, and are left out.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type OutputChunk, rolldown } from "rolldown"

const repository = join(import.meta.dirname, "..")
const directory = process.argv[2] ?? join(repository, "dist/bundle")

/** Rarely loaded, and large: they stay where they are installed. */
const external = ["mathjs", "nodemailer"]

const build = await rolldown({
  input: {
    main: join(repository, "src/main.ts"),
    // `Workers.ts` starts it by the name of its file.
    Worker: join(repository, "src/protocols/rscp/calculator/Worker.ts")
  },
  platform: "node",
  external,
  // Where `main.js` is unbundled, from the bundle.
  transform: { define: { UNBUNDLED: '"../main.js"' } },
  checks: { ineffectiveDynamicImport: false },
  onLog: (level, log, report) => report(level === "warn" ? "error" : level, log)
})
const { output } = await build.write({
  dir: directory,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name].js",
  comments: false
})
await build.close()

/** The directories of the packages that are in the bundle. */
const packages = new Set(
  output
    .filter((file): file is OutputChunk => file.type === "chunk")
    .flatMap(({ moduleIds }) => moduleIds)
    .flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? [])
)

// Their licences ask for their text to be wherever a copy of them is.
const licenses = [...packages].toSorted().map((path) => {
  const { name, version } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as {
    readonly name: string
    readonly version: string
  }
  const license = readdirSync(path).find((file) => /^licen[cs]e/i.test(file))
  if (license === undefined) throw new Error(`${name} has no file with its licence`)
  return `${name} ${version}\n\n${readFileSync(join(path, license), "utf8").trim()}\n`
})
writeFileSync(join(directory, "LICENSES"), licenses.join(`\n${"-".repeat(80)}\n\n`))
