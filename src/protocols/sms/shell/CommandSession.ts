/**
 * A session as one command sees it: the number, the state and where it may go, and the values that this command keeps
 * there, each typed by a Schema. What other commands keep is out of reach: their keys begin with another name, and the
 * types know only one's own.
 *
 * Pure.
 */
import { Effect, Exit, Schema } from "effect"
import type { NumberSession } from "../Sessions.ts"

/** What a command keeps in a session, by key. A value is kept as JSON. */
export type Stored = Readonly<Record<string, Schema.Codec<unknown, unknown>>>

/** The session of one command. */
export interface CommandSession<S extends Stored> extends Pick<
  NumberSession,
  "number" | "state" | "transitions" | "transition"
> {
  /** What was set under the key; nothing where that is not of its Schema any more, which is logged. */
  readonly get: <Key extends keyof S & string>(
    key: Key
  ) => Effect.Effect<S[Key]["Type"] | undefined, FailureOf<"get">>
  /** Keeps a value for as long as the session lives. One that is not of its Schema is a defect. */
  readonly set: <Key extends keyof S & string>(
    key: Key,
    value: S[Key]["Type"]
  ) => Effect.Effect<void, FailureOf<"set">>
  readonly delete: (key: keyof S & string) => Effect.Effect<void, FailureOf<"delete">>
}

type FailureOf<Operation extends "get" | "set" | "delete"> = Effect.Error<
  ReturnType<ReturnType<NumberSession["storage"]>[Operation]>
>

/** How values are written and read, by key. */
export type Codecs = ReadonlyMap<
  string,
  {
    readonly encode: (value: unknown) => Exit.Exit<string, Schema.SchemaError>
    readonly decode: (json: string) => Exit.Exit<unknown, Schema.SchemaError>
  }
>

export const codecs = (stored: Stored): Codecs =>
  new Map(
    Object.entries(stored).map(([key, schema]) => {
      const codec = Schema.fromJsonString(Schema.toCodecJson(schema))
      return [key, { encode: Schema.encodeUnknownExit(codec), decode: Schema.decodeUnknownExit(codec) }]
    })
  )

/** The session that a command of this name sees. */
export const make = (command: string, codecs: Codecs, session: NumberSession): CommandSession<Stored> => {
  // Most calls keep nothing.
  const storage = () => session.storage(command)
  const codecOf = (key: string) => {
    const codec = codecs.get(key)
    if (codec === undefined) throw new Error(`the command ${command} declares no ${key} in its storage`)
    return codec
  }
  return {
    number: session.number,
    get state() {
      return session.state
    },
    get transitions() {
      return session.transitions
    },
    transition: session.transition,
    get: (key) =>
      Effect.gen(function* () {
        const { decode } = codecOf(key)
        const json = yield* storage().get(key)
        if (json === undefined) return undefined
        const value = decode(json)
        if (Exit.isSuccess(value)) return value.value
        yield* Effect.logWarning(`what ${command} kept as ${key} is not of its Schema any more`)
        return undefined
      }),
    set: (key, value) =>
      Effect.flatMap(Effect.orDie(Effect.suspend(() => codecOf(key).encode(value))), (json) =>
        storage().set(key, json)
      ),
    delete: (key) => Effect.suspend(() => (codecOf(key), storage().delete(key)))
  }
}
