/**
 * The commands of a protocol while it is served, each loaded at its first use and kept until the next flush.
 */
import { Context, Effect, Layer, Ref, type Scope } from "effect"
import * as Command from "../command/definition.ts"
import type * as Protocol from "../Protocol.ts"
import * as LoadCache from "../LoadCache.ts"
import type { CommandMetrics } from "./ServerMetrics.ts"

/** A command that is loaded. */
export class LoadedCommand {
  /** Whether the connection's next requests may start before this one is answered. */
  readonly isConcurrent: boolean
  readonly session: Command.Built["session"]
  readonly handler: Command.Built["handler"]
  /** What is counted of it, from its first request on. */
  metrics: CommandMetrics | undefined
  private readonly generation: Generation
  private readonly run: (effect: Effect.Effect<void>) => void

  constructor(built: Command.Built, generation: Generation, run: (effect: Effect.Effect<void>) => void) {
    this.isConcurrent = built.concurrent === true
    this.session = built.session
    this.handler = built.handler
    this.metrics = undefined
    this.generation = generation
    this.run = run
  }

  /** Keeps what the command has acquired until `leave`, also where the cache is flushed meanwhile. */
  enter(): void {
    LoadCache.enter(this.generation)
  }

  leave(): void {
    const leaving = LoadCache.leave(this.generation)
    if (leaving !== Effect.void) this.run(leaving)
  }
}

type Generation = LoadCache.Generation<string, LoadedCommand>

/** The commands of a protocol. */
export interface CommandCache<in Tag extends string> {
  /** The command of a message, if it is loaded. */
  readonly find: (tag: Tag) => LoadedCommand | undefined
  /** Loads the command of a message. Dies when its module or its Layer fails; the next request for it tries again. */
  readonly load: (tag: Tag) => Effect.Effect<LoadedCommand>
  /**
   * Forgets all commands, so that the next request for each loads it afresh. What they had acquired is released as
   * soon as the requests in progress are answered; a flush does not wait for them, so that a command may ask for it.
   */
  readonly flush: Effect.Effect<void>
}

/** Makes the cache of a protocol's commands. It starts empty, and closes with the scope that it is made in. */
export const makeCache = <P extends Protocol.Any, L extends Command.Loaders<P, unknown>>(
  protocol: P,
  loaders: L
): Effect.Effect<
  CommandCache<Protocol.Request<P>["_tag"]>,
  never,
  Scope.Scope | Exclude<Command.Requirements<L>, Scope.Scope>
> =>
  Effect.gen(function* () {
    type Needed = Command.Requirements<L>
    const run = Effect.runForkWith(yield* Effect.context())
    const cache = yield* LoadCache.make<string, LoadedCommand, never, Needed>(
      Effect.fnUntraced(function* (tag: Protocol.Request<P>["_tag"], generation: Generation) {
        const loader: Command.Loader<P["name"], string, unknown> = loaders[tag]
        const layer: Layer.Layer<never, unknown, Needed> =
          typeof loader === "function" ? (yield* Effect.promise(loader)).default : loader
        const services = yield* Effect.orDie(
          Layer.buildWithMemoMap(layer, generation.memoMap, generation.scope)
        )
        return new LoadedCommand(Context.getUnsafe(services, Command.service(protocol, tag)), generation, run)
      })
    )
    return {
      find: (tag) => Ref.getUnsafe(cache.current).values.get(tag),
      load: cache.load,
      flush: cache.flush
    }
  })
