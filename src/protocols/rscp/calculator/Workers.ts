/**
 * The worker threads that answer what cannot be bounded beforehand: expressions, equations, factors of large numbers.
 *
 * A question waits for a free worker for 0.7 seconds at the most, is computed for 0.4 seconds at the most, and has 0.95
 * seconds for both; beyond that it is `out of time`. Beyond the memory of a worker it is `too large`. A worker that
 * overruns is ended, and another takes its place. A connection has one question at a time, and they are taken in their
 * order: whoever asks the heaviest still lets others have their turn.
 *
 * No worker is started before the first question. Twice as many as are busy are kept, up to the most, so that one is
 * ready when another is ended; those that nobody needed for five minutes are ended too.
 */
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import { Clock, Deferred, Effect, Exit, Option, Pool, type Scope, Semaphore } from "effect"
import * as Worker from "effect/workers/Worker"
import type * as WorkerError from "effect/workers/WorkerError"
import { availableParallelism } from "node:os"
import { extname } from "node:path"
import * as WorkerThreads from "node:worker_threads"
import type { Question } from "../functions/Question.ts"
import { internal, outOfTime, tooLarge } from "../functions/Refusal.ts"

/** What the workers may use up. */
export interface Limits {
  /** The most worker threads at once, of some 40 MiB each; as many as there are cores, from 2 to 4, unless told. */
  readonly workers?: number | undefined
  /** The most memory of each of them that lasts beyond a moment, in MiB; 64 unless told. They need 20 for themselves. */
  readonly memory?: number | undefined
}

/** The most time that a question waits for a worker, those included that are being loaded, in milliseconds. */
const patience = 700

/** The most time that a question is computed, in milliseconds. */
const timeLimit = 400

/** The most time from a question to its answer, in milliseconds. */
const deadline = 950

/** `Worker.ts` in a checkout, `Worker.js` where the package is built. */
const program = new URL(`./Worker${extname(import.meta.url)}`, import.meta.url)

/** A thread, which has nothing of this process's environment. */
const start = (memory: number): WorkerThreads.Worker =>
  new WorkerThreads.Worker(program, {
    name: "calculator",
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: 16 }
  })

/** A worker that is ready. */
interface Ready {
  readonly ask: (question: Question) => Effect.Effect<string, WorkerError.WorkerError>
}

/** Starts a worker, and waits until it has loaded; it ends with the scope, whatever it is doing. */
const ready = Effect.fnUntraced(function* (
  memory: number
): Effect.fn.Return<Ready, WorkerError.WorkerError, Scope.Scope | Worker.WorkerPlatform> {
  const thread = start(memory)
  const platform = yield* Worker.WorkerPlatform
  const worker = yield* platform
    .spawn<string, Question>(0)
    .pipe(Effect.provideService(Worker.Spawner, () => thread))
  const loaded = Deferred.makeUnsafe<string, WorkerError.WorkerError>()
  let answer = loaded
  yield* worker
    .run((text: string) => Deferred.succeed(answer, text), { onSpawn: Deferred.succeed(loaded, "") })
    .pipe(
      Effect.catch((error) => Deferred.fail(answer, error)),
      Effect.forkScoped
    )
  yield* Effect.addFinalizer(() => Effect.promise(() => thread.terminate()))
  yield* Deferred.await(loaded)
  return {
    ask: (question) =>
      Effect.suspend(() => {
        answer = Deferred.makeUnsafe()
        return Effect.andThen(worker.send(question), Deferred.await(answer))
      })
  }
})

/** What is answered when a worker is no more. */
const failed = (error: WorkerError.WorkerError): Effect.Effect<string> => {
  const { cause } = error.reason
  return cause instanceof Error && "code" in cause && cause.code === "ERR_WORKER_OUT_OF_MEMORY"
    ? Effect.succeed(tooLarge.toString())
    : Effect.as(Effect.logError("a worker of the calculator failed", error), internal.toString())
}

/** How to ask the workers, which end with the scope. What cannot be answered is answered too: `ERROR reason`. */
export const make = Effect.fnUntraced(function* ({
  memory = 64,
  workers = Math.min(Math.max(availableParallelism(), 2), 4)
}: Limits): Effect.fn.Return<(question: Question) => Effect.Effect<string>, never, Scope.Scope> {
  // One after another: together they would be ready no sooner, and the first of them later.
  const loading = yield* Semaphore.make(1)
  const pool = yield* Pool.makeWithTTL({
    acquire: loading.withPermit(ready(memory)),
    min: 0,
    max: workers,
    targetUtilization: 0.5,
    timeToLive: "5 minutes"
  }).pipe(Effect.provide(NodeWorker.layerPlatform))

  const compute = (
    worker: Ready,
    question: Question,
    time: number
  ): Effect.Effect<string, WorkerError.WorkerError> =>
    Effect.interruptible(worker.ask(question)).pipe(
      Effect.timeoutOrElse({ duration: time, orElse: () => Effect.succeed(undefined) }),
      Effect.onExit((exit) =>
        Exit.isSuccess(exit) && exit.value !== undefined ? Effect.void : Pool.invalidate(pool, worker)
      ),
      Effect.map((answer) => answer ?? outOfTime.toString())
    )

  // What has begun goes on when the peer hangs up: else hanging up would be a way to have worker after worker ended.
  return (question) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const asked = yield* Clock.currentTimeMillis
        const worker = yield* restore(Effect.timeoutOption(Pool.get(pool), patience))
        if (Option.isNone(worker)) return outOfTime.toString()
        const waited = (yield* Clock.currentTimeMillis) - asked
        return yield* compute(worker.value, question, Math.min(timeLimit, deadline - waited))
      }).pipe(Effect.scoped, Effect.catch(failed))
    )
})
