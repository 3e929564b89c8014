/**
 * Everything outside the database that installing an application changes, as a handful of primitives: the seam
 * between the back ends. Planning, undoing and committing are above it and know of no kernel and no program.
 *
 * A primitive does one thing and may be repeated. It need not be atomic: before the first one of an operation runs,
 * what it is about to change has been written down, and after any failure that is put back.
 */
import { Context, type Effect } from "effect"
import type { AttributeName, Attributes } from "./Label.ts"
import type { Rule } from "./Policy.ts"
import type { SecurityError } from "./SecurityError.ts"

/** A symbolic link: its target as a byte string, and its own label. */
export interface LabelledLink {
  readonly target: string
  readonly attributes: Attributes
}

export class Backend extends Context.Service<
  Backend,
  {
    /** Marks the operations of this back end in the undo log: only it can undo them. */
    readonly name: string
    /** The labels of paths that exist, links not followed; a path without any may be missing from the map. */
    readonly readAttributes: (
      paths: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyMap<string, Attributes>, SecurityError>
    /** Sets one attribute to one byte string on all of these paths, or removes it where `undefined`. */
    readonly writeAttribute: (
      name: AttributeName,
      value: string | undefined,
      paths: ReadonlyArray<string>
    ) => Effect.Effect<void, SecurityError>
    /** The link at a path where there is a link; `undefined` where the back end keeps none. */
    readonly readLink: (path: string) => Effect.Effect<LabelledLink | undefined, SecurityError>
    /** Puts a link in the place of nothing or of another link, never of anything else; or removes a link. */
    readonly writeLink: (path: string, link: LabelledLink | undefined) => Effect.Effect<void, SecurityError>
    /** The bytes of a policy file. */
    readonly readPolicy: (file: string) => Effect.Effect<string | undefined, SecurityError>
    /** Replaces a policy file, so that a power cut leaves the old or the new one; or removes it. */
    readonly writePolicy: (file: string, bytes: string | undefined) => Effect.Effect<void, SecurityError>
    /** Hands rules to the kernel, in this order. */
    readonly loadRules: (rules: ReadonlyArray<Rule>) => Effect.Effect<void, SecurityError>
    /** Returns once what was written to these paths survives a power cut. */
    readonly flush: (paths: ReadonlyArray<string>) => Effect.Effect<void, SecurityError>
  }
>()("wireline/sec-lsm-manager/Backend") {}
