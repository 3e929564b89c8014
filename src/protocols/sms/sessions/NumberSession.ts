/**
 * What a command sees of the session of a number, and nothing else: the number, the state, where it may go from there,
 * and a storage of the command's own.
 */
import { type Effect, Schema } from "effect"
import { State } from "../State.ts"
import type { StorageUnavailable } from "../StorageUnavailable.ts"

/** A session cannot go there from where it is. */
export class TransitionDenied extends Schema.TaggedError<TransitionDenied>()("TransitionDenied", {
  from: State,
  to: State
}) {
  override get message(): string {
    return `a session cannot go from ${this.from} to ${this.to}`
  }
}

/** A value that the storage of a session does not take; `text` says why, short enough for a text message. */
export class StorageFull extends Schema.TaggedError<StorageFull>()("StorageFull", {
  text: Schema.String
}) {
  override get message(): string {
    return this.text
  }
}

/** What one command keeps in a session. It ends with the session; what is set is durable when that is answered. */
export interface Storage {
  readonly get: (key: string) => Effect.Effect<string | undefined, StorageUnavailable>
  /** Keeps a value of at most 4 KiB under a key of 1 to 128 characters; a command has 64 keys at most. */
  readonly set: (key: string, value: string) => Effect.Effect<void, StorageUnavailable | StorageFull>
  readonly delete: (key: string) => Effect.Effect<void, StorageUnavailable>
}

/** The session of a number, for as long as a message of it is handled. */
export interface NumberSession {
  /** In the one way to write it, where it is a number with the code of its country. */
  readonly number: string
  /** The state now; it changes by `transition`. */
  readonly state: State
  /** Where it may go from there. */
  readonly transitions: ReadonlyArray<State>
  /** Goes there, durably. Denied also where another process has changed the session in the meantime. */
  readonly transition: (to: State) => Effect.Effect<void, TransitionDenied | StorageUnavailable>
  /** The storage of a command. */
  readonly storage: (command: string) => Storage
}
