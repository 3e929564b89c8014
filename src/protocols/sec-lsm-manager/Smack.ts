/**
 * The back end that really does it: extended attributes, labelled links, and rules loaded into the kernel.
 *
 * Rules are loaded where smackfs is mounted; elsewhere only the policy file is written, for whoever loads it at the next
 * boot. Labelling takes the privilege `CAP_SYS_ADMIN` (on a kernel where SMACK is active, `CAP_MAC_ADMIN`) and the
 * programs of the package `attr`: without them the layer fails to build, with one line that says what is missing.
 */
import { constants } from "node:fs"
import { access, lstat, open, readFile, readlink, rm, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect, Layer } from "effect"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import { Backend, type LabelledLink } from "./Backend.ts"
import { presence } from "./Change.ts"
import * as ExtendedAttributes from "./ExtendedAttributes.ts"
import { AttributeName } from "./Label.ts"
import { readPolicy, writePolicy } from "./PolicyFile.ts"
import type { Rule } from "./Policy.ts"
import { SecurityError, whileDoing } from "./SecurityError.ts"

/** Where the kernel is. */
export interface SmackOptions {
  /** Where smackfs is mounted, or would be; `/sys/fs/smackfs` unless told. */
  readonly smackfs?: string | undefined
}

/** Fails when labels cannot be set here. */
export const layer = ({ smackfs = "/sys/fs/smackfs" }: SmackOptions = {}): Layer.Layer<
  Backend,
  SecurityError,
  ChildProcessSpawner.ChildProcessSpawner
> =>
  Layer.effect(
    Backend,
    Effect.gen(function* () {
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      yield* checkPrograms
      yield* checkPrivilege
      const running = Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner)
      return Backend.of({
        name: "smack",
        readAttributes: Effect.fn("Backend.readAttributes")((paths) =>
          running(ExtendedAttributes.read(paths))
        ),
        writeAttribute: Effect.fn("Backend.writeAttribute")((name, value, paths) =>
          running(
            value === undefined
              ? ExtendedAttributes.remove(name, paths)
              : ExtendedAttributes.set(name, value, paths)
          )
        ),
        readLink: (path) => running(readLink(path)),
        writeLink: (path, link) => running(writeLink(path, link)),
        readPolicy,
        writePolicy,
        loadRules: (rules) => loadRules(join(smackfs, "load2"), rules),
        flush: (paths) => running(flush(paths))
      })
    })
  )

const checkPrograms = Effect.forEach(
  ["setfattr", "getfattr"],
  (program) =>
    ExtendedAttributes.run("label files", program, ["--version"]).pipe(
      Effect.mapError(
        (error) =>
          new SecurityError({ action: error.action, detail: `${error.detail}; install the package attr` })
      )
    ),
  { discard: true }
)

/** Whether a process with this `/proc/PID/status` may set `security.*` attributes. */
export const mayLabel = (status: string): boolean => {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`)
  return ((effective >> CAP_SYS_ADMIN) | (effective >> CAP_MAC_ADMIN)) % 2n === 1n
}

// Bit numbers of linux/capability.h.
const CAP_SYS_ADMIN = 21n
const CAP_MAC_ADMIN = 33n

const checkPrivilege = Effect.tryPromise({
  try: () => readFile("/proc/self/status", "latin1"),
  catch: whileDoing("find out whether labels may be set here")
}).pipe(
  Effect.filterOrFail(
    mayLabel,
    () =>
      new SecurityError({
        action: "label files",
        detail:
          "this process lacks CAP_SYS_ADMIN; run the server as root, or with the back end that only records"
      })
  )
)

const readLink = Effect.fn("Backend.readLink")(function* (path: string) {
  const target = yield* Effect.tryPromise({
    try: () => readlink(path, "latin1"),
    catch: whileDoing(`read the link ${path}`)
  })
  const attributes = yield* ExtendedAttributes.read([path])
  return { target, attributes: attributes.get(path) ?? {} }
})

const writeLink = Effect.fn("Backend.writeLink")(function* (path: string, link: LabelledLink | undefined) {
  const found = (yield* presence([path])).get(path)
  const before = found === "link" ? yield* readLink(path) : undefined
  if (found === "something") {
    return yield* new SecurityError({
      action: `link ${path}`,
      detail: "something that is not a symbolic link is there"
    })
  }
  if (before !== undefined && before.target !== link?.target) {
    yield* Effect.tryPromise({ try: () => rm(path), catch: whileDoing(`remove the link ${path}`) })
  }
  if (link !== undefined) yield* makeLink(path, link, before?.target !== link.target)
})

const makeLink = Effect.fnUntraced(function* (path: string, link: LabelledLink, anew: boolean) {
  if (anew) {
    yield* Effect.tryPromise({
      try: () => symlink(Buffer.from(link.target, "latin1"), path),
      catch: whileDoing(`make the link ${path}`)
    })
  }
  const inherited = (yield* ExtendedAttributes.read([path])).get(path) ?? {}
  for (const name of AttributeName.literals) {
    const value = link.attributes[name]
    if (value === inherited[name]) continue
    yield* value === undefined
      ? ExtendedAttributes.remove(name, [path])
      : ExtendedAttributes.set(name, value, [path])
  }
})

/** The kernel takes one rule per `write`, each at the position 0 that appending leaves it at. */
const loadRules = Effect.fn("Backend.loadRules")(function* (load2: string, rules: ReadonlyArray<Rule>) {
  yield* Effect.tryPromise({
    try: async () => {
      if (!(await exists(load2))) return
      await using handle = await open(load2, constants.O_WRONLY | constants.O_APPEND)
      for (const { access, object, subject } of rules) await handle.write(`${subject} ${object} ${access}\n`)
    },
    catch: whileDoing(`load rules through ${load2}`)
  })
})

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false
  )

/** One `sync` per file system: attributes are metadata, and `fsync` of each file would be a flush of the disk each. */
const flush = Effect.fn("Backend.flush")(function* (paths: ReadonlyArray<string>) {
  const directories = yield* Effect.tryPromise({
    try: () => onePerDevice(paths),
    catch: whileDoing("find the file systems of the application's files")
  })
  if (directories.length === 0) return
  const action = "write labels to the disk"
  const outcome = yield* ExtendedAttributes.run(action, "sync", ["-f", "--", ...directories])
  if (outcome.exitCode !== 0) return yield* new SecurityError({ action, detail: outcome.stderr.trim() })
})

const onePerDevice = async (paths: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const candidates = new Set([...paths.map((path) => dirname(path)), ...paths])
  const byDevice = new Map<number, string>()
  for (const path of candidates) {
    const stats = await lstat(path).catch(() => undefined)
    if (stats?.isDirectory() === true) byDevice.set(stats.dev, path)
  }
  return [...byDevice.values()]
}
