/**
 * A session that is kept nowhere: of a message that comes with a role's token, or from a number that can have no session.
 */
import { Effect } from "effect"
import type { State } from "../State.ts"
import { maxKeys, problemWith, tooManyKeys } from "./Limits.ts"
import { type NumberSession, type Storage, TransitionDenied } from "./NumberSession.ts"

/** A session that stays in this state, and whose storage is gone with it. */
export const make = (number: string, state: State): NumberSession => {
  const storages = new Map<string, Map<string, string>>()
  return {
    number,
    state,
    transitions: [],
    transition: (to) => Effect.fail(new TransitionDenied({ from: state, to })),
    storage: (command) => {
      const values = storages.get(command) ?? new Map<string, string>()
      storages.set(command, values)
      return storage(values)
    }
  }
}

const storage = (values: Map<string, string>): Storage => ({
  get: (key) => Effect.sync(() => values.get(key)),
  set: (key, value) =>
    Effect.suspend(() => {
      const problem =
        problemWith(key, value) ?? (values.size < maxKeys || values.has(key) ? undefined : tooManyKeys())
      if (problem !== undefined) return Effect.fail(problem)
      values.set(key, value)
      return Effect.void
    }),
  delete: (key) => Effect.sync(() => void values.delete(key))
})
