/**
 * What an install or an uninstall is going to change: reads the state before, and decides; changes nothing.
 */
import { join } from "node:path"
import { Effect } from "effect"
import type { Application } from "./Application.ts"
import { Backend } from "./Backend.ts"
import { type Change, presence, stat } from "./Change.ts"
import * as Label from "./Label.ts"
import { SecurityError } from "./SecurityError.ts"

type Reading<A> = Effect.fn.Return<A, SecurityError, Backend>

/** The new label of one path. */
export interface Relabel {
  readonly path: string
  readonly before: Label.Attributes
  readonly after: Label.Attributes
}

/** The link that plugs an application into another one: IMPDIR/ID. */
export const linkPath = (id: string, plug: { readonly impdir: string }): string => join(plug.impdir, id)

/** The labels that installing gives. Without an id there are only those of `default` paths: none. */
export const labels = Effect.fnUntraced(function* (
  application: Application
): Reading<ReadonlyArray<Relabel>> {
  const { id } = application
  const paths =
    id === undefined ? application.paths.filter(({ type }) => type === "default") : application.paths
  const found = yield* stat(paths.map(({ path }) => path))
  const kinds: Array<Label.Kind> = []
  for (const { path } of paths) {
    const stats = found.get(path)
    if (stats === undefined) {
      return yield* new SecurityError({ action: `label ${path}`, detail: "no such file or directory" })
    }
    kinds.push({ directory: stats.isDirectory(), executable: stats.isFile() && (stats.mode & 0o111) !== 0 })
  }
  const before = yield* readAttributes(paths.map(({ path }) => path))
  return paths.map(({ path, type }, index) => ({
    path,
    before: before.get(path) ?? {},
    after: Label.of(type, id ?? "", kinds[index]!)
  }))
})

/** The labels that uninstalling takes away: all those of the session's paths that are still there. */
export const noLabels = Effect.fnUntraced(function* (
  application: Application
): Reading<ReadonlyArray<Relabel>> {
  const found = yield* presence(application.paths.map(({ path }) => path))
  const paths = application.paths.map(({ path }) => path).filter((path) => found.get(path) !== "nothing")
  const before = yield* readAttributes(paths)
  return paths.map((path) => ({ path, before: before.get(path) ?? {}, after: {} }))
})

/** The links that installing makes; whatever else is in their place is not touched, and fails the install. */
export const links = Effect.fnUntraced(function* (
  id: string,
  plugs: Application["plugs"]
): Reading<ReadonlyArray<Change>> {
  const backend = yield* Backend
  const found = yield* presence(plugs.map((plug) => linkPath(id, plug)))
  const changes: Array<Change> = []
  for (const plug of plugs) {
    const path = linkPath(id, plug)
    if (found.get(path) === "something") {
      return yield* new SecurityError({
        action: `link ${path} to ${plug.expdir}`,
        detail: "something that is not a symbolic link is already there"
      })
    }
    const before = found.get(path) === "link" ? yield* backend.readLink(path) : undefined
    const after = {
      target: bytesOf(plug.expdir),
      attributes: { "security.SMACK64": Label.ofApplication(id) }
    }
    changes.push({ _tag: "Link", path, before: before ?? null, after })
  }
  return changes
})

/** The links that uninstalling removes, of these paths; what is no link, or no more, stays as it is. */
export const noLinks = Effect.fnUntraced(function* (
  paths: ReadonlyArray<string>
): Reading<ReadonlyArray<Change>> {
  const backend = yield* Backend
  const found = yield* presence(paths)
  const changes: Array<Change> = []
  for (const path of paths) {
    if (found.get(path) !== "link") continue
    const before = yield* backend.readLink(path)
    if (before !== undefined) changes.push({ _tag: "Link", path, before, after: null })
  }
  return changes
})

/** The policy that takes the place of what is there; `undefined` for none. */
export const policy = Effect.fnUntraced(function* (
  file: string,
  text: string | undefined
): Reading<ReadonlyArray<Change>> {
  const backend = yield* Backend
  const before = (yield* backend.readPolicy(file)) ?? null
  const after = text === undefined ? null : bytesOf(text)
  return before === null && after === null ? [] : [{ _tag: "Policy", file, before, after }]
})

/** The change to the labels, unless there is nothing to change. */
export const relabelling = (paths: ReadonlyArray<Relabel>): ReadonlyArray<Change> => {
  const changed = paths.filter(({ after, before }) =>
    Label.AttributeName.literals.some((name) => after[name] !== before[name])
  )
  return changed.length === 0 ? [] : [{ _tag: "Labels", paths: changed }]
}

const readAttributes = (paths: ReadonlyArray<string>) =>
  Effect.flatMap(Backend, (backend) => backend.readAttributes(paths))

const bytesOf = (text: string): string => Buffer.from(text).toString("latin1")
