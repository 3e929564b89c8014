/**
 * A frame outside the grammar, and what is wrong with it: what a codec's `decodeFrame` returns instead of a message.
 */
import { Data, Schema, type SchemaAST, SchemaIssue } from "effect"

/**
 * What is wrong with a frame.
 *
 * | | |
 * | --- | --- |
 * | `UnknownMessage` | no message has this keyword |
 * | `TooFewFields`, `TooManyFields` | the number of fields is wrong for the message with this tag and keyword |
 * | `InvalidField` | a field of the message with this tag is not valid, and why |
 * | `Unreadable` | the frame is not in the syntax at all: an unclosed quote, no JSON |
 *
 * **Details**
 *
 * `field` is the path of the field, joined by dots where the field has parts (`versions.0`), and empty where a check of
 * the whole message fails. `problem` is one line. It never shows the value of a `Redacted` field.
 *
 * **Gotchas**
 *
 * `UnknownMessage` quotes the keyword from the frame, which may be as long as the frame.
 */
export type MalformedReason =
  | { readonly _tag: "UnknownMessage"; readonly keyword: string }
  | {
      readonly _tag: "TooFewFields" | "TooManyFields"
      readonly message: string
      readonly keyword: string
    }
  | {
      readonly _tag: "InvalidField"
      readonly message: string
      readonly field: string
      readonly problem: string
    }
  | { readonly _tag: "Unreadable"; readonly problem: string }

/** A frame outside the grammar: what is wrong with it, for the protocol's answer, and the Schema's error, for logs. */
export class Malformed extends Data.TaggedClass("Malformed")<{
  readonly frame: string | Uint8Array
  readonly reason: MalformedReason
  readonly error: Schema.SchemaError
}> {}

const reasonTags: ReadonlySet<string> = new Set<MalformedReason["_tag"]>([
  "UnknownMessage",
  "TooFewFields",
  "TooManyFields",
  "InvalidField",
  "Unreadable"
])

/** Whether this is the tag of a reason, which no message can have. */
export const isReasonTag = (tag: string): tag is MalformedReason["_tag"] => reasonTags.has(tag)

/** Whether this is a reason and not what was read off a frame. */
export const isReason = (read: { readonly _tag: string }): read is MalformedReason =>
  reasonTags.has(read._tag)

/** A reason as the Schema's error. It quotes nothing of the frame, which may hold a password. */
export const issueOf = (reason: MalformedReason): SchemaIssue.Issue => {
  switch (reason._tag) {
    case "UnknownMessage":
    case "TooFewFields":
    case "TooManyFields":
      return unknownMessage
    case "InvalidField":
      return new SchemaIssue.Pointer(
        reason.field.split("."),
        new SchemaIssue.InvalidValue({ message: reason.problem })
      )
    case "Unreadable":
      return new SchemaIssue.InvalidValue({ message: reason.problem })
  }
}

const unknownMessage = new SchemaIssue.InvalidValue({
  message: "an unknown message or a wrong number of fields"
})

/** The first problem of an error: where it is in a value of the Schema, and one line that says what it is. */
export const firstProblem = (
  { issue }: Schema.SchemaError,
  ast: SchemaAST.AST
): { readonly path: ReadonlyArray<string>; readonly problem: string } => {
  const [first] = format(issue).issues
  const path = (first?.path ?? []).map(String)
  const problem = isSecret(ast, path) ? "not a valid value" : (first?.message ?? "not a valid value")
  return { path, problem: problem.replace(/\s*[\r\n]\s*/g, " ") }
}

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "MissingKey" ? missing : SchemaIssue.defaultLeafHook(issue))
})

/** What `firstProblem` says of a part that should be there and is not. */
export const missing = "missing"

/** Whether the value at this path, or one that it stands in, is `Redacted`; also where the Schema has no such path. */
const isSecret = (ast: SchemaAST.AST, path: ReadonlyArray<string>): boolean => {
  if (isRedacted(ast) || ast.encoding?.some(({ to }) => isRedacted(to)) === true) return true
  const [name, ...rest] = path
  if (name === undefined) return false
  if (ast._tag === "Suspend") return isSecret(ast.thunk(), path)
  if (ast._tag === "Union") {
    const members = ast.types.filter((member) => partOf(member, name) !== undefined)
    return members.length === 0 || members.some((member) => isSecret(member, path))
  }
  const part = partOf(ast, name)
  return part === undefined || isSecret(part, rest)
}

const partOf = (ast: SchemaAST.AST, name: string): SchemaAST.AST | undefined => {
  if (ast._tag === "Arrays") return ast.elements[Number(name)] ?? ast.rest[0]
  if (ast._tag === "Suspend") return partOf(ast.thunk(), name)
  if (ast._tag === "Union") return ast.types.find((member) => partOf(member, name) !== undefined)
  if (ast._tag !== "Objects") return undefined
  return (
    ast.propertySignatures.find((property) => property.name === name)?.type ?? ast.indexSignatures[0]?.type
  )
}

const isRedacted = (ast: SchemaAST.AST): boolean => idOf(ast) === redacted

const idOf = (ast: SchemaAST.AST): unknown => {
  const representation = ast._tag === "Declaration" ? ast.annotations?.["representation"] : undefined
  return typeof representation === "object" && representation !== null && "id" in representation
    ? representation.id
    : undefined
}

const redacted = idOf(Schema.Redacted(Schema.String).ast)
