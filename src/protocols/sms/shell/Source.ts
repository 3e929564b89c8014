/**
 * Where commands come from. There are three sources: the commands that ship, the modules of a directory, and the
 * programs of the host. Where two have a command of one name, the earlier in this order has it, and the log says so.
 */
import { type Effect, Schema } from "effect"
import type { Command } from "./Command.ts"

/** A source of commands, which need `R` to be loaded and built. */
export interface Source<out R = never> {
  /** What it is, for the log: `the modules of /etc/wireline/commands`. */
  readonly description: string
  /** Its commands by name, each with the effect that loads it. Asked for once between two flushes. */
  readonly entries: Effect.Effect<Entries<R>>
}

/** Commands by name, none of them loaded yet. */
export type Entries<R> = ReadonlyMap<string, Effect.Effect<Command<R>, unknown, R>>

/** A source cannot be used as the operator wants it; `message` is one line for him. */
export class SourceError extends Schema.TaggedError<SourceError>()("SourceError", {
  message: Schema.String
}) {}
