import { Effect, FileSystem, Schema } from "effect"
import { ApplicationId } from "../Application.ts"
import { ensureDirectory, normalise } from "../FilePath.ts"
import { commandEffect, done } from "../Session.ts"

const isApplicationId = Schema.is(ApplicationId)

/** `plug EXPDIR IMPID IMPDIR`: plugs a directory of this application into one of another. */
export default commandEffect(
  "plug",
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return Effect.fnUntraced(function* (request, session) {
      if (session.failed) return yield* Effect.fail("not-recoverable" as const)
      const expdir = normalise(request.expdir)
      const impdir = normalise(request.impdir)
      if (expdir === undefined || impdir === undefined) return yield* Effect.fail("invalid" as const)
      if (session.plugs.has(impdir)) return yield* Effect.fail("already-set" as const)
      if (!isApplicationId(request.impid)) return yield* Effect.fail("invalid" as const)
      yield* ensureDirectory(fs, expdir)
      yield* ensureDirectory(fs, impdir)
      if (!session.reserve(expdir.length + impdir.length + request.impid.length)) {
        return yield* Effect.fail("internal" as const)
      }
      session.plugs.set(impdir, { expdir, impid: request.impid, impdir })
      return done()
    })
  })
)
