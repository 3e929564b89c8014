/**
 * A terminal, 100 columns wide, with the `wireline` command on it: what is typed goes in at standard input, what is to
 * be seen comes out of standard output, escape sequences and all.
 */
import { spawnSync } from "node:child_process"
import type { Effect, Scope } from "effect"
import * as Started from "./Started.ts"

/** Why there can be none, where that is so. */
export const obstacle =
  spawnSync("python3", ["-c", "import pty"]).status === 0 ? undefined : "this machine has no python3"

// It goes on until the program ends, and ends as that does.
const python = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
const sized = ["sh", "-c", 'stty cols 100 rows 50 && exec "$@"', "sh"]

export const wireline = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<Started.Started, never, Scope.Scope> =>
  Started.start(["python3", "-c", python, ...sized, process.execPath, Started.command, ...args], {
    env: { ...Started.compiling, TERM: "xterm", ...env }
  })
