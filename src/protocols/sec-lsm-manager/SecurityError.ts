/**
 * How an install or an uninstall fails. Each message is one line for the journal of the operator; the client only
 * learns `forbidden` or `internal`.
 */
import { Predicate, Schema } from "effect"

/** The application plugs into another one and holds no permission to do so. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  id: Schema.String,
  impid: Schema.String,
  /** The permission that would have allowed it. */
  permission: Schema.String
}) {
  override get message(): string {
    return `${this.id} may not plug into ${this.impid}: it needs the permission ${this.permission}`
  }
}

/** Something did not work; `action` says what was being done and `detail` why it failed. */
export class SecurityError extends Schema.TaggedError<SecurityError>()("SecurityError", {
  action: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `cannot ${this.action}: ${this.detail}`
  }
}

/** Makes a `SecurityError` of whatever was thrown while doing `action`. */
export const whileDoing =
  (action: string) =>
  (cause: unknown): SecurityError =>
    new SecurityError({
      action,
      detail: (Predicate.hasProperty(cause, "message") ? String(cause.message) : String(cause)).replaceAll(
        "\n",
        " "
      ),
      cause
    })
