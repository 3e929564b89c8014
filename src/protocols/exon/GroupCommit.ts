/**
 * One queue and one worker, so that operations on the database that wait at the same moment share one transaction.
 *
 * **What it promises**
 *
 * - An operation takes its place in the queue the moment it is submitted, and operations take effect in that order,
 *   whoever submitted them.
 * - It is completed after the commit, never before: what is answered is as durable as the database's commit.
 * - When operations that share a transaction fail, they are tried again in halves, so that one that cannot be done
 *   fails alone. Not so when the database itself cannot be used or refuses the commit: then all of them fail, and
 *   nothing of them is kept.
 * - The worker outlives whatever an operation does. When its scope closes, it finishes what was submitted before.
 *
 * **How many share.** The worker begins when the event loop has handled all input that was there (`setImmediate`), so
 * whatever came on any connection in that turn goes together; and what comes while it commits makes up the next
 * group. A group is bounded, and the event loop gets its turn after each.
 */
import { Cause, Effect, Exit, Fiber, type Scope } from "effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as SqlError from "effect/sql/SqlError"
import { StoreError } from "./StoreError.ts"

/** Something to do with the database, and who waits for it. */
export abstract class Operation<A> {
  /** Whether it changes anything, so that it needs a transaction. */
  abstract readonly writes: boolean
  /** How much work it is, about: in characters that are written. */
  abstract readonly weight: number
  /** What came of it; set when it has been run, and told when that is committed. */
  outcome: Exit.Exit<A, StoreError> | undefined

  private readonly complete: (outcome: Exit.Exit<A, StoreError>) => void

  constructor(complete: (outcome: Exit.Exit<A, StoreError>) => void) {
    this.complete = complete
  }

  succeed(value: A): void {
    this.outcome = Exit.succeed(value)
  }

  fail(error: StoreError): void {
    this.outcome = Exit.fail(error)
  }

  /** Forgets what came of it, which is not committed. */
  reset(): void {
    this.outcome = undefined
  }

  /** Tells whoever waits. */
  deliver(): void {
    this.complete(this.outcome ?? Exit.die(new Error("the operation was not run")))
  }
}

/** Any operation, where what comes of it does not matter. */
export type AnyOperation = Pick<Operation<unknown>, "writes" | "weight" | "deliver" | "fail" | "reset">

/** What is run, and how much of it. */
export interface Options<Op extends AnyOperation> {
  /** Runs operations in order, in a transaction if one of them writes, and gives each its outcome. */
  readonly run: (operations: ReadonlyArray<Op>) => Effect.Effect<void, SqlError.SqlError>
  /** The most operations of one transaction; 512 by default. */
  readonly maxGroup?: number | undefined
  /** The most that the operations of one transaction weigh together, unless it is a single one; 64 Ki by default. */
  readonly maxGroupWeight?: number | undefined
  /** The most operations that wait; 65,536 by default. One more fails with `Overloaded`. */
  readonly capacity?: number | undefined
  /** The most that waiting operations weigh together; 64 Mi by default. Beyond, one fails with `Overloaded`. */
  readonly capacityWeight?: number | undefined
}

