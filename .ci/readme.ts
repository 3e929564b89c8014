/**
 * Pastes what the README shows into a shell, in its order and as it stands, and compares what comes of it with what the
 * README says: `node .ci/readme.ts CHECKOUT PROJECT DATA`. Sessions run in the checkout; programs, and the sessions with
 * them, in a project that the package is installed in. `DATA` is the directory that `/tmp/w` stands for.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Readable } from "node:stream"

const [checkout, project, data] = process.argv.slice(2) as [string, string, string]

/** What the caller has done, to have the checkout and the project. */
const done = /^npm (ci|init)/

/** What needs a modem; a test of the SMS shell has it in a folder. */
const needsModem = /gammu-smsd/

/** What goes on until another server takes its place. */
const serves = /^(npm start|node tally\.ts)/

/** How long anything may take, in milliseconds. */
const patience = 30_000

const blocks = Array.from(
  readFileSync(join(checkout, "README.md"), "utf8").matchAll(/^```(\w*)\n([^]*?)^```$/gm),
  ([, language, text]) => ({ language: language!, text: text!.replaceAll(/\/tmp\/w\b/g, data) })
)

/** The time of day is not the README's, nor are empty lines, and what npm says that it runs. */
const comparable = (text: string): string =>
  text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b1\d{9}\b/g, "now").replaceAll(/^(> .*)?\n/gm, "")

const compare = (command: string, shown: string, said: string): void => {
  if (comparable(shown) !== comparable(said)) {
    throw new Error(`${command}\nsays\n${said}\nand the README shows\n${shown}`)
  }
}

interface Running {
  readonly child: ChildProcessByStdio<null, Readable, null>
  readonly ended: Promise<unknown>
  readonly said: () => string
}

const groups = new Set<number>()
process.once("exit", () => groups.forEach((group) => process.kill(-group, "SIGKILL")))

/** What a shell makes of a text, in a process group of its own. */
const start = (command: string, cwd: string): Running => {
  const child = spawn("bash", ["-euo", "pipefail", "-c", command], {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "inherit"]
  })
  const group = child.pid!
  groups.add(group)
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text))
  return { child, ended: once(child, "close").then(() => groups.delete(group)), said: () => said }
}

/** Waits for something of it, and ends all of the group where that is long in coming. */
const inTime = async ({ child }: Running, something: Promise<unknown>): Promise<void> => {
  const late = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), patience)
  await something
  clearTimeout(late)
}

let server: Running | undefined

const stop = async (): Promise<void> => {
  if (server === undefined) return
  server.child.kill("SIGTERM")
  await inTime(server, server.ended)
  server = undefined
}

/** Starts a server, and waits until it has said what it is to say. */
const serve = async (command: string, shown: string, cwd: string): Promise<void> => {
  await stop()
  server = start(`exec ${command}`, cwd)
  const { child, ended, said } = server
  const isUp = async () => {
    while (child.exitCode === null && child.signalCode === null && comparable(said()) !== comparable(shown)) {
      await Promise.race([once(child.stdout, "data"), ended])
    }
  }
  await inTime(server, isUp())
  compare(command, shown, said())
}

/** Runs a session to its end, which is to be a good one. */
const run = async (command: string, shown: string | undefined, cwd: string): Promise<void> => {
  const session = start(command, cwd)
  const { child, ended, said } = session
  await inTime(session, ended)
  if (child.exitCode !== 0) throw new Error(`ended with ${child.exitCode ?? child.signalCode}\n${command}`)
  if (shown !== undefined) compare(command, shown, said())
}

/** What the comments of a program say that it prints, without the way that it is broken into lines. */
const promised = (program: string): string =>
  Array.from(program.matchAll(/\/\/ => (.*)$/gm), ([, line]) => line).join(" ")

const onOneLine = "| tr -s '[:space:]' ' ' | sed 's/ $//'"

let ofProject = false
for (const [index, { language, text }] of blocks.entries()) {
  const next = blocks[index + 1]
  const shown = next?.language === "" ? next.text : undefined
  if (language === "ts") {
    ofProject = true
    const [, name] = /^\/\/ (\S+)\n/.exec(text)!
    writeFileSync(join(project, name!), text)
    const prints = promised(text)
    if (prints !== "") await run(`node ${name} ${onOneLine}`, prints, project)
  } else if (language === "sh" && !done.test(text) && !needsModem.test(text)) {
    const cwd = ofProject && text.includes("tally") ? project : checkout
    console.log(text.trimEnd())
    await (serves.test(text) ? serve(text, shown ?? fail(text), cwd) : run(text, shown, cwd))
  }
}
await stop()

function fail(command: string): never {
  throw new Error(`the README does not show when it is ready:\n${command}`)
}
