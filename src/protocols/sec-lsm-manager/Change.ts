/**
 * One change to the world outside the database, with what was there before and what is to be there after; and how to
 * make it and how to take it back.
 *
 * Taking back compares what is there now with what was there before, so it may be done after any part of the change,
 * or none of it, and more than once. What has vanished meanwhile is nothing to restore.
 */
import { lstat } from "node:fs/promises"
import { dirname } from "node:path"
import { Effect, Predicate, Schema } from "effect"
import { Backend } from "./Backend.ts"
import { AttributeName, Attributes } from "./Label.ts"
import * as Policy from "./Policy.ts"
import { type SecurityError, whileDoing } from "./SecurityError.ts"

const Link = Schema.Struct({ target: Schema.String, attributes: Attributes })

/** A change; it is stored in the undo log as JSON. */
export const Change = Schema.TaggedUnion({
  Labels: {
    paths: Schema.Array(Schema.Struct({ path: Schema.String, before: Attributes, after: Attributes }))
  },
  Link: { path: Schema.String, before: Schema.NullOr(Link), after: Schema.NullOr(Link) },
  Policy: { file: Schema.String, before: Schema.NullOr(Schema.String), after: Schema.NullOr(Schema.String) }
})
export type Change = typeof Change.Type

type Changing = Effect.Effect<void, SecurityError, Backend>

/** Makes the change. */
export const apply = (change: Change): Changing =>
  Change.match(change, {
    Labels: ({ paths }) =>
      writeDifferences(paths.map(({ after, before, path }) => ({ path, from: before, to: after }))),
    Link: ({ after, path }) => Backend.use((backend) => backend.writeLink(path, after ?? undefined)),
    Policy: ({ after, before, file }) =>
      Backend.use((backend) =>
        Effect.andThen(
          backend.writePolicy(file, after ?? undefined),
          backend.loadRules(Policy.transition(before ?? "", after ?? ""))
        )
      )
  })

/** Takes the change back. */
export const restore = (change: Change): Changing =>
  Change.match(change, { Labels: restoreLabels, Link: restoreLink, Policy: restorePolicy })

type Case<Tag extends Change["_tag"]> = Extract<Change, { readonly _tag: Tag }>

const restoreLabels = Effect.fnUntraced(function* ({ paths }: Case<"Labels">) {
  const backend = yield* Backend
  const found = yield* presence(paths.map(({ path }) => path))
  const there = paths.filter(({ path }) => found.get(path) !== "nothing")
  const now = yield* backend.readAttributes(there.map(({ path }) => path))
  yield* writeDifferences(there.map(({ before, path }) => ({ path, from: now.get(path) ?? {}, to: before })))
})

const restoreLink = Effect.fnUntraced(function* ({ before, path }: Case<"Link">) {
  const backend = yield* Backend
  const parent = dirname(path)
  const found = yield* presence([path, parent])
  if (found.get(path) !== "something" && found.get(parent) !== "nothing") {
    yield* backend.writeLink(path, before ?? undefined)
  }
})

const restorePolicy = Effect.fnUntraced(function* ({ after, before, file }: Case<"Policy">) {
  const backend = yield* Backend
  if ((yield* presence([dirname(file)])).get(dirname(file)) === "nothing") return
  // The file is written before the rules are loaded, and put back after they are: as it was, so are they.
  if ((yield* backend.readPolicy(file)) !== (before ?? undefined)) {
    yield* backend.loadRules(Policy.transition(after ?? "", before ?? ""))
  }
  yield* backend.writePolicy(file, before ?? undefined)
})

/** The paths whose changes have to reach the disk; policy files see to that themselves. */
export const touched = (changes: ReadonlyArray<Change>): ReadonlyArray<string> =>
  changes.flatMap(
    Change.match({
      Labels: ({ paths }) => paths.map(({ path }) => path),
      Link: ({ path }) => [path],
      Policy: () => []
    })
  )

/** What there is at each path: nothing, a symbolic link, or something else, of which `lstat` tells the mode. */
export const presence = (
  paths: ReadonlyArray<string>
): Effect.Effect<ReadonlyMap<string, "nothing" | "link" | "something">, SecurityError> =>
  Effect.map(
    stat(paths),
    (found) =>
      new Map(
        [...found].map(([path, stats]) => [
          path,
          stats === undefined ? "nothing" : stats.isSymbolicLink() ? "link" : "something"
        ])
      )
  )

/** `lstat` of each path, `undefined` where there is nothing. */
export const stat = (paths: ReadonlyArray<string>) =>
  Effect.tryPromise({
    try: async () =>
      new Map(
        await Promise.all(
          paths.map(
            async (path) =>
              [
                path,
                await lstat(path).catch((cause: unknown) => {
                  if (
                    Predicate.hasProperty(cause, "code") &&
                    (cause.code === "ENOENT" || cause.code === "ENOTDIR")
                  ) {
                    return undefined
                  }
                  throw cause
                })
              ] as const
          )
        )
      ),
    catch: whileDoing("look at the application's files")
  })

/** One write for all the paths that get the same value, so that a thousand files cost a few programs. */
const writeDifferences = Effect.fnUntraced(function* (
  paths: ReadonlyArray<{ readonly path: string; readonly from: Attributes; readonly to: Attributes }>
) {
  const backend = yield* Backend
  for (const name of AttributeName.literals) {
    const groups = new Map<string | undefined, Array<string>>()
    for (const { from, path, to } of paths) {
      if (from[name] === to[name]) continue
      const group = groups.get(to[name])
      if (group === undefined) groups.set(to[name], [path])
      else group.push(path)
    }
    for (const [value, group] of groups) yield* backend.writeAttribute(name, value, group)
  }
})
