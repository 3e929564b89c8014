/**
 * The messages of the SMS shell's gateways, both ways, as codecs: what `wireline/sms` exports.
 *
 * There is one request, a text that somebody has sent, and it is answered with one line. Both are JSON objects; the
 * requests come one after another, with or without an LF between them (notes on the specification, "SMS shell").
 *
 * Pure: imports only `effect`.
 */
import { Schema, SchemaIssue } from "effect"
import { Role } from "../../accounts/Realm.ts"
import * as Framing from "../../Framing.ts"
import * as Wireline from "../../Protocol.ts"
import * as Syntax from "../../Syntax.ts"

// What commands of one's own are declared with (`--sms-commands`).
export * as Command from "./shell/Command.ts"
export * as Parameter from "./shell/Parameter.ts"

const Word = Schema.NonEmptyString.annotate({ expected: "text that is not empty" })

// "sms_number" and "sms_text": non-empty strings.
const required = { sms_number: Word, sms_text: Word }

const optional = {
  // "auth" with "token" and "role": the gateway holds this role's token, and asks for the command to run in the role.
  auth: Schema.optionalKey(Schema.Struct({ token: Schema.RedactedFromValue(Word), role: Role })),
  // "transmit": false for an answer that is not to be sent by SMS.
  transmit: Schema.optionalKey(Schema.Boolean)
}

const known = new Set([...Object.keys(required), ...Object.keys(optional)])

/** "any other attribute of the gateway": under whatever names the message has no use for itself. */
const Attributes = Schema.JsonObject.check(
  Schema.makeFilter(
    (attributes: Schema.JsonObject) => !Object.keys(attributes).some((name) => known.has(name)),
    {
      expected: `attributes other than ${[...known].join(", ")}`
    }
  )
)

/** A text that was sent to the shell, as a gateway hands it over. */
export const Text = Schema.TaggedStruct("text", {
  ...required,
  ...optional,
  /** What else the gateway has said. */
  attributes: Schema.optionalKey(Attributes),
  /** The bytes of the document that it came in. It is there in whatever was decoded, and encoding ignores it. */
  length: Schema.optionalKey(Schema.Int)
})
export type Text = typeof Text.Type

/** A message as its document says; what is in the fields that the message has a use for is for the Schema to say. */
interface Parts {
  readonly _tag: string
  readonly [field: string]: unknown
}

const read = (document: string): Parts | Syntax.MalformedReason => {
  const value = parse(document)
  if (typeof value !== "object" || value === null || Array.isArray(value)) return notAnObject
  const length = lengthOf(document)
  const entries = Object.entries(value)
  const fields = entries.filter(([name]) => known.has(name))
  if (fields.length === entries.length) return { ...value, _tag: "text", length }
  const attributes = Object.fromEntries(entries.filter(([name]) => !known.has(name)))
  return { ...Object.fromEntries(fields), _tag: "text", attributes, length }
}

const utf8 = new TextEncoder()

const lengthOf = (frame: string | Uint8Array): number =>
  (typeof frame !== "string" || ascii.test(frame) ? frame : utf8.encode(frame)).length

/** Of ASCII only, so that each character is a byte. */
const ascii = /^[\0-\x7f]*$/

const parse = (document: string): unknown => {
  try {
    return JSON.parse(document)
  } catch {
    return undefined
  }
}

const notAnObject: Syntax.MalformedReason = { _tag: "Unreadable", problem: "not a JSON object" }

const write = ({ _tag, attributes, length: _length, ...fields }: Parts): string =>
  JSON.stringify({ ...fields, ...(attributes as object | undefined) })

export type Request = Text
export const Request: Syntax.Codec<Request> = Syntax.make({ read, write })([Text])

/** The steps of a message's way, in their order. */
export const Step = Schema.Literals([
  "received",
  "parsed",
  "input_validated",
  "executed",
  "output_validated",
  "transmitted"
])
export type Step = typeof Step.Type

/** How far a message got, and when: each step with its Unix time in seconds. */
export const Chain = Schema.Array(Schema.Tuple([Step, Schema.Int]))
export type Chain = typeof Chain.Type

// "received_length", "output", "chain". An error of the shell is an answer too: its output begins with "#Err: ".
export const Answer = Schema.Struct({
  _tag: Schema.tagDefaultOmit("Answer"),
  received_length: Schema.Int,
  output: Schema.String,
  chain: Chain
})

// "error" in place of "output", for what is no message. Of one over the limit, no more than the limit and one is counted.
export const Failure = Schema.Struct({
  _tag: Schema.tagDefaultOmit("Failure"),
  received_length: Schema.Int,
  error: Schema.String,
  chain: Chain
})

export type Reply = typeof Answer.Type | typeof Failure.Type
export const Reply: Syntax.Codec<Reply> = Syntax.json([Answer, Failure])

/** What the answer to an error begins with. */
export const errorPrefix = "#Err: "

/** Whether a message was not done what it asked for. */
export const isError = (reply: Reply): boolean =>
  reply._tag === "Failure" || reply.output.startsWith(errorPrefix)

/** A time in milliseconds as a chain has it. */
export const toSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)

/** What is wrong with a message, in a few words that repeat nothing of it. */
export const reasonOf = (problem: Wireline.InvalidRequest): string => {
  if (problem._tag === "InvalidFrame") {
    return problem.reason === "TooLong" ? `longer than ${problem.maxLength} bytes` : "not UTF-8"
  }
  const [first] = formatIssue(problem.error.issue).issues
  const path = (first?.path ?? []).map(String).join(".")
  const message = first?.message ?? "not a message"
  return path === "" ? message : `${path}: ${message}`
}

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "MissingKey" ? "missing" : SchemaIssue.defaultLeafHook(issue))
})

/** The longest message in bytes. */
export const maxLength = 65_536

/** The SMS shell's protocol, as this server speaks it. Only a message over the limit closes the connection. */
export const SmsShell: Wireline.Protocol<"sms", Request, Reply> = Wireline.make({
  name: "sms",
  framing: Framing.jsonObjects({ maxLength }),
  request: Request,
  reply: Reply,
  isError,
  onInvalid: (problem, at) =>
    Wireline.closingIfTooLong(
      problem,
      Failure.make({
        received_length: problem._tag === "InvalidFrame" ? problem.length : lengthOf(problem.frame),
        error: reasonOf(problem),
        chain: [["received", toSeconds(at)]]
      })
    ),
  onDefect: Failure.make({ received_length: 0, error: "internal error", chain: [] })
})
