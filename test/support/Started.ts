/**
 * Processes that a test starts: heard as they speak, and ended by their id with the scope, whatever becomes of the
 * test.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"

/** The root of the repository. */
export const repository = fileURLToPath(new URL("../..", import.meta.url))

// Protocols whose default is a port of this machine are off unless a test tells otherwise, or tests would meet there.
const quiet = {
  WIRELINE_EXON: "off",
  WIRELINE_RSCP: "off",
  WIRELINE_SMS: "off",
  WIRELINE_METRICS: "off"
}

const launcher = `${repository}scripts/wireline.js`

const cache = `${repository}node_modules/.cache/wireline-tests`

/** The directory of `bundled`. */
export const bundles = `${cache}/lib`

/** A program in one file; see `bundle-wireline.ts`. */
export const bundled = (name: string): string => `${bundles}/${name}`

/** The command in one file. */
export const command = bundled("main.cjs")

/** Tests start the same program a hundred times: this halves the time that Node takes to compile it. */
export const compiling = { NODE_COMPILE_CACHE: cache }

/** How a process ended, and all that it said. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly pid: number
  readonly stdin: Writable
  /** What it has said so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Waits until what it has said matches; dies when it ends without. */
  readonly says: (stream: "stdout" | "stderr", pattern: RegExp) => Effect.Effect<RegExpExecArray>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Waits until it and all its output have ended. */
  readonly exit: Effect.Effect<Outcome>
}

export interface StartOptions {
  /** The whole environment, save `PATH` and what keeps it off this machine's ports; nothing of the test's own is handed down. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Another user than the test's own. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** A descriptor that the process gets as its number 3. */
  readonly descriptor?: number
  /** Starts the `wireline` command from its sources, for a test of the launcher, or of modules that it loads later. */
  readonly fromSources?: boolean
  /** Makes it the leader of a process group; signals go to the whole group. For programs that start others. */
  readonly group?: boolean
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

const running = new Set<() => void>()
process.once("exit", () => {
  for (const kill of running) kill()
})

/** Starts a program. */
export const start = (
  [program, ...args]: readonly [string, ...ReadonlyArray<string>],
  { cwd = repository, descriptor, env = {}, group = false, user }: StartOptions = {}
): Effect.Effect<Started, never, Scope.Scope> =>
  Effect.gen(function* () {
    let closed = false
    const done = Promise.withResolvers<void>()
    const send = (child: Child, signal: NodeJS.Signals): void => {
      if (closed || child.pid === undefined) return
      try {
        process.kill(group ? -child.pid : child.pid, signal)
      } catch (cause) {
        // It has just ended by itself.
        if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause
      }
    }
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(program, args, {
          cwd,
          env: { PATH: process.env["PATH"], ...quiet, ...env },
          detached: group,
          stdio: ["pipe", "pipe", "pipe", ...(descriptor === undefined ? [] : [descriptor])],
          ...user
        }) as unknown as Child
        const kill = () => send(child, "SIGKILL")
        running.add(kill)
        child.once("close", () => {
          closed = true
          running.delete(kill)
          done.resolve()
        })
        // One that could not be started has nothing to close; one that is gone takes no input.
        child.once("error", (error) => done.reject(error))
        child.stdin.on("error", () => {})
        return child
      }),
      (child) =>
        Effect.promise(() => {
          send(child, "SIGKILL")
          return done.promise
        })
    )
    const heard = { stdout: "", stderr: "" }
    let changed = Promise.withResolvers<void>()
    const change = () => {
      changed.resolve()
      changed = Promise.withResolvers<void>()
    }
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        heard[stream] += text
        change()
      })
    }
    child.once("close", change)
    return {
      pid: child.pid!,
      stdin: child.stdin,
      stdout: () => heard.stdout,
      stderr: () => heard.stderr,
      says: (stream, pattern) =>
        Effect.promise(async () => {
          for (;;) {
            const match = pattern.exec(heard[stream])
            if (match !== null) return match
            if (closed) throw new Error(`it ended without saying ${pattern}: ${heard.stdout}${heard.stderr}`)
            await changed.promise
          }
        }),
      signal: (signal) => Effect.sync(() => send(child, signal)),
      exit: Effect.promise(async () => {
        await done.promise
        return { code: child.exitCode, signal: child.signalCode, ...heard }
      })
    }
  })

/** Starts the `wireline` command. Without `HOME` and `--data` it has nowhere to keep anything. */
export const wireline = (args: ReadonlyArray<string>, options: StartOptions = {}) =>
  start([process.execPath, options.fromSources === true ? launcher : command, ...args], {
    ...options,
    env: { ...compiling, ...options.env }
  })

/** Runs the `wireline` command to its end. */
export const outcomeOf = (args: ReadonlyArray<string>, options?: StartOptions): Effect.Effect<Outcome> =>
  Effect.scoped(Effect.flatMap(wireline(args, options), ({ exit }) => exit))

const memory = (pid: number, name: "VmHWM" | "VmRSS"): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) *
  1024

/**
 * Begins to measure the memory of a process: the effect in it tells by how many bytes it has been, at the most, above
 * what it was.
 */
export const memoryGrowth = (pid: number): Effect.Effect<Effect.Effect<number>> =>
  Effect.sync(() => {
    // The kernel forgets the peak so far (proc_pid_clear_refs(5)).
    writeFileSync(`/proc/${pid}/clear_refs`, "5")
    const before = memory(pid, "VmRSS")
    return Effect.sync(() => memory(pid, "VmHWM") - before)
  })
