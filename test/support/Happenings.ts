/**
 * What has happened in a test, in order, for the test to wait for: it waits for the event itself and never for time to
 * pass.
 */
import { Effect, Logger } from "effect"

export class Happenings {
  readonly all: Array<string> = []
  private changed = Promise.withResolvers<void>()

  note(event: string): void {
    this.all.push(event)
    this.changed.resolve()
    this.changed = Promise.withResolvers<void>()
  }

  /** Waits until this has happened so many times since the test began. */
  until(event: string | RegExp, times = 1): Effect.Effect<void> {
    return Effect.promise(async (signal) => {
      while (this.count(event) < times && !signal.aborted) await this.changed.promise
    })
  }

  count(event: string | RegExp): number {
    return this.all.filter((other) => (typeof event === "string" ? other === event : event.test(other)))
      .length
  }
}

/** Runs a test with what it logs at hand: each entry is its level, its message, and the pretty cause. */
export const withLogs = <A, E, R>(
  test: (logs: Happenings) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const logs = new Happenings()
    const collect = Logger.map(Logger.formatLogFmt, (line) => logs.note(line))
    return Effect.provide(test(logs), Logger.layer([collect]))
  })