/** Starts the worker, for as long as the scope lives, and returns how to submit an operation to it. */
export const make = Effect.fnUntraced(function* <Op extends AnyOperation>(
  options: Options<Op>
): Effect.fn.Return<(operation: Op) => void, never, Scope.Scope | SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const queue = new Waiting<Op>(options)

  const attempt = (group: ReadonlyArray<Op>): Effect.Effect<Attempt> => {
    // Whether it is the commit that failed is not to be known from the error.
    let ran = false
    const run = Effect.andThen(
      options.run(group),
      Effect.sync(() => void (ran = true))
    )
    return Effect.map(
      Effect.exit(group.some((operation) => operation.writes) ? sql.withTransaction(run) : run),
      (exit) => ({ exit, ran })
    )
  }

  /** Runs and commits them, and returns why some could not be, each of whom has failed then. */
  const perform = (group: ReadonlyArray<Op>): Effect.Effect<ReadonlyArray<Failure>> =>
    Effect.flatMap(attempt(group), ({ exit, ran }) => {
      if (Exit.isSuccess(exit)) return succeeded
      if (group.length > 1 && !ran && !isUnusable(exit.cause)) {
        for (const operation of group) operation.reset()
        const half = group.length >> 1
        return Effect.zipWith(perform(group.slice(0, half)), perform(group.slice(half)), (one, other) => [
          ...one,
          ...other
        ])
      }
      const error = new StoreError({ reason: "Unavailable", cause: exit.cause })
      for (const operation of group) operation.fail(error)
      return Effect.succeed([exit.cause])
    })

  const work = Effect.gen(function* () {
    while (yield* queue.filled) {
      const group = queue.take()
      const failures = yield* perform(group)
      for (const operation of group) operation.deliver()
      // When the disk is full, all of them fail for one reason.
      if (failures[0] !== undefined) {
        yield* Effect.logError(`operations of the item store failed: ${firstLine(failures[0])}`)
      }
    }
  })

  yield* Effect.acquireRelease(Effect.forkDetach(work), (worker) =>
    Effect.andThen(queue.close, Fiber.await(worker))
  )
  return (operation) => queue.submit(operation)
})

type Failure = Cause.Cause<SqlError.SqlError>

interface Attempt {
  readonly exit: Exit.Exit<void, SqlError.SqlError>
  readonly ran: boolean
}

const succeeded = Effect.succeed<ReadonlyArray<Failure>>([])

/** What the database says, in a line. */
const firstLine = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const root = SqlError.isSqlError(error) ? error.reason.cause : error
  return (root instanceof Error ? root.message : String(root)).split("\n")[0]!
}

/** Whether trying again would fail for every operation, and perhaps take its time each time. */
const isUnusable = (cause: Failure): boolean =>
  cause.reasons.some((reason) => Cause.isFailReason(reason) && unusable.has(reason.error.reason._tag))

const unusable: ReadonlySet<SqlError.SqlErrorReason["_tag"]> = new Set([
  "ConnectionError",
  "AuthenticationError",
  "AuthorizationError",
  "LockTimeoutError",
  "StatementTimeoutError"
])

/** The operations that wait, and the worker that waits for them. */
class Waiting<Op extends AnyOperation> {
  private operations: Array<Op> = []
  private weight = 0
  private closed = false
  private wake: (() => void) | undefined

  private readonly maxGroup: number
  private readonly maxGroupWeight: number
  private readonly capacity: number
  private readonly capacityWeight: number

  constructor(options: Options<Op>) {
    this.maxGroup = options.maxGroup ?? 512
    this.maxGroupWeight = options.maxGroupWeight ?? 65_536
    this.capacity = options.capacity ?? 65_536
    this.capacityWeight = options.capacityWeight ?? 67_108_864
  }

  submit(operation: Op): void {
    const reason = this.refusal(operation)
    if (reason !== undefined) {
      operation.fail(new StoreError({ reason }))
      operation.deliver()
      return
    }
    this.operations.push(operation)
    this.weight += operation.weight
    this.rouse()
  }

  /** The first ones that wait, as many as go together. */
  take(): ReadonlyArray<Op> {
    let count = 0
    let weight = 0
    for (; count < this.operations.length && count < this.maxGroup; count++) {
      const next = this.operations[count]!.weight
      if (count > 0 && weight + next > this.maxGroupWeight) break
      weight += next
    }
    this.weight -= weight
    return this.operations.splice(0, count)
  }

  /** Waits for operations, and for the turn of the event loop to end; false when there will be no more. */
  readonly filled: Effect.Effect<boolean> = Effect.callback((resume) => {
    this.wake = () => resume(Effect.succeed(this.operations.length > 0))
    if (this.operations.length > 0 || this.closed) this.rouse()
  })

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    this.closed = true
    this.rouse()
  })

  private rouse(): void {
    if (this.wake === undefined) return
    setImmediate(this.wake)
    this.wake = undefined
  }

  private refusal(operation: Op): StoreError["reason"] | undefined {
    if (this.closed) return "Closed"
    const isFull =
      this.operations.length >= this.capacity || this.weight + operation.weight > this.capacityWeight
    return isFull ? "Overloaded" : undefined
  }
}
