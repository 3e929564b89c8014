/**
 * Things that are loaded at their first use, each under a key, and kept until a flush: the Ref that the commands of
 * every protocol are held in.
 *
 * What is loaded between two flushes is a generation. It has one scope, in which everything is built, and one memo map,
 * so that Layers that several are made from are built once. A flush puts an empty generation in its place, and closes
 * the old one as soon as nothing that was loaded in it is in use any more.
 *
 * The look-up of what is loaded is left to the caller, who may be in a hurry: `Ref.getUnsafe(cache.current)`, and a
 * `Map`.
 */
import { Effect, Exit, Layer, Ref, Scope, Semaphore } from "effect"

/** What is loaded, by key, and where it was built. */
export interface Generation<Key, out Value> extends Lifetime {
  readonly values: ReadonlyMap<Key, Value>
  readonly memoMap: Layer.MemoMap
}

/** How long a generation lives. */
export interface Lifetime {
  /** Closed at its end. */
  readonly scope: Scope.Closeable
  /** The same object in every state of one generation. */
  readonly use: { entered: number; flushed: boolean }
}

/** Things that are loaded at their first use and kept until the next flush. */
export interface LoadCache<Key, in out Value, out E = never> {
  /** The generation of now. */
  readonly current: Ref.Ref<Generation<Key, Value>>
  /**
   * What is loaded under the key, loaded first where it is not. Many who ask at the same time have it loaded once.
   * Different keys do not wait for one another. After a failure, or an interruption, the next who asks tries again.
   */
  readonly load: (key: Key) => Effect.Effect<Value, E>
  /**
   * Forgets everything, so that it is loaded afresh at its next use; what is just being loaded, too. It does not wait
   * for what is in use, so that what is in use may ask for it.
   */
  readonly flush: Effect.Effect<void>
}

/**
 * Makes an empty cache, which closes with the scope that it is made in. `load` builds the value of a key, in a scope
 * that lives as long as the generation, or in the generation's own with its memo map; after a failure, what the former
 * had acquired is released at once.
 */
export const make = <Key, Value, E = never, R = never>(
  load: (key: Key, generation: Generation<Key, Value>) => Effect.Effect<Value, E, R>
): Effect.Effect<LoadCache<Key, Value, E>, never, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Exclude<R, Scope.Scope>>()
    const current = yield* Ref.make(empty<Key, Value>())
    const loading = new Loading<Key>()

    const loadInto = (key: Key, generation: Generation<Key, Value>): Effect.Effect<Value, E> =>
      using(
        generation,
        Effect.acquireUseRelease(
          Scope.fork(generation.scope),
          (scope) =>
            load(key, generation).pipe(
              Effect.provideService(Scope.Scope, scope),
              Effect.provideContext(context),
              Effect.tap((value) =>
                Ref.update(current, (now) =>
                  now.use === generation.use ? { ...now, values: new Map(now.values).set(key, value) } : now
                )
              )
            ),
          (scope, exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void)
        )
      )

    const find = (key: Key): Effect.Effect<Value, E> =>
      Effect.suspend(() => {
        const generation = Ref.getUnsafe(current)
        if (generation.values.has(key)) return Effect.succeed(generation.values.get(key)!)
        return Effect.flatMap(loadInto(key, generation), (value) =>
          generation.use.flushed ? find(key) : Effect.succeed(value)
        )
      })

    const flush = Effect.suspend(() => {
      const before = Ref.getUnsafe(current)
      before.use.flushed = true
      return Effect.andThen(Ref.set(current, empty<Key, Value>()), closeUnused(before))
    })

    yield* Effect.addFinalizer(() => Scope.close(Ref.getUnsafe(current).scope, Exit.void))
    return { current, load: (key) => loading.one(key, find(key)), flush }
  })

/** Says that something of the generation is in use: it stays open until as many have left as have entered. */
export const enter = ({ use }: Lifetime): void => void use.entered++

/** Says that it is no longer in use; closes the generation where it was the last that a flush waited for. */
export const leave = (generation: Lifetime): Effect.Effect<void> => {
  generation.use.entered--
  return generation.use.flushed ? closeUnused(generation) : Effect.void
}

/** Runs an effect that uses something of the generation. */
export const using = <A, E, R>(
  generation: Lifetime,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => enter(generation)),
    () => effect,
    () => leave(generation)
  )

const empty = <Key, Value>(): Generation<Key, Value> => ({
  values: new Map(),
  memoMap: Layer.makeMemoMapUnsafe(),
  scope: Scope.makeUnsafe(),
  use: { entered: 0, flushed: false }
})

const closeUnused = ({ scope, use }: Lifetime): Effect.Effect<void> =>
  use.entered === 0 ? Scope.close(scope, Exit.void) : Effect.void

/** Who is loading what: one at a time for each key. */
class Loading<Key> {
  private readonly turns = new Map<Key, { readonly semaphore: Semaphore.Semaphore; waiting: number }>()

  one<A, E>(key: Key, effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const turn = this.turns.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), waiting: 0 }
        turn.waiting++
        this.turns.set(key, turn)
        return turn
      }),
      ({ semaphore }) => semaphore.withPermit(effect),
      (turn) => Effect.sync(() => void (--turn.waiting === 0 && this.turns.delete(key)))
    )
  }
}
