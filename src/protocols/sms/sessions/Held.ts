/**
 * The session of one number as it is held in memory, and its turn: messages of the number run one after another, in the
 * order in which they came.
 *
 * What is held is what was last read from the database or written there. It is read again when somebody else may have
 * changed it (`Changes`), and with it the role of the number's account, so that whoever lost his account is a guest at
 * his next message.
 */
import { Context, Effect, Layer, Semaphore } from "effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { Accounts } from "../../../accounts/Accounts.ts"
import type { Changes } from "../../../storage/Changes.ts"
import type * as Durability from "../../../storage/Durability.ts"
import * as Account from "../Account.ts"
import type { Role } from "../../../accounts/Realm.ts"
import { settled, type State, transitions } from "../State.ts"
import { orUnavailable, type StorageUnavailable } from "../StorageUnavailable.ts"
import { problemWith, tooManyKeys } from "./Limits.ts"
import { type NumberSession, type Storage, TransitionDenied } from "./NumberSession.ts"
import type { Records } from "./Records.ts"
import type { Refreshes } from "./Refreshes.ts"

/** What sessions are made of. */
export interface World {
  readonly sql: SqlClient.SqlClient
  readonly accounts: Accounts["Service"]
  readonly changes: Changes
  readonly durably: Effect.Success<typeof Durability.durably>
  readonly records: Records
  readonly refreshes: Refreshes
  /** In milliseconds. */
  readonly timeToLive: number
}

/** The session of one number. */
export class Held extends Context.Service<
  Held,
  {
    /** Runs when its turn has come, with the session as it is for a message that arrived then. */
    readonly turn: <A, E, R>(
      arrived: number,
      run: (session: NumberSession) => Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E | StorageUnavailable, R>
  }
>()("wireline/sms/sessions/Held") {
  static readonly layer = (world: World, number: string): Layer.Layer<Held> =>
    Layer.effect(
      Held,
      Effect.map(Semaphore.make(1), (turn) => make(world, number, turn))
    )
}

const make = (
  { accounts, changes, durably, records, refreshes, sql, timeToLive }: World,
  number: string,
  turns: Semaphore.Semaphore
): Held["Service"] => {
  let state: State = "GUEST"
  let role: Role | undefined
  /** When it expires, in milliseconds since 1970. */
  let expires = 0
  // What `Changes` said before what is held was read; nothing is yet.
  let byOthers = Number.NaN
  let byUs = Number.NaN

  const isKnown = (arrived: number): boolean =>
    arrived < expires && changes.byOthers() === byOthers && changes.byUs() === byUs

  const read = Effect.fnUntraced(function* (arrived: number) {
    const before = { others: changes.byOthers(), us: changes.byUs() }
    const kept = yield* records.find(number)
    // What another process knows of it may be a second old.
    const until = Math.max(kept?.expires ?? 0, refreshes.of(number) ?? 0, expires)
    if (kept !== undefined && arrived >= until) {
      refreshes.forget(number)
      yield* records.remove(number)
    }
    const found = kept !== undefined && arrived < until ? kept.state : "GUEST"
    const account = yield* Account.find(accounts, number)
    const now = settled(found, account?.role)
    if (now !== found) yield* records.move({ number, state: now, expires: until }, found)
    state = now
    role = account?.role
    byOthers = before.others
    byUs = before.us
  })

  const transition = (to: State) =>
    sql
      .withTransaction(
        Effect.gen(function* () {
          role = (yield* Account.find(accounts, number))?.role
          const moved =
            transitions(state, role).includes(to) &&
            (yield* records.move({ number, state: to, expires }, state))
          if (!moved) return yield* new TransitionDenied({ from: state, to })
        })
      )
      .pipe(
        Effect.tap(() => Effect.sync(() => void (state = to))),
        durably,
        // What is committed is known here too, whoever hangs up.
        Effect.uninterruptible,
        orUnavailable,
        Effect.withSpan("NumberSession.transition")
      )

  const storage = (command: string): Storage => ({
    get: (key) => orUnavailable(records.get(number, command, key)),
    set: (key, value) => {
      const problem = problemWith(key, value)
      if (problem !== undefined) return Effect.fail(problem)
      return durably(records.set({ number, expires }, command, { key, value })).pipe(
        orUnavailable,
        Effect.flatMap((kept) => (kept ? Effect.void : Effect.fail(tooManyKeys())))
      )
    },
    delete: (key) => orUnavailable(durably(records.unset(number, command, key)))
  })

  const session: NumberSession = {
    number,
    get state() {
      return state
    },
    get transitions() {
      return transitions(state, role)
    },
    transition,
    storage
  }

  return {
    turn: (arrived, run) => {
      const refreshed = Effect.suspend(() => {
        expires = Math.max(expires, arrived + timeToLive)
        refreshes.note(number, expires)
        return run(session)
      })
      return turns.withPermit(
        Effect.suspend(() =>
          isKnown(arrived) ? refreshed : Effect.andThen(orUnavailable(read(arrived)), refreshed)
        )
      )
    }
  }
}
