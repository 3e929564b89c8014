/** The labels that are really on the disk, read by other means than the back end's own. */
import { execFileSync } from "node:child_process"
import { lstatSync } from "node:fs"
import { AttributeName, type Attributes } from "../../../src/protocols/sec-lsm-manager/Label.ts"

/** What keeps this machine from labelling files, if anything does. */
export const obstacle = ((): string | undefined => {
  if (process.getuid?.() !== 0) return "only root may set security attributes"
  try {
    execFileSync("setfattr", ["--version"])
  } catch {
    return "setfattr is missing: install the package attr"
  }
  return undefined
})()

/** One attribute of one path as the program prints it, one value at a time: not the way the back end reads. */
export const attribute = (path: string, name: string): string | undefined => {
  try {
    return execFileSync("getfattr", ["-h", "--absolute-names", "--only-values", "-n", name, "--", path], {
      encoding: "latin1",
      stdio: ["ignore", "pipe", "ignore"]
    })
  } catch {
    return undefined
  }
}

export const attributes = (path: string): Attributes =>
  Object.fromEntries(
    AttributeName.literals.flatMap((name) => {
      const value = attribute(path, name)
      return value === undefined ? [] : [[name, value]]
    })
  )

/** All security attributes of those of these paths that exist. */
export const dump = (paths: ReadonlyArray<string>): string =>
  execFileSync(
    "getfattr",
    [
      ...["-h", "--absolute-names", "-d", "-e", "hex", "-m", "^security", "--"],
      ...paths.filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    ],
    { encoding: "latin1" }
  )
