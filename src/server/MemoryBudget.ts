/**
 * The memory of one server for long replies: every connection that answers with a Stream takes its turn here before each
 * piece is made.
 *
 * **What it promises**
 *
 * - The pieces that are made and not taken by their peers are bounded for the whole server (`Limits.maxUnread`). A
 *   connection that finds no room waits; replies that are not Streams never wait.
 * - Pieces are made one at a time, in the order in which they were asked for, and the event loop has its turn after
 *   each: while a long reply is made, another connection waits for one piece at most. A piece that waits for something
 *   itself lets others be made meanwhile, and keeps the room that is expected for it.
 * - A connection keeps the room of its last piece for the next one, so that a reply that is read comes to its end however
 *   many others wait.
 * - While others wait for room, a connection that has taken nothing for `Limits.unreadTimeout` is closed.
 *
 * How large a piece will be is not known before it is made. The budget expects what recent pieces took.
 */
import { type Clock, Effect, Latch } from "effect"
import { type Activity, closeWaiting } from "./Activity.ts"

interface Waiting {
  readonly owner: Activity
  readonly size: number
  readonly enter: () => void
}

/** What a piece is expected to take before any was made, in characters. */
const firstEstimate = 65_536

export class MemoryBudget {
  private readonly max: number
  private readonly clock: Clock.Clock

  private readonly waiting = new Set<Waiting>()
  private readonly owners = new Map<Activity, number>()
  /** The sum of what the owners hold. */
  private used = 0
  private estimate = firstEstimate
  /** Whose piece is being made, and whether the turn of the event loop that it was made in lasts. */
  private making: Activity | undefined
  private isBusy = false
  /** Open while a connection waits for room, and not only for its turn. */
  private readonly full = Latch.makeUnsafe(false)

  constructor(max: number, clock: Clock.Clock) {
    this.max = max
    this.clock = clock
  }

  /** Waits for the turn to make a piece, and for room for it. */
  enter(owner: Activity): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const size = Math.max(this.estimate, this.owners.get(owner) ?? 0)
      const waiting: Waiting = { owner, size, enter: () => resume(this.begin(owner)) }
      this.waiting.add(waiting)
      this.admit()
      return Effect.sync(() => {
        this.waiting.delete(waiting)
        this.admit()
      })
    })
  }

  /** The piece is being made. If that takes more than this turn of the event loop, it is others that keep it busy. */
  private begin(owner: Activity): Effect.Effect<void> {
    return Effect.sync(() => void setImmediate(() => this.endTurn(owner)))
  }

  /** The piece is made, and has this size in characters; another may be made in the next turn of the event loop. */
  made(owner: Activity, size: number): void {
    this.estimate = Math.max(size, this.estimate * 0.9, firstEstimate)
    this.hold(owner, size)
    this.endTurn(owner)
  }

  /** The reply has ended, or never will. */
  leave(owner: Activity): void {
    if (!this.owners.has(owner)) return
    this.hold(owner, 0)
    this.owners.delete(owner)
    this.endTurn(owner)
    this.admit()
  }

  /** Closes, while a connection waits for room, those that hold some and have taken nothing for `limit` milliseconds. */
  closeStalled(limit: number): Effect.Effect<never> {
    return Effect.forever(
      Effect.andThen(
        this.full.await,
        closeWaiting(
          () => this.owners.keys(),
          limit,
          this.clock,
          "closed a connection that did not read its reply while others waited for theirs"
        )
      )
    )
  }

  private hold(owner: Activity, size: number): void {
    this.used += size - (this.owners.get(owner) ?? 0)
    this.owners.set(owner, size)
  }

  private endTurn(owner: Activity): void {
    if (this.making !== owner) return
    this.making = undefined
    setImmediate(() => {
      this.isBusy = false
      this.admit()
    })
  }

  private admit(): void {
    const next = this.next()
    if (next === undefined || this.isBusy) return
    this.waiting.delete(next)
    this.isBusy = true
    this.making = next.owner
    this.hold(next.owner, next.size)
    next.enter()
  }

  /** The first connection for which there is room; none overtakes another, save in the room that it has already. */
  private next(): Waiting | undefined {
    let isFull = false
    let next: Waiting | undefined
    for (const waiting of this.waiting) {
      const own = this.owners.get(waiting.owner) ?? 0
      const others = this.used - own
      const fits = others === 0 || waiting.size <= own || (!isFull && others + waiting.size <= this.max)
      if (!fits) isFull = true
      else next ??= waiting
      if (isFull && next !== undefined) break
    }
    if (isFull) this.full.openUnsafe()
    else this.full.closeUnsafe()
    return next
  }
}
