/**
 * The commands that ship, each loaded at its first use.
 */
import { Effect } from "effect"
import type { Command } from "./Command.ts"
import type { Source } from "./Source.ts"

const commands = {
  desc: () => import("./commands/desc.ts"),
  flush: () => import("./commands/flush.ts"),
  help: () => import("./commands/help.ts"),
  login: () => import("./commands/login.ts"),
  logout: () => import("./commands/logout.ts"),
  remind: () => import("./commands/remind.ts"),
  role: () => import("./commands/role.ts"),
  sessions: () => import("./commands/sessions.ts"),
  stats: () => import("./commands/stats.ts"),
  whoami: () => import("./commands/whoami.ts")
}

/** Their names. */
export const names: ReadonlyArray<string> = Object.keys(commands)

/** What they are built from. */
export type Services = RequirementsOf<
  Awaited<ReturnType<(typeof commands)[keyof typeof commands]>>["default"]
>

type RequirementsOf<C> = C extends Command<infer R> ? R : never

export const source: Source<Services> = {
  description: "the commands that ship",
  entries: Effect.succeed(
    new Map(
      Object.entries(commands).map(([name, load]) => [
        name,
        Effect.map(Effect.promise<{ readonly default: Command<Services> }>(load), (module) => module.default)
      ])
    )
  )
}
