import { Effect, FileSystem, Schema } from "effect"
import { PathType } from "../Application.ts"
import { ensureReachable, normalise } from "../FilePath.ts"
import { commandEffect, done } from "../Session.ts"

const isPathType = Schema.is(PathType)

/** `path PATH PATH-TYPE`: adds a file or directory of the application. */
export default commandEffect(
  "path",
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return Effect.fnUntraced(function* ({ path: text, type }, session) {
      if (session.failed) return yield* Effect.fail("not-recoverable" as const)
      if (!isPathType(type)) return yield* Effect.fail("invalid" as const)
      const path = normalise(text)
      if (path === undefined) return yield* Effect.fail("invalid" as const)
      if (session.paths.has(path)) return yield* Effect.fail("already-set" as const)
      yield* ensureReachable(fs, path)
      if (!session.reserve(path.length)) return yield* Effect.fail("internal" as const)
      session.paths.set(path, type)
      return done()
    })
  })
)
