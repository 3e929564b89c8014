/**
 * Processes under measurement: started on a core of their own, heard line by line, and ended by their id whatever
 * happens to the run.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process"
import { availableParallelism } from "node:os"
import type { Readable } from "node:stream"

type Child = ChildProcessByStdio<null, Readable, Readable>

export interface Started {
  readonly pid: number
  /** The next line of standard output; fails when none comes in time. */
  readonly nextLine: (seconds: number) => Promise<string>
  /** Asks the process to end, and two seconds later makes it. */
  readonly stop: () => Promise<void>
}

interface Unstopped {
  readonly child: Child
  readonly complaints: () => string
}

// A process that ended by itself stays in here, for what it has to say about that.
const unstopped = new Set<Unstopped>()

/** Ends at once what still runs. Synchronous, so that it can be the last act of the process. */
export const endAll = (): void => {
  for (const { child } of unstopped) child.kill("SIGKILL")
}

/** The last of what processes wrote to standard error, save those that ended in good order. */
export const complaints = (): string => Array.from(unstopped, (each) => each.complaints()).join("")

const canPin = availableParallelism() >= 2 && spawnSync("taskset", ["-c", "0,1", "true"]).status === 0

/** Servers have the first core, clients the second; the benchmark itself sleeps while they work. */
export type Core = "server" | "client" | "any"

export const pinning = canPin
  ? "servers on core 0, client on core 1"
  : "not pinned (it takes taskset and two cores)"

const pinned = (core: Core): ReadonlyArray<string> =>
  !canPin || core === "any" ? [] : ["taskset", "-c", core === "server" ? "0" : "1"]

// `exec` all the way, so that the id of the child is the id of the process that is measured. Where the limit may not be
// raised the process starts with the one there is, and a measurement that needs more says what failed. A subshell tries
// first, because some shells end when `ulimit` fails.
const withOpenFiles = ["sh", "-c", '(ulimit -n 20000) 2>/dev/null && ulimit -n 20000; exec "$@"', "sh"]

export const start = (command: ReadonlyArray<string>, core: Core): Started => {
  const [file, ...args] = [...withOpenFiles, ...pinned(core), ...command] as [string, ...Array<string>]
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] })

  const lines: Array<string> = []
  let waiting: ((line: string | undefined) => void) | undefined
  let ended = false
  let unfinished = ""
  let complaints = ""
  const entry: Unstopped = { child, complaints: () => complaints }
  unstopped.add(entry)
  const wake = (): void => {
    if (waiting === undefined || (lines.length === 0 && !ended)) return
    const resolve = waiting
    waiting = undefined
    resolve(lines.shift())
  }
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = (unfinished + chunk).split("\n")
    unfinished = parts.pop()!
    lines.push(...parts)
    wake()
  })
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    complaints = (complaints + chunk).slice(-4000)
  })
  const end = (): void => {
    ended = true
    wake()
  }
  child.on("close", end)
  const exited = new Promise<void>((resolve) => {
    child.on("exit", () => resolve())
    child.on("error", (error) => {
      complaints += `${error.message}\n`
      end()
      resolve()
    })
  })

  const nextLine = (seconds: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const problem = (what: string): void => {
        waiting = undefined
        reject(new Error(`${command.join(" ")}: ${what}`))
      }
      const timer = setTimeout(() => problem(`said nothing for ${seconds} s`), seconds * 1000)
      waiting = (line) => {
        clearTimeout(timer)
        if (line === undefined) problem("ended without a word")
        else resolve(line)
      }
      wake()
    })

  const stop = async (): Promise<void> => {
    const failed = ended && child.exitCode !== 0
    child.kill("SIGTERM")
    const timer = setTimeout(() => child.kill("SIGKILL"), 2000)
    await exited
    clearTimeout(timer)
    if (!failed) unstopped.delete(entry)
  }

  return { pid: child.pid ?? 0, nextLine, stop }
}
