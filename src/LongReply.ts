/**
 * Replies that are too long to be made at once: a command writes one in portions, each made only when there is room
 * for it and the peer has taken the one before.
 *
 * **What it promises**
 *
 * - What is made and not taken yet is bounded for a whole server (`Limits.maxUnread`), however many peers ask for long
 *   replies and read none. Who finds no room waits, and nobody waits for him; replies that are not written like this
 *   never wait.
 * - Portions are made one at a time, in the order in which they were asked for, and the event loop has its turn after
 *   each: while a long reply is made, another connection waits for a portion of it at most.
 * - Who has taken nothing for `Limits.unreadTimeout` while another waits for room is closed, so that there is room
 *   again. Until somebody waits, nobody is.
 */
import { type Clock, Context, Effect, Latch } from "effect"
import type * as Socket from "effect/socket/Socket"

/**
 * The way to write a long reply, in the context of every command that answers with an effect:
 *
 * ```ts
 * const { portion } = yield* Server.LongReply
 * yield* portion(size, Effect.map(read(first), (text) => `[${text}`))
 * yield* portion(size, Effect.map(read(second), (text) => `,${text}]`))
 * return []
 * ```
 *
 * **Details**
 *
 * `portion` waits for room for about `size` bytes, runs `make`, writes what that gives, and returns when the peer takes
 * more. All portions together are one frame, without its delimiter, which follows when the command has answered; it
 * answers with no other frame. A portion should be small enough to be made in some milliseconds, such as 256 KiB.
 *
 * When a command dies after the first portion, nothing can be answered any more, and the connection closes. When the
 * peer leaves, the command is interrupted.
 */
export class LongReply extends Context.Reference<{
  readonly portion: <R>(size: number, make: Effect.Effect<string, never, R>) => Effect.Effect<void, never, R>
}>("wireline/LongReply", {
  defaultValue: () => ({ portion: () => Effect.die(new Error("LongReply: this is no command's context")) })
}) {}

/** Who holds room, or has an open connection: since when it waits for its peer, and how it is closed. */
export interface Activity {
  /** In milliseconds of the Clock; infinite while it does not wait. */
  readonly waitingSince: number
  /** Closes the connection at once, whatever it is doing and whatever is still to be written. */
  readonly destroy: Effect.Effect<void>
}

interface Waiting {
  readonly who: Activity
  readonly size: number
  readonly enter: () => void
}

/**
 * The room of a server for what its peers have not taken yet; each connection has one portion in it at most. Whoever has
 * written a portion keeps its room for the next one, so that a reply that is read comes to its end however many others
 * wait.
 */
export class Room {
  private readonly max: number
  private readonly clock: Clock.Clock

  private readonly waiting = new Set<Waiting>()
  private readonly holders = new Map<Activity, number>()
  private held = 0
  /** Whose portion is being made, and whether the turn that it was made in lasts. */
  private making: Activity | undefined
  private busy = false
  /** Open while somebody waits for room, and not only for his turn. */
  private readonly full = Latch.makeUnsafe(false)

  constructor(max: number, clock: Clock.Clock) {
    this.max = max
    this.clock = clock
  }

