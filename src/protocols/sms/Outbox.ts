/**
 * The texts that go out: kept in the database until they are handed to the `Transmitter`.
 *
 * **What it promises**
 *
 * - A text that `send` has taken is in the database, durably: neither a crash, nor a `kill -9`, nor a modem that is away
 *   loses it.
 * - Delivery is at least once: where the server is killed between handing a text over and noting that it did, the text
 *   is handed over again after the start.
 * - Texts to one number go out one after another, in the order in which they are due. A text that cannot be sent holds up
 *   those to its own number and no others; up to four numbers are served at the same time.
 * - What cannot be sent is tried again, with growing pauses, and dropped after a week, or at once where trying again is
 *   of no use (`outbox/Sending.ts`).
 *
 * **Gotchas**
 *
 * One process may transmit from a database; the lock of the data directory sees to that. Any other may add texts to it
 * (`layerQueueOnly`), which go out within a second or so.
 */
import { Clock, Context, type DateTime, Duration, Effect, Layer, Option } from "effect"
import type * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import * as PhoneNumber from "../../accounts/PhoneNumber.ts"
import * as Durability from "../../storage/Durability.ts"
import * as Queue from "./outbox/Queue.ts"
import * as Sending from "./outbox/Sending.ts"
import { orUnavailable, type StorageUnavailable } from "./StorageUnavailable.ts"
import { migrate } from "./Tables.ts"
import { Transmitter } from "./Transmitter.ts"

/** What waits in the outbox. */
export interface Waiting {
  /** How many texts have not been sent yet. */
  readonly count: number
  /** How many of them are due. */
  readonly due: number
  /** How long the oldest that is due has waited. */
  readonly oldest: Duration.Duration
}

type Storage = Migrator.MigrationError | SqlError.SqlError

/** Takes texts and sees to it that they are sent. */
export class Outbox extends Context.Service<
  Outbox,
  {
    /** false where nothing is sent out (transmitter `none`); then `send` is not to be used. */
    readonly sends: boolean
    /**
     * Takes a text, to be sent at once, or not before a time. In a transaction of the caller's it is taken when that is
     * committed.
     */
    readonly send: (
      number: string,
      text: string,
      options?: { readonly notBefore?: DateTime.Utc }
    ) => Effect.Effect<void, StorageUnavailable>
    /** How many texts to a number are not due yet. */
    readonly scheduled: (number: string) => Effect.Effect<number, StorageUnavailable>
    readonly waiting: Effect.Effect<Waiting, StorageUnavailable>
  }
>()("wireline/sms/Outbox") {
  /** Takes texts and hands them to the `Transmitter`, what an earlier process has left first. */
  static readonly layer: Layer.Layer<Outbox, Storage, SqlClient.SqlClient | Transmitter> = Layer.effect(
    Outbox,
    Effect.gen(function* () {
      const transmitter = yield* Transmitter
      yield* migrate
      const queue = yield* Queue.make
      return yield* transmitter.sends
        ? make(queue, { sends: true, notify: yield* Sending.make(queue, transmitter) })
        : make(queue, { sends: false, notify: () => {} })
    })
  )

  /** Takes texts for the server on the same database to send. */
  static readonly layerQueueOnly: Layer.Layer<Outbox, Storage, SqlClient.SqlClient> = Layer.effect(
    Outbox,
    Effect.gen(function* () {
      yield* migrate
      return yield* make(yield* Queue.make, { sends: true, notify: () => {} })
    })
  )
}

const make = Effect.fnUntraced(function* (
  queue: Queue.Queue,
  { notify, sends }: { readonly sends: boolean; readonly notify: () => void }
) {
  const sql = yield* SqlClient.SqlClient
  const durably = yield* Durability.durably

  const add = Effect.fnUntraced(function* (text: Parameters<typeof queue.add>[0]) {
    if (Option.isNone(yield* Effect.serviceOption(sql.transactionService)))
      return yield* durably(queue.add(text))
    yield* queue.add(text)
  })

  return Outbox.of({
    sends,
    send: Effect.fn("Outbox.send")(function* (number, text, { notBefore } = {}) {
      const now = yield* Clock.currentTimeMillis
      yield* add({
        number: PhoneNumber.normalise(number) ?? number,
        text,
        due: notBefore === undefined ? now : Math.max(now, notBefore.epochMilliseconds)
      })
      yield* sql.afterCommit(Effect.sync(notify))
    }, orUnavailable),
    scheduled: Effect.fn("Outbox.scheduled")(function* (number) {
      const now = yield* Clock.currentTimeMillis
      return yield* queue.scheduled(PhoneNumber.normalise(number) ?? number, now)
    }, orUnavailable),
    waiting: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const { count, due, since } = yield* queue.waiting(now)
      return { count, due, oldest: Duration.millis(Math.max(0, now - since)) }
    }).pipe(orUnavailable)
  })
})
