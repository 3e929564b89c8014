/**
 * What the session of a sec-lsm-manager client describes and what gets installed: one application, with its
 * files, its permissions and its plugs. Pure: imports only `effect`.
 */
import { Schema } from "effect"

/**
 * The identifier of an application: 2 to 199 latin letters, digits, dashes and underscores
 * (specification, "set the application identifier").
 */
export const ApplicationId = Schema.String.check(Schema.isPattern(/^[-_a-zA-Z0-9]{2,199}$/))

/** The types that a path may have (specification, "add a file"; `plug` is from the later versions). */
export const PathType = Schema.Literals([
  "default",
  "conf",
  "data",
  "exec",
  "http",
  "icon",
  "id",
  "lib",
  "plug",
  "public"
])
export type PathType = typeof PathType.Type

/** One file or directory of the application; the path is absolute and normalised. */
export interface TypedPath {
  readonly path: string
  readonly type: PathType
}

/** "Plug `expdir` of this application into `impdir` of the application `impid`"; both are absolute and normalised. */
export interface Plug {
  readonly expdir: string
  readonly impid: string
  readonly impdir: string
}

/** An application as a session describes it. Each list keeps the order in which its entries were given. */
export interface Application {
  readonly id: string | undefined
  readonly paths: ReadonlyArray<TypedPath>
  readonly permissions: ReadonlyArray<string>
  readonly plugs: ReadonlyArray<Plug>
}
