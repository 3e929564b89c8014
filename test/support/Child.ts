/** Child processes of tests: `serve-probe.ts` with the descriptors and the environment that a test gives it. */
import { Effect, type Scope } from "effect"
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import { once } from "node:events"
import { Happenings } from "./Happenings.ts"
import { bundled, compiling } from "./Started.ts"

export interface Child {
  readonly process: ChildProcess
  /** The lines of its standard error. */
  readonly said: Happenings
  /** Its exit code, or the signal that ended it. */
  readonly exit: Effect.Effect<number | string>
}

/** Runs the program; with `handOver`, as systemd does: under its own process id, which the shell knows. */
export const serveProbe = (
  endpoint: string,
  options: {
    readonly stdio?: StdioOptions
    readonly environment?: Readonly<Record<string, string>>
    readonly handOver?: boolean
  } = {}
): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const exec = `${options.handOver === true ? "LISTEN_PID=$$ " : ""}exec "$0" "$@"`
        return spawn("/bin/sh", ["-c", exec, process.execPath, bundled("serve-probe.mjs"), endpoint], {
          stdio: options.stdio ?? ["ignore", "ignore", "pipe"],
          env: { PATH: process.env["PATH"], ...compiling, ...options.environment },
          // Whatever happens to the test, it does not stay.
          timeout: 20_000,
          killSignal: "SIGKILL"
        })
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const exited = once(child, "close").then(
      ([code, signal]: Array<number | string | null>) => code ?? signal!
    )
    const said = new Happenings()
    let rest = ""
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      const lines = `${rest}${text}`.split("\n")
      rest = lines.pop()!
      for (const line of lines) said.note(line)
    })
    return { process: child, said, exit: Effect.promise(() => exited) }
  })
