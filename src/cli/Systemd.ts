/**
 * What a service of `Type=notify` tells systemd (sd_notify(3)): that it serves, that it reads its files again, that it
 * stops, and, where the unit has `WatchdogSec=`, that it is alive. Without `NOTIFY_SOCKET` there is nobody to tell.
 *
 * The socket is of the kind that Node.js has not, a Unix socket for datagrams. `systemd-notify`, which comes with systemd,
 * speaks on it for the server, and stays until it has been heard; the unit allows that with `NotifyAccess=all`.
 */
import { Duration, Effect, Schema, type Scope, Semaphore, Stream } from "effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"

/** What is told at the turns of a server's life. Not to be heard is logged, and no reason to stop serving. */
export interface ServiceManager {
  /** The server serves. That it stops is told when the scope closes, before anything that was there earlier ends. */
  readonly ready: Effect.Effect<void, never, Scope.Scope>
  /** Tells that files are being read again for as long as this runs. */
  readonly reloading: <A, E, R>(reload: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** systemd was not told. */
class NotTold extends Schema.TaggedError<NotTold>()("NotTold", { reason: Schema.String }) {
  override get message(): string {
    return `systemd was not told: ${this.reason}`
  }
}

/** How long it may take to tell something. */
const patience = Duration.seconds(10)

/**
 * Learns from the environment whether there is anybody to tell. With a watchdog, tells from now on until the scope
 * closes, twice in the watchdog's time, that the event loop turns.
 */
export const make = Effect.fnUntraced(function* (
  environment: Readonly<Record<string, string | undefined>>
): Effect.fn.Return<ServiceManager, never, ChildProcessSpawner.ChildProcessSpawner | Scope.Scope> {
  if (!environment["NOTIFY_SOCKET"]) return { ready: Effect.void, reloading: (reload) => reload }
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const turn = yield* Semaphore.make(1)
  const notify = (...assignments: ReadonlyArray<string>): Effect.Effect<void> =>
    turn.withPermit(Effect.catch(tell(spawner, assignments), ({ message }) => Effect.logWarning(message)))
  const time = watchdogTime(environment)
  if (time !== undefined) {
    const alive = Effect.andThen(notify("WATCHDOG=1"), Effect.sleep(Duration.times(time, 0.5)))
    yield* Effect.forkScoped(Effect.forever(alive))
  }
  return {
    // The server may be told to stop while systemd is told that it is ready.
    ready: Effect.andThen(
      Effect.addFinalizer(() => notify("STOPPING=1")),
      notify("READY=1")
    ),
    reloading: (reload) =>
      Effect.acquireUseRelease(
        Effect.suspend(() => notify("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)),
        () => reload,
        () => notify("READY=1")
      )
  }
})

/** The time in which the watchdog wants to hear from this process, if it does (sd_watchdog_enabled(3)). */
const watchdogTime = (
  environment: Readonly<Record<string, string | undefined>>
): Duration.Duration | undefined => {
  const microseconds = Number(environment["WATCHDOG_USEC"])
  const isMeant = [undefined, String(process.pid)].includes(environment["WATCHDOG_PID"])
  return microseconds > 0 && isMeant ? Duration.millis(microseconds / 1000) : undefined
}

const tell = (
  spawner: ChildProcessSpawner.ChildProcessSpawner["Service"],
  assignments: ReadonlyArray<string>
): Effect.Effect<void, NotTold> =>
  Effect.gen(function* () {
    const speaker = yield* spawner.spawn(
      ChildProcess.make("systemd-notify", assignments, { stdin: "ignore", stdout: "ignore" })
    )
    const [said, status] = yield* Effect.all(
      [Stream.mkString(Stream.decodeText(speaker.stderr)), speaker.exitCode],
      { concurrency: 2 }
    )
    if (status !== 0) return yield* new NotTold({ reason: said.trim() || `exit status ${status}` })
  }).pipe(
    Effect.scoped,
    Effect.catchTag("PlatformError", ({ reason }) =>
      Effect.fail(
        new NotTold({
          reason: reason._tag === "NotFound" ? "there is no systemd-notify to do it with" : reason._tag
        })
      )
    ),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.fail(new NotTold({ reason: "systemd-notify takes too long" }))
    })
  )
