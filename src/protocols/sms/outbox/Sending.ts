/**
 * Sends what waits in the queue, for as long as the scope is open: the first of each line, several lines at a time.
 *
 * A text that cannot be sent is tried again after 5 seconds, then 10, 20, and so on up to every 5 minutes, and the texts
 * behind it wait too, for they are to come in their order. It is dropped, with a line in the log, where there is no use
 * in trying again, or after a week.
 */
import { Clock, Duration, Effect, FiberSet, Latch, Metric, Schedule, type Scope } from "effect"
import type * as SqlError from "effect/sql/SqlError"
import * as Durability from "../../../storage/Durability.ts"
import { TransmissionFailed, type Transmitter } from "../Transmitter.ts"
import type { Entry, Queue } from "./Queue.ts"

/** How many texts are on their way at a time. */
const mostAtOnce = 4

/** How often the queue is looked at though nobody said that there is something: texts fall due, and others add some. */
const looking = Duration.seconds(1)

/** How long what is on its way at the end may take. One that does not arrive in time is sent again after the start. */
const drainTimeout = Duration.seconds(10)

const firstDelay = Duration.toMillis("5 seconds")
const longestDelay = Duration.toMillis("5 minutes")

/** How long after it was due a text is still tried. */
const patience = Duration.toMillis("7 days")

const transmitted = Metric.counter("wireline_sms_messages_transmitted_total", {
  description: "Tries to hand texts to the transmitter, by what became of them: sent, to be retried, dropped",
  incremental: true
})

const counted = (status: "sent" | "retried" | "dropped") =>
  Metric.update(Metric.withAttributes(transmitted, { status }), 1)

const queueTime = Metric.histogram("wireline_sms_queue_seconds", {
  description:
    "How long texts have waited in the queue, from when they were due to when they were handed over",
  boundaries: Metric.boundariesFromIterable([
    0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400
  ])
})

const queueLength = Metric.gauge("wireline_sms_queue_length", {
  description: "Texts in the queue, those that are not due yet included"
})

/** Begins to send; what it returns says that there is something to send. */
export const make = Effect.fnUntraced(function* (
  queue: Queue,
  transmitter: Transmitter["Service"]
): Effect.fn.Return<() => void, never, Scope.Scope> {
  /** The numbers that a text is just on its way to. */
  const busy = new Set<string>()
  const something = yield* Latch.make()
  const sending = yield* FiberSet.make<void>()
  const fork = yield* FiberSet.runtime(sending)()
  yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(sending), drainTimeout))

  const transmit = (entry: Entry) =>
    transmitter.transmit(entry.number, entry.text).pipe(
      Effect.catchDefect((defect) =>
        Effect.fail(new TransmissionFailed({ reason: String(defect), permanent: false }))
      ),
      Effect.matchEffect({
        onSuccess: () => sent(queue, entry),
        onFailure: (failure) => notSent(queue, entry, failure)
      }),
      Effect.annotateLogs("number", entry.number),
      Effect.ensuring(
        Effect.sync(() => {
          busy.delete(entry.number)
          something.openUnsafe()
        })
      )
    )

  const dispatch = Effect.gen(function* () {
    if (busy.size >= mostAtOnce) return
    // A line has one first, so as many as may be at once are enough to find all that are not on their way yet.
    const ready = yield* queue.ready(yield* Clock.currentTimeMillis, mostAtOnce)
    for (const entry of ready) {
      if (busy.has(entry.number) || busy.size >= mostAtOnce) continue
      busy.add(entry.number)
      fork(transmit(entry))
    }
  })

  const measure = Effect.gen(function* () {
    const { count } = yield* queue.waiting(yield* Clock.currentTimeMillis)
    yield* Metric.update(queueLength, count)
  })

  yield* something.close.pipe(
    Effect.andThen(dispatch),
    orLog("looked into"),
    Effect.andThen(Effect.timeoutOption(something.await, looking)),
    Effect.forever,
    Effect.forkScoped
  )
  yield* measure.pipe(
    orLog("counted"),
    Effect.andThen(Effect.sleep(looking)),
    Effect.forever,
    Effect.forkScoped
  )
  return () => void something.openUnsafe()
})

const sent = Effect.fnUntraced(function* (queue: Queue, entry: Entry) {
  const now = yield* Clock.currentTimeMillis
  yield* counted("sent")
  yield* Metric.update(queueTime, Math.max(0, now - entry.due) / 1000)
  yield* removed(queue, entry)
})

const notSent = Effect.fnUntraced(function* (queue: Queue, entry: Entry, failure: TransmissionFailed) {
  const now = yield* Clock.currentTimeMillis
  if (failure.permanent || now - entry.due > patience) {
    yield* counted("dropped")
    yield* Effect.logError(`a text was dropped: ${failure.reason}`)
    return yield* removed(queue, entry)
  }
  const delay = Math.min(firstDelay * 2 ** entry.tries, longestDelay)
  yield* counted("retried")
  yield* Effect.logWarning(`a text was not sent, next try in ${delay / 1000} s: ${failure.reason}`)
  yield* persisting(queue.postpone(entry, now + delay))
})

/** What is done with goes out of the queue before anything else of its line leaves, or it would be sent again. */
const removed = (queue: Queue, entry: Entry) => persisting(queue.remove(entry))

/** Tries until the database takes it. */
const persisting = (write: Effect.Effect<void, SqlError.SqlError>): Effect.Effect<void> =>
  // A power cut that forgets it has the text sent once more; there is no need to wait for the disk.
  Durability.relaxed(write).pipe(
    Effect.tapError(({ message }) => Effect.logError(`the queue of texts cannot be written: ${message}`)),
    Effect.retry(Schedule.spaced("1 seconds")),
    Effect.orDie
  )

const orLog =
  (done: string) =>
  (look: Effect.Effect<void, SqlError.SqlError>): Effect.Effect<void> =>
    Effect.catch(look, ({ message }) => Effect.logError(`the queue of texts cannot be ${done}: ${message}`))
