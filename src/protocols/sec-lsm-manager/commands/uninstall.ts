import { Effect } from "effect"
import { SecurityModule } from "../SecurityModule.ts"
import { commandEffect, done, ensureInstallable } from "../Session.ts"

/** `uninstall`: takes away what installing the application of the session has set up. */
export default commandEffect(
  "uninstall",
  Effect.map(SecurityModule, (security) =>
    Effect.fnUntraced(function* (_, session) {
      yield* ensureInstallable(session)
      yield* security
        .uninstall(session.application)
        .pipe(
          Effect.catch((error) =>
            Effect.andThen(Effect.logError(error.message), Effect.fail("internal" as const))
          )
        )
      return done()
    })
  )
)
