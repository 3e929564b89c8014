import { Effect } from "effect"
import { SecurityModule } from "../SecurityModule.ts"
import { commandEffect, done, ensureInstallable } from "../Session.ts"

/** `install`: installs the application of the session, all of it or nothing. */
export default commandEffect(
  "install",
  Effect.map(SecurityModule, (security) =>
    Effect.fnUntraced(function* (_, session) {
      yield* ensureInstallable(session)
      yield* security.install(session.application).pipe(
        Effect.catchTags({
          Forbidden: () => Effect.fail("forbidden" as const),
          SecurityError: (error) =>
            Effect.andThen(Effect.logError(error.message), Effect.fail("internal" as const))
        })
      )
      return done()
    })
  )
)
