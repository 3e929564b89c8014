/**
 * Reads and writes the extended attributes of many files through the programs `getfattr` and `setfattr` (of Debian's
 * package `attr`), for Node has no call of its own for them.
 *
 * No shell is involved and no link is followed. Paths go in as arguments, as many at a time as fit a command line
 * comfortably, so a thousand files cost a few processes. Values are byte strings, one character per byte.
 */
import { Effect, type PlatformError, Schema, Stream } from "effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import { AttributeName, type Attributes } from "./Label.ts"
import { SecurityError, whileDoing } from "./SecurityError.ts"

type Running<A> = Effect.Effect<A, SecurityError, ChildProcessSpawner.ChildProcessSpawner>

interface Outcome {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** How many bytes of paths go onto one command line: well below what every Linux takes. */
const bytesPerCommand = 96 * 1024

/**
 * Runs a program to its end. `action` is what it is run for.
 *
 * It is killed with the server: one that outlived it would go on labelling after the next server has undone what this
 * one left. For that it is started through `setpriv` (of util-linux), where there is one.
 */
export const run = (
  action: string,
  program: string,
  args: ReadonlyArray<string>
): Effect.Effect<Outcome, SecurityError, ChildProcessSpawner.ChildProcessSpawner> =>
  runAlone("setpriv", ["--pdeathsig", "KILL", "--", program, ...args]).pipe(
    Effect.catchIf(isMissing, () => runAlone(program, args)),
    Effect.mapError((error) =>
      isMissing(error)
        ? new SecurityError({ action, detail: `the program ${program} is missing` })
        : whileDoing(action)(error)
    ),
    Effect.filterOrFail(
      ({ exitCode }) => exitCode !== notFound,
      () => new SecurityError({ action, detail: `the program ${program} is missing` })
    )
  )

/** How `setpriv` ends where there is no such program. */
const notFound = 127

const isMissing = (error: PlatformError.PlatformError): boolean => error.reason._tag === "NotFound"

const runAlone = Effect.fnUntraced(function* (program: string, args: ReadonlyArray<string>) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  // Messages are recognised by their English text.
  const handle = yield* spawner.spawn(
    ChildProcess.make(program, args, { env: { LC_ALL: "C" }, extendEnv: true, stdin: "ignore" })
  )
  const [stdout, stderr, exitCode] = yield* Effect.all(
    [Stream.runCollect(handle.stdout), Stream.runCollect(handle.stderr), handle.exitCode],
    { concurrency: "unbounded" }
  )
  return {
    exitCode,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString()
  } satisfies Outcome
}, Effect.scoped)

/** The attributes of paths that exist; a path without any is missing from the map. */
export const read = Effect.fnUntraced(function* (
  paths: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyMap<string, Attributes>, SecurityError, ChildProcessSpawner.ChildProcessSpawner> {
  const found = new Map<string, Attributes>()
  for (const chunk of chunks(paths)) {
    const action = `read the labels of ${some(chunk)}`
    const outcome = yield* run(action, "getfattr", [
      ...["-h", "--absolute-names", "-d", "-e", "hex", "-m", "^security\\.SMACK64", "--"],
      ...chunk
    ])
    if (outcome.exitCode !== 0) return yield* failure(action, outcome)
    for (const [path, attributes] of parseDump(outcome.stdout)) found.set(path, attributes)
  }
  return found
})

/** Sets one attribute to one value on all of these paths. */
export const set = (name: AttributeName, value: string, paths: ReadonlyArray<string>): Running<void> => {
  const hex = `0x${Buffer.from(value, "latin1").toString("hex")}`
  return Effect.forEach(
    chunks(paths),
    (chunk) => {
      const action = `set ${name} on ${some(chunk)}`
      return Effect.flatMap(
        run(action, "setfattr", ["-h", "-n", name, "-v", hex, "--", ...chunk]),
        (outcome) => (outcome.exitCode === 0 ? Effect.void : failure(action, outcome))
      )
    },
    { discard: true }
  )
}

/** Removes one attribute from all of these paths; one that is not there is not an error. */
export const remove = (name: AttributeName, paths: ReadonlyArray<string>): Running<void> =>
  Effect.forEach(
    chunks(paths),
    (chunk) => {
      const action = `remove ${name} from ${some(chunk)}`
      return Effect.flatMap(run(action, "setfattr", ["-h", "-x", name, "--", ...chunk]), (outcome) =>
        // Under SMACK a file without the attribute shows the label that it inherits, which cannot be removed.
        outcome.exitCode === 0 || complaints(outcome).every(isAbsence)
          ? Effect.void
          : failure(action, outcome)
      )
    },
    { discard: true }
  )

/**
 * Reads what `getfattr -d -e hex` prints: blocks of a line `# file: PATH` and lines `NAME=0xHEX`. In a path, a
 * backslash and the ends of lines are written as `\` and three octal digits; all else stands for itself.
 */
export const parseDump = (dump: Buffer): ReadonlyMap<string, Attributes> => {
  const found = new Map<string, Attributes>()
  let attributes: Partial<Record<AttributeName, string>> = {}
  for (const line of dump.toString("latin1").split("\n")) {
    if (line.startsWith(fileMark)) {
      attributes = {}
      found.set(Buffer.from(unquote(line.slice(fileMark.length)), "latin1").toString(), attributes)
    } else {
      const [name, value] = line.split("=0x", 2)
      if (isAttributeName(name)) attributes[name] = Buffer.from(value ?? "", "hex").toString("latin1")
    }
  }
  return found
}

const fileMark = "# file: "

const isAttributeName = Schema.is(AttributeName)

const unquote = (quoted: string): string =>
  quoted.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

const isAbsence = (line: string): boolean => line.endsWith(": No such attribute")

const complaints = (outcome: Outcome): ReadonlyArray<string> =>
  outcome.stderr.split("\n").filter((line) => line !== "")

const failure = (action: string, outcome: Outcome): SecurityError => {
  const [first] = complaints(outcome).filter((line) => !isAbsence(line))
  return new SecurityError({ action, detail: first ?? `exit code ${outcome.exitCode}` })
}

const some = (paths: ReadonlyArray<string>): string =>
  paths.length === 1 ? `${paths[0]}` : `${paths.length} files`

const chunks = (paths: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const all: Array<Array<string>> = []
  let room = 0
  for (const path of paths) {
    const size = Buffer.byteLength(path) + 1
    const last = all.at(-1)
    if (last === undefined || size > room) {
      all.push([path])
      room = bytesPerCommand - size
    } else {
      last.push(path)
      room -= size
    }
  }
  return all
}
