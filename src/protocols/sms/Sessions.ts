/**
 * The sessions of the numbers that text (notes on the specification, "Sessions").
 *
 * **What it promises**
 *
 * - A message finds the session of its number, or makes one, and refreshes its time: a session lives 600 seconds, unless
 *   told otherwise, after the arrival of its last message. Where it has expired, the message finds a new and empty one.
 * - Messages of one number run one after another, in the order of their arrival, those of different numbers side by side.
 *   Whoever is interrupted, running or waiting, gives up his turn.
 * - The database is the truth. A change of the state or of the storage is committed before it is answered, so a restart
 *   finds it, and so does another process, such as a one-shot run; what others change is seen at the next message.
 * - An account that is gone takes its session to GUEST at the next message, and one whose role has changed to that.
 *
 * **What bounds it**
 *
 * A number has 1 to 32 characters: any other has a guest's session that is kept nowhere. Sessions are in memory for as
 * long as they live, at most 10,000 unless told otherwise, of which the least recently used then leaves; the database
 * still has it. What has expired is deleted from there within some minutes.
 *
 * **Gotchas**
 *
 * That a session's time was refreshed is written behind, within a second, all of them in one commit. So after a crash,
 * or for another process, a session may be over a second early. Two processes that handle messages of one number at the
 * same moment do not wait for one another; of two transitions from one state, one is denied.
 */
import { Clock, Context, DateTime, Duration, Effect, Layer, LayerMap, Metric } from "effect"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import { Accounts } from "../../accounts/Accounts.ts"
import * as PhoneNumber from "../../accounts/PhoneNumber.ts"
import { Changes } from "../../storage/Changes.ts"
import * as Durability from "../../storage/Durability.ts"
import * as Detached from "./sessions/Detached.ts"
import { Held } from "./sessions/Held.ts"
import type { NumberSession } from "./sessions/NumberSession.ts"
import * as Records from "./sessions/Records.ts"
import * as Refreshes from "./sessions/Refreshes.ts"
import { Residents } from "./sessions/Residents.ts"
import type { State } from "./State.ts"
import { orUnavailable, type StorageUnavailable } from "./StorageUnavailable.ts"
import { migrate } from "./Tables.ts"

export { type NumberSession, type Storage, StorageFull, TransitionDenied } from "./sessions/NumberSession.ts"
export { StorageUnavailable } from "./StorageUnavailable.ts"

/** The most characters of a number. */
export const maxNumberLength = 32

/** A session that has not expired. */
export interface Listed {
  readonly number: string
  readonly state: State
  readonly expires: DateTime.Utc
}

export interface SessionsOptions {
  /** How long a session lives after its last message; 600 seconds unless told. */
  readonly timeToLive?: Duration.Input | undefined
  /** The most sessions in memory, besides those that are in use; 10,000 unless told. */
  readonly capacity?: number | undefined
}

/** The sessions of all numbers. */
export class Sessions extends Context.Service<
  Sessions,
  {
    /**
     * Runs with the session of the number, found or new, its time refreshed. Numbers with the code of their country are one
     * however they are written (`PhoneNumber`).
     */
    readonly use: <A, E, R>(
      number: string,
      run: (session: NumberSession) => Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E | StorageUnavailable, R>
    /** A session of this state that is kept nowhere: for a gateway that holds a role's token. */
    readonly detached: (number: string, state: State) => NumberSession
    /** Those that have not expired, by number. */
    readonly list: Effect.Effect<ReadonlyArray<Listed>, StorageUnavailable>
  }
>()("wireline/sms/Sessions") {
  static readonly layer = (
    options: SessionsOptions = {}
  ): Layer.Layer<Sessions, Migrator.MigrationError | SqlError.SqlError, SqlClient.SqlClient | Accounts> =>
    Layer.effect(Sessions, make(options))
}

/** How many sessions there are, as far as they were counted. */
const count = Metric.gauge("wireline_sms_sessions", {
  description: "Sessions of numbers that have not expired"
})

/** How often expired sessions are deleted. */
const sweeping = "1 minutes"

/** How often sessions are counted. */
const measuring = "5 seconds"

/** How long a session has been expired by then, in milliseconds: another process may not have written yet that it lives. */
const grace = 60_000

const make = Effect.fnUntraced(function* ({
  capacity = 10_000,
  timeToLive = "600 seconds"
}: SessionsOptions) {
  yield* migrate
  const records = yield* Records.make
  const refreshes = yield* Refreshes.make(records)
  const clock = yield* Clock.Clock
  const residents = new Residents(capacity)
  const world = {
    sql: yield* SqlClient.SqlClient,
    accounts: yield* Accounts,
    changes: yield* Changes,
    durably: yield* Durability.durably,
    records,
    refreshes,
    timeToLive: Duration.toMillis(timeToLive)
  }

  const sessions = yield* LayerMap.make(
    (number: string) =>
      Layer.merge(
        Held.layer(world, number),
        Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => residents.forget(number))))
      ),
    { idleTimeToLive: timeToLive }
  )

  const sweep = Effect.gen(function* () {
    const now = clock.currentTimeMillisUnsafe()
    yield* refreshes.flush
    yield* Durability.relaxed(records.sweep(now - grace))
  })
  const measure = Effect.gen(function* () {
    yield* Metric.update(count, yield* records.count(clock.currentTimeMillisUnsafe()))
  })
  for (const [work, pause] of [
    [sweep, sweeping],
    [measure, measuring]
  ] as const) {
    yield* work.pipe(
      orUnavailable,
      Effect.ignore,
      Effect.andThen(Effect.sleep(pause)),
      Effect.forever,
      Effect.forkScoped
    )
  }

  return Sessions.of({
    use: (given, run) =>
      Effect.suspend(() => {
        const number = PhoneNumber.normalise(given) ?? given
        if (number.length === 0 || number.length > maxNumberLength) return run(Detached.make(given, "GUEST"))
        const arrived = clock.currentTimeMillisUnsafe()
        let hasEntered = false
        const used = Effect.suspend(() => {
          const leaving = residents.enter(number)
          hasEntered = true
          const session = sessions.contextEffect(number)
          return Effect.flatMap(
            leaving === undefined ? session : Effect.andThen(sessions.invalidate(leaving), session),
            (session) => Context.get(session, Held).turn(arrived, run)
          )
        })
        // `acquireUseRelease` and `ensuring` cost more than what is to be done at the end.
        return Effect.onExitPrimitive(Effect.scoped(used), () => {
          if (hasEntered) residents.leave(number)
          return undefined
        })
      }),
    detached: (number, state) => Detached.make(PhoneNumber.normalise(number) ?? number, state),
    list: Effect.gen(function* () {
      yield* refreshes.flush
      const kept = yield* records.list(clock.currentTimeMillisUnsafe())
      return kept.map(({ expires, number, state }): Listed => ({
        number,
        state,
        expires: DateTime.makeUnsafe(expires)
      }))
    }).pipe(orUnavailable)
  })
})
