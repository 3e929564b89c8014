/**
 * Creates the files and directories that the server keeps its state in, with exactly the modes they are to have.
 */
import { closeSync, mkdirSync, openSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { Predicate } from "effect"

/**
 * Creates a directory and the missing ones above it, all with this mode; throws what `node:fs` throws.
 *
 * `mkdir` of Node with `recursive` never returns where the system answers ENOENT to a name that cannot exist although
 * its parent does, as below `/proc`.
 */
export const createDirectories = (path: string, mode: number): void => {
  try {
    mkdirSync(path, { mode })
  } catch (cause) {
    if (isCode(cause, "EEXIST") && statSync(path).isDirectory()) return
    if (!isCode(cause, "ENOENT") || exists(dirname(path))) throw cause
    createDirectories(dirname(path), mode)
    mkdirSync(path, { mode })
  }
}

/**
 * Creates an empty file that only its owner may read, unless something is there already. An existing file is not even
 * opened: closing a descriptor would drop the POSIX locks that this process holds on that file through another one.
 */
export const createPrivate = (file: string): void => {
  try {
    closeSync(openSync(file, "ax", 0o600))
  } catch (cause) {
    if (!isCode(cause, "EEXIST")) throw cause
  }
}

const isCode = (cause: unknown, code: string): boolean =>
  Predicate.hasProperty(cause, "code") && cause.code === code

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined
