/** What a server watches of its connections from outside: since when each waits for its peer. */
import { type Clock, Effect } from "effect"

/** A connection that may be closed because it waits for its peer too long. */
export interface Activity {
  /** In milliseconds of the Clock; infinite while it does not wait for its peer. */
  readonly waitingSince: number
  /** Closes the connection at once, whatever it is doing and whatever is still to be written. */
  readonly destroy: Effect.Effect<void>
}

/**
 * Closes the connections that have waited for their peers for `limit` milliseconds, and returns when the next one would be
 * due; so it costs nothing while connections are busy.
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
