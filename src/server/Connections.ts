/** The connections of one server: how many there may be, and which of them have been idle too long. */
import { Cause, type Clock, Context, Duration, Effect, type Exit, References, Scope } from "effect"
import * as Socket from "effect/socket/Socket"
import { Peer } from "../Peer.ts"
import type { Transport } from "../Transport.ts"
import { type Activity, closeWaiting } from "./Activity.ts"
import { RequestCount, RequestId } from "./RequestId.ts"
import type { ServerMetrics } from "./ServerMetrics.ts"

/** A connection that has been admitted. */
export interface Admitted {
  readonly request: RequestCount
  /** In this scope its session is built. */
  readonly scope: Scope.Closeable
  /** What it does, from when its loop is made. */
  loop: Loop | undefined
}

interface Loop extends Activity {
  /** Ends what handlers have begun. */
  readonly finish: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
  readonly transport: Transport
}

export class Connections {
  private readonly open = new Set<Admitted>()
  private refusalLogged = Number.NEGATIVE_INFINITY

  private readonly metrics: ServerMetrics
  private readonly clock: Clock.Clock
  private readonly max: number

  constructor(
    { clock, metrics }: { readonly clock: Clock.Clock; readonly metrics: ServerMetrics },
    max: number
  ) {
    this.metrics = metrics
    this.clock = clock
    this.max = max
  }

  /** Runs a connection in a scope of its own, unless there are too many. */
  admit<E, R>(
    run: (connection: Admitted) => Effect.Effect<void, E, R>
  ): Effect.Effect<void, never, Exclude<R, Scope.Scope>> {
    if (this.open.size >= this.max) return this.refuse
    const connection: Admitted = {
      request: new RequestCount(++this.metrics.accepted),
      scope: Scope.makeUnsafe(),
      loop: undefined
    }
    this.open.add(connection)
    this.metrics.open++
    return run(connection).pipe(
      Effect.onExit((exit) => this.leave(connection, exit)),
      Effect.catchCause(report),
      Effect.updateContext((context: Context.Context<Exclude<R, Scope.Scope>>) =>
        contextOf(connection, context)
      )
    )
  }

  /** Releases what a connection holds. */
  private leave(connection: Admitted, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const { loop, scope } = connection
    return (loop?.finish(exit) ?? Effect.void).pipe(
      Effect.ensuring(Scope.close(scope, exit)),
      Effect.ensuring(loop?.transport.close ?? Effect.void),
      Effect.ensuring(
        Effect.sync(() => {
          this.open.delete(connection)
          this.metrics.open--
        })
      )
    )
  }

  private readonly refuse = Effect.suspend(() => {
    const refused = ++this.metrics.refused
    const now = this.clock.currentTimeMillisUnsafe()
    if (now - this.refusalLogged < 1000) return Effect.void
    this.refusalLogged = now
    return Effect.logWarning(
      `refused a connection: ${this.max} are open, the most there may be; ${refused} refused since the start`
    )
  })

  /** Closes the connections that have been waiting for their peer longer than the timeout. */
  closeIdle(timeout: Duration.Duration): Effect.Effect<never> {
    return Effect.forever(
      closeWaiting(
        () => this.activities(),
        Duration.toMillis(timeout),
        this.clock,
        "closed an idle connection"
      )
    )
  }

  private *activities(): Iterable<Activity> {
    for (const { loop } of this.open) if (loop !== undefined) yield loop
  }
}

/** The one context of a connection: its scope, its request for handlers, and both ends of it for logs. */
const contextOf = <R>({ request, scope }: Admitted, context: Context.Context<Exclude<R, Scope.Scope>>) => {
  const { address: peer } = Context.getUnsafe(context, Peer)
  const annotations = { ...Context.get(context, References.CurrentLogAnnotations), peer, request }
  // That these are all of `R`, TypeScript cannot know here.
  return context.pipe(
    Context.add(Scope.Scope, scope),
    Context.add(RequestId, request),
    Context.add(References.CurrentLogAnnotations, annotations)
  ) as Context.Context<R>
}

/** Logs why a connection ended before its time. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  Cause.hasInterruptsOnly(cause) || Socket.isSocketError(Cause.squash(cause))
    ? Effect.logDebug("a connection broke off", cause)
    : Effect.logError("a connection ended because of an error in the server", cause)
