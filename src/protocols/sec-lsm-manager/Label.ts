/**
 * Which extended attributes a path gets, by its type: the label table of SMACK. Pure.
 *
 * Values are **byte strings**, one character per byte: what was on a file before comes back to the bit, whatever it
 * was. Labels are ASCII, so theirs read as they are.
 */
import { Schema } from "effect"
import type { PathType } from "./Application.ts"

/** The attributes that a label is made of. */
export const AttributeName = Schema.Literals([
  "security.SMACK64",
  "security.SMACK64EXEC",
  "security.SMACK64TRANSMUTE"
])
export type AttributeName = typeof AttributeName.Type

/** The label of one path: the attributes that are there, with their bytes. */
export const Attributes = Schema.Struct({
  "security.SMACK64": Schema.optionalKey(Schema.String),
  "security.SMACK64EXEC": Schema.optionalKey(Schema.String),
  "security.SMACK64TRANSMUTE": Schema.optionalKey(Schema.String)
})
export type Attributes = typeof Attributes.Type

/** What there is at a path, links not followed. */
export interface Kind {
  readonly directory: boolean
  /** A regular file that somebody may execute. */
  readonly executable: boolean
}

/** The label of the application itself: the subject of its rules, the client of its grants, the label of its links. */
export const ofApplication = (id: string): string => `App:${id}`

/** Types whose directories hand their own label down to what is created in them. */
const transmuting: ReadonlySet<PathType> = new Set<PathType>(["data", "http", "id", "lib", "public"])

const labels: Record<PathType, (application: string) => string | undefined> = {
  default: () => undefined,
  conf: (application) => `${application}:Conf`,
  data: (application) => `${application}:Data`,
  exec: (application) => `${application}:Exec`,
  http: (application) => `${application}:Http`,
  icon: (application) => `${application}:Icon`,
  id: (application) => application,
  lib: (application) => `${application}:Lib`,
  plug: (application) => `${application}:Plug`,
  public: () => "System:Shared"
}

/** The whole label of a path: what is not in it must not be on the file either. `default` has none. */
export const of = (type: PathType, id: string, kind: Kind): Attributes => {
  const application = ofApplication(id)
  const label = labels[type](application)
  return {
    ...(label === undefined ? {} : { "security.SMACK64": label }),
    ...(type === "exec" && kind.executable ? { "security.SMACK64EXEC": application } : {}),
    ...(transmuting.has(type) && kind.directory ? { "security.SMACK64TRANSMUTE": "TRUE" } : {})
  }
}
