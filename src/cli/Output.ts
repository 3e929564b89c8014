/**
 * Where a subcommand writes text that may be long: standard output, or a file that is there whole, or as it was before.
 */
import { Effect, FileSystem, type PlatformError, Predicate, Schema, Stdio, Stream } from "effect"
import { randomUUID } from "node:crypto"

/** The text could not be written; a file that was there is as it was. */
export class NotWritten extends Schema.TaggedError<NotWritten>()("NotWritten", {
  subject: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `cannot write ${this.subject}: ${whyOf(this.cause)}`
  }
}

/** What an error of a file says, without the call and the path that Node goes on with: it may not be the one given. */
export const whyOf = (cause: unknown): string =>
  (Predicate.hasProperty(cause, "message") ? String(cause.message) : String(cause)).replace(
    /, [a-z]+( '.*)?$/,
    ""
  )

const notWritten =
  (subject: string) =>
  (error: PlatformError.PlatformError): NotWritten =>
    new NotWritten({ subject, cause: "cause" in error.reason ? error.reason.cause : error })

/** Writes to standard output, until the end or until nobody reads any more, as after `| head`. */
export const toStandardOutput = <E, R>(
  text: Stream.Stream<string, E, R>
): Effect.Effect<void, E | NotWritten, R | Stdio.Stdio> =>
  Effect.gen(function* () {
    const stdio = yield* Stdio.Stdio
    yield* text.pipe(
      Stream.runForEach((piece) =>
        Effect.mapError(Stream.run(Stream.make(piece), stdio.stdout()), notWritten("standard output"))
      ),
      Effect.catchIf(isClosed, () => Effect.void)
    )
  })

const isClosed = (error: unknown): error is NotWritten =>
  error instanceof NotWritten && Predicate.hasProperty(error.cause, "code") && error.cause.code === "EPIPE"

/**
 * Writes a file beside the one that is there, and then renames it. A symbolic link stays one; what is no regular file,
 * such as a device or a pipe, is written into and not replaced.
 */
export const toFile = Effect.fnUntraced(function* <E, R>(
  text: Stream.Stream<string, E, R>,
  path: string
): Effect.fn.Return<void, E | NotWritten, R | FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const isReplaced = yield* fs.stat(path).pipe(
    Effect.map(({ type }) => type === "File"),
    Effect.orElseSucceed(() => true)
  )
  // Appended, for in a pipe there are no positions to write at.
  if (!isReplaced) return yield* writeInto(fs, text, { file: path, path, flag: "a" })
  const target = yield* Effect.orElseSucceed(fs.realPath(path), () => path)
  const beside = `${target}.${randomUUID()}.tmp`
  yield* writeInto(fs, text, { file: beside, path, flag: "wx" }).pipe(
    Effect.andThen(Effect.mapError(fs.rename(beside, target), notWritten(path))),
    Effect.onError(() => Effect.ignore(fs.remove(beside)))
  )
})

const writeInto = <E, R>(
  fs: FileSystem.FileSystem,
  text: Stream.Stream<string, E, R>,
  { file, flag, path }: { readonly file: string; readonly path: string; readonly flag: "a" | "wx" }
) => {
  const orNotWritten = Effect.mapError(notWritten(path))
  return Effect.scoped(
    Effect.gen(function* () {
      const handle = yield* orNotWritten(fs.open(file, { flag }))
      yield* text.pipe(
        Stream.encodeText,
        Stream.runForEach((bytes) => orNotWritten(handle.writeAll(bytes)))
      )
      // A device has nothing to be synced.
      if (flag === "wx") yield* orNotWritten(handle.sync)
    })
  )
}
