/**
 * What a run says: on standard output as it goes, and in the end in a file, `bench/RESULTS.md` when all of it was measured.
 * There the run writes what is above a line; what is below it is written by people, who say what bounds what was not
 * reached.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { machineFacts } from "./proc.ts"

const repository = fileURLToPath(new URL("../..", import.meta.url))

/** Where the results of a whole run are. */
export const whole = join(repository, "bench", "RESULTS.md")

const said: Array<string> = []

/** Says something, a paragraph. */
export const say = (text: string): void => {
  console.log(text)
  said.push(text)
}

const read = (path: string): string => readFileSync(join(repository, path), "utf8")

const versionOf = (packageName: string): string =>
  (JSON.parse(read(`node_modules/${packageName}/package.json`)) as { readonly version: string }).version

const revision = (): string => {
  const git = (...args: ReadonlyArray<string>) =>
    execFileSync("git", ["-C", repository, ...args], { encoding: "utf8" }).trim()
  try {
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain") === "" ? "" : " and changes"}`
  } catch {
    return "no revision"
  }
}

/** What is measured, and with what. */
export const facts = (): string => {
  const { sqlite, v8 } = process.versions
  const { version } = JSON.parse(read("package.json")) as { readonly version: string }
  return [
    machineFacts(),
    `wireline ${version} (${revision()}), effect ${versionOf("effect")}, SQLite ${sqlite ?? "-"}, V8 ${v8}`
  ].join("\n")
}

const line = "<!-- The run writes what is above this line. -->"

/** Writes what was said to a file. */
export const write = (file: string): void => {
  const before = existsSync(file) ? readFileSync(file, "utf8") : line
  const below = before.slice(before.indexOf(line) + line.length)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    `# What \`npm run bench\` measured

Wireline beside servers and loops written by hand, in one run of ${new Date().toISOString().slice(0, 10)}: taking turns, server and client in
processes of their own, medians. A ratio is Wireline's figure divided by the other's.

\`\`\`
${said
  .join("\n")
  .replaceAll(/\n{3,}/g, "\n\n")
  .trim()}
\`\`\`

${line}${below}`
  )
}