  /** Waits for the turn to make a portion of about this size, and for room for it. */
  enter(who: Activity, size: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const waiting: Waiting = { who, size, enter: () => resume(Effect.void) }
      this.waiting.add(waiting)
      this.admit()
      return Effect.sync(() => {
        this.waiting.delete(waiting)
        this.admit()
      })
    })
  }

  /** The portion is made, and has this size; another may be made in the next turn of the event loop. */
  made(who: Activity, size: number): void {
    this.hold(who, size)
    this.endTurn(who)
  }

  /** The reply has ended, or never will. */
  leave(who: Activity): void {
    if (!this.holders.has(who)) return
    this.hold(who, 0)
    this.holders.delete(who)
    this.endTurn(who)
    this.admit()
  }

  private hold(who: Activity, size: number): void {
    this.held += size - (this.holders.get(who) ?? 0)
    this.holders.set(who, size)
  }

  private endTurn(who: Activity): void {
    if (this.making !== who) return
    this.making = undefined
    setImmediate(() => {
      this.busy = false
      this.admit()
    })
  }

  private admit(): void {
    const next = this.next()
    if (next === undefined || this.busy) return
    this.waiting.delete(next)
    this.busy = true
    this.making = next.who
    this.hold(next.who, next.size)
    next.enter()
  }

  /** The first for whom there is room; nobody overtakes another, save in the room that he has already. */
  private next(): Waiting | undefined {
    let isFull = false
    let next: Waiting | undefined
    for (const waiting of this.waiting) {
      const own = this.holders.get(waiting.who) ?? 0
      const others = this.held - own
      const fits = others === 0 || waiting.size <= own || (!isFull && others + waiting.size <= this.max)
      if (!fits) isFull = true
      else next ??= waiting
      if (isFull && next !== undefined) break
    }
    if (isFull) this.full.openUnsafe()
    else this.full.closeUnsafe()
    return next
  }

  /** Closes, while somebody waits for room, those who hold some and have taken nothing for so many milliseconds. */
  closeStalled(limit: number): Effect.Effect<never> {
    return Effect.forever(
      Effect.andThen(
        this.full.await,
        closeWaiting(
          () => this.holders.keys(),
          limit,
          this.clock,
          "closed a connection that did not read its reply while others waited for theirs"
        )
      )
    )
  }
}

/** The long reply that a conversation is writing. */
export class Portions {
  /** Whether there are portions of a frame that has not ended. */
  isOpen = false
  /** The frame so far, where somebody wants to see it. */
  private frame = ""

  private readonly who: Activity
  private readonly room: Room
  private readonly send: (text: string) => Effect.Effect<void, Socket.SocketError> | undefined
  private readonly isObserved: () => boolean

  constructor(options: {
    readonly who: Activity
    readonly room: Room
    readonly send: (text: string) => Effect.Effect<void, Socket.SocketError> | undefined
    readonly isObserved: () => boolean
  }) {
    this.who = options.who
    this.room = options.room
    this.send = options.send
    this.isObserved = options.isObserved
  }

  /** Makes and writes a portion. */
  readonly portion = <R>(
    size: number,
    make: Effect.Effect<string, never, R>
  ): Effect.Effect<void, never, R> =>
    this.room.enter(this.who, size).pipe(
      Effect.andThen(make),
      Effect.flatMap((text) => {
        this.room.made(this.who, text.length)
        this.isOpen = true
        if (this.isObserved()) this.frame += text
        return this.send(text) ?? Effect.void
      }),
      // The peer is gone.
      Effect.catch(() => Effect.interrupt)
    )

  /** Ends the frame and returns it, as far as somebody wanted to see it. */
  end(): string {
    const { frame } = this
    this.abandon()
    this.isOpen = false
    this.frame = ""
    return frame
  }

  /** Writes no more of it. */
  abandon(): void {
    this.room.leave(this.who)
  }
}

/**
 * Closes those that have waited for their peer for so many milliseconds, and returns when the next one would be due; so
 * it costs nothing while connections are busy.
 */
export const closeWaiting = (
  open: () => Iterable<Activity>,
  limit: number,
  clock: Clock.Clock,
  message: string
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const now = clock.currentTimeMillisUnsafe()
    const overdue: Array<Activity> = []
    let oldest = now
    for (const activity of open()) {
      if (now - activity.waitingSince >= limit) overdue.push(activity)
      else oldest = Math.min(oldest, activity.waitingSince)
    }
    return Effect.andThen(
      Effect.forEach(overdue, ({ destroy }) => Effect.andThen(Effect.logDebug(message), destroy), {
        discard: true
      }),
      Effect.sleep(oldest + limit - now)
    )
  })
