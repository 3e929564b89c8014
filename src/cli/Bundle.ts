/**
 * The command as the package ships it: a bundle (`scripts/bundle.ts`), because Node loads a few files in less than half
 * of the time that it takes for the 530 modules in them.
 *
 * A bundle has of Effect and of Wireline only what the command uses. Modules of an operator's own may use all of both,
 * and need the very instances that the server runs on. A command line that loads such modules therefore runs from the
 * modules that the bundle is made of, which the package has as well.
 */
import { Context, Effect } from "effect"

/** Runs the command line once more, from the modules that the bundle is made of; undefined where this is no bundle. */
export const Unbundled = Context.Reference<(() => Promise<unknown>) | undefined>("wireline/cli/Unbundled", {
  defaultValue: () => undefined
})

/**
 * Runs the effect, unless it needs modules of an operator's own and this is a bundle: then the command line is run
 * unbundled, which goes on after this effect has succeeded.
 *
 * **Gotchas**
 *
 * Do nothing before that must not be done twice. Settings are read twice.
 */
export const unbundledIf =
  (needsModules: boolean) =>
  <E, R>(effect: Effect.Effect<void, E, R>): Effect.Effect<void, E, R> =>
    Effect.flatMap(Unbundled, (unbundled) =>
      needsModules && unbundled !== undefined ? Effect.promise(unbundled) : effect
    )
