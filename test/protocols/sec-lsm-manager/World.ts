/**
 * A back end over real links and real policy files, which keeps attributes and rules in a file of its own, so that any
 * machine can look at what an operation did, and so can the process that comes after one that was killed.
 *
 * `interrupted` makes any back end fail, or end the process, at the k-th thing that it is about to change.
 */
import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Backend } from "../../../src/protocols/sec-lsm-manager/Backend.ts"
import type { Attributes } from "../../../src/protocols/sec-lsm-manager/Label.ts"
import { readPolicy, writePolicy } from "../../../src/protocols/sec-lsm-manager/PolicyFile.ts"
import { SecurityError } from "../../../src/protocols/sec-lsm-manager/SecurityError.ts"

interface Kernel {
  attributes: Record<string, Attributes>
  rules: Record<string, string>
}

const kernelFile = (root: string) => join(root, "kernel.json")

export const kernel = (root: string): Kernel => {
  try {
    return JSON.parse(readFileSync(kernelFile(root), "utf8")) as Kernel
  } catch {
    return { attributes: {}, rules: {} }
  }
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/** The back end whose world is the directory `root`. */
export const layer = (root: string): Layer.Layer<Backend> => {
  const change = (f: (kernel: Kernel) => void) =>
    Effect.sync(() => {
      const now = kernel(root)
      f(now)
      writeFileSync(kernelFile(root), JSON.stringify(now))
    })
  const setAttributes = (path: string, attributes: Attributes | undefined) =>
    change((kernel) => {
      if (attributes === undefined || Object.keys(attributes).length === 0) delete kernel.attributes[path]
      else kernel.attributes[path] = attributes
    })
  return Layer.succeed(Backend, {
    name: "world",
    readAttributes: (paths) =>
      Effect.sync(() => new Map(paths.map((path) => [path, kernel(root).attributes[path] ?? {}]))),
    writeAttribute: (name, value, paths) =>
      Effect.forEach(
        paths,
        (path) => {
          const { [name]: _, ...others } = kernel(root).attributes[path] ?? {}
          return setAttributes(path, value === undefined ? others : { ...others, [name]: value })
        },
        { discard: true }
      ),
    readLink: (path) =>
      Effect.sync(() => ({
        target: readlinkSync(path, "latin1"),
        attributes: kernel(root).attributes[path] ?? {}
      })),
    writeLink: (path, link) =>
      Effect.andThen(
        Effect.sync(() => {
          if (isLink(path)) rmSync(path)
          if (link !== undefined) symlinkSync(Buffer.from(link.target, "latin1"), path)
        }),
        setAttributes(path, link?.attributes)
      ),
    readPolicy,
    writePolicy,
    loadRules: (rules) =>
      change((kernel) => {
        for (const { access, object, subject } of rules) {
          if (access === "-") delete kernel.rules[`${subject} ${object}`]
          else kernel.rules[`${subject} ${object}`] = access
        }
      }),
    flush: () => Effect.void
  })
}

/** What happens at the chosen step: before or after it is done. */
export type Interruption = (step: number, when: "before" | "after") => Effect.Effect<void, SecurityError>

/** Fails at one step, once: undoing goes through. */
export const failAt =
  (step: number, when: "before" | "after"): Interruption =>
  (current, moment) =>
    current === step && moment === when
      ? Effect.fail(new SecurityError({ action: "go on", detail: `step ${step}` }))
      : Effect.void

/** Counts what a back end changes and lets `interruption` in before and after each step; the first step is 1. */
export const interrupted = <E, R>(backend: Layer.Layer<Backend, E, R>, interruption: Interruption) =>
  Layer.effect(
    Backend,
    Effect.gen(function* () {
      const inner = yield* Backend
      let steps = 0
      const step = (effect: Effect.Effect<void, SecurityError>) =>
        Effect.suspend(() => {
          const current = ++steps
          return Effect.andThen(interruption(current, "before"), effect).pipe(
            Effect.andThen(Effect.suspend(() => interruption(current, "after")))
          )
        })
      return Backend.of({
        ...inner,
        writeAttribute: (name, value, paths) => step(inner.writeAttribute(name, value, paths)),
        writeLink: (path, link) => step(inner.writeLink(path, link)),
        writePolicy: (file, bytes) => step(inner.writePolicy(file, bytes)),
        loadRules: (rules) => step(inner.loadRules(rules)),
        flush: (paths) => step(inner.flush(paths))
      })
    })
  ).pipe(Layer.provide(backend))

/** The rows of every table. */
export const tables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    application: yield* sql`SELECT id FROM lsm_application ORDER BY id`.values,
    grant: yield* sql`SELECT * FROM lsm_grant ORDER BY client, permission`.values,
    link: yield* sql`SELECT * FROM lsm_link ORDER BY path`.values,
    label: yield* sql`SELECT * FROM lsm_label ORDER BY path, attribute`.values,
    pending: yield* sql`SELECT * FROM lsm_pending`.values
  }
})

/** The content of every file of a directory, and the target of every link. */
export const contents = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .toSorted()
      .map((name) => {
        const path = join(directory, name)
        if (isLink(path)) return [name, `-> ${readlinkSync(path)}`]
        return [name, lstatSync(path).isDirectory() ? "directory" : readFileSync(path, "latin1")]
      })
  )
