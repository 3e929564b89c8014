/**
 * The policy directory that both back ends write `ID.smack` into. Contents are byte strings, one character per byte.
 *
 * A file is replaced as a whole: the new one is written and synchronised beside it under a name that starts with a dot,
 * which loaders of policies pass over, and renamed. The name is always the same, so that a crash leaves at most
 * one such file and the next write, or the undoing of this one, takes it away.
 */
import { open, readFile, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { Effect, Predicate } from "effect"
import { createDirectories } from "../../storage/Files.ts"
import type { Backend } from "./Backend.ts"
import { type SecurityError, whileDoing } from "./SecurityError.ts"

/** The policy file of an application. */
export const fileOf = (directory: string, id: string): string => join(directory, `${id}.smack`)

/** The directory, created when it is missing. */
export const prepare = (directory: string): Effect.Effect<void, SecurityError> =>
  Effect.try({
    try: () => createDirectories(directory, 0o755),
    catch: whileDoing(`create the policy directory ${directory}`)
  })

export const readPolicy: Backend["Service"]["readPolicy"] = Effect.fn("Backend.readPolicy")((file) =>
  Effect.tryPromise({
    try: () => read(file),
    catch: whileDoing(`read the policy ${file}`)
  })
)

export const writePolicy: Backend["Service"]["writePolicy"] = Effect.fn("Backend.writePolicy")(
  (file, bytes) =>
    Effect.tryPromise({
      try: async () => {
        const beside = join(dirname(file), `.${basename(file)}.new`)
        if (bytes === (await read(file))) {
          await rm(beside, { force: true })
        } else if (bytes === undefined) {
          await rm(beside, { force: true })
          await rm(file)
        } else {
          await writeThrough(beside, bytes)
          await rename(beside, file)
        }
        await synchronise(dirname(file))
      },
      catch: whileDoing(`${bytes === undefined ? "remove" : "write"} the policy ${file}`)
    })
)

const read = (file: string): Promise<string | undefined> =>
  readFile(file, "latin1").catch((cause: unknown) => {
    if (Predicate.hasProperty(cause, "code") && cause.code === "ENOENT") return undefined
    throw cause
  })

const writeThrough = async (file: string, bytes: string): Promise<void> => {
  await using handle = await open(file, "w", 0o644)
  await handle.writeFile(bytes, "latin1")
  await handle.sync()
}

const synchronise = async (directory: string): Promise<void> => {
  await using handle = await open(directory, "r")
  await handle.sync()
}
