/**
 * A protocol as it is typed and read by people: the protocol's own lines in one direction, its replies in the other.
 */
import { Redacted, SchemaIssue } from "effect"
import type * as Framing from "../../Framing.ts"
import * as Protocol from "../../Protocol.ts"
import * as Grammar from "./Grammar.ts"
import type { Completion, Notation } from "./Notation.ts"
import * as View from "./View.ts"

export interface Dialect<P extends Protocol.Any> {
  readonly protocol: P
  /** What a terminal asks with. */
  readonly prompt: string
  /** How what is typed is cut into messages. */
  readonly framing: Framing.Framing
  /** The request that a frame of it is, or what is wrong with it in a few words. */
  readonly read: (typed: string) => Reading<Protocol.Request<P>>
  readonly complete: (line: string) => Completion
  /** The replies to one request, as people want to see them. */
  readonly show: (replies: ReadonlyArray<Protocol.Reply<P>>) => ReadonlyArray<View.Part>
  /** Whether this request ends the connection, and is answered with nothing else. */
  readonly isFarewell: (request: Protocol.Request<P>) => boolean
  /** Whether this request holds a password or the like, and is to be forgotten. */
  readonly holdsSecret: (request: Protocol.Request<P>) => boolean
}

/** What was typed, as a request. */
export type Reading<Request> =
  | { readonly _tag: "Read"; readonly request: Request }
  | { readonly _tag: "Unreadable"; readonly problem: string }

/** The longest message that is typed, in bytes. Which the server takes is its own affair, and it says so. */
export const longest = 1_048_576

/** The dialect of a protocol whose own lines are typed. */
export const make = <P extends Protocol.Any>(
  protocol: P,
  how: {
    readonly notation: Notation
    /** The requests, where they are not the members of the request codec. */
    readonly requests?: ReadonlyArray<Grammar.Typed>
    /** A line a reply, as it is on the wire, unless given. */
    readonly show?: Dialect<P>["show"]
    readonly isFarewell?: Dialect<P>["isFarewell"]
    readonly holdsSecret?: Dialect<P>["holdsSecret"]
  }
): Dialect<P> => {
  const { isFarewell = () => false, holdsSecret = hasRedacted, notation, show = asSent(protocol) } = how
  const requests = how.requests ?? Grammar.requestsOf(protocol)
  return {
    protocol,
    prompt: `${protocol.name}> `,
    framing: protocol.grammar.framing.withMaxLength(longest),
    read: (typed) => {
      const request: Protocol.Request<P> | Protocol.Malformed = protocol.decodeRequest(typed)
      return request instanceof Protocol.Malformed
        ? { _tag: "Unreadable", problem: problemOf(request, notation, requests) }
        : { _tag: "Read", request }
    },
    complete: (line) => notation.complete(requests, line),
    show,
    isFarewell,
    holdsSecret
  }
}

const asSent =
  <P extends Protocol.Any>(protocol: P): Dialect<P>["show"] =>
  (replies) =>
    replies.map((reply) => View.text(protocol.encodeReply(reply), protocol.isError(reply) ? "bad" : "plain"))

/** What is wrong with a line, and how one is written; nothing of the line itself, which may hold a password. */
const problemOf = (
  { error, frame }: Protocol.Malformed,
  notation: Notation,
  requests: ReadonlyArray<Grammar.Typed>
): string => {
  const message = typeof frame === "string" ? notation.find(requests, frame) : undefined
  if (message === undefined) {
    return `it begins with none of ${requests.map(({ keyword }) => keyword).join(", ")}`
  }
  const [first] = formatIssue(error.issue).issues
  const path = (first?.path ?? []).map(String).join(".")
  const what = path === "" ? "" : `${path}: ${first!.message}; `
  return `${what}it is written ${notation.usage(message)}`
}

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => (issue._tag === "MissingKey" ? "missing" : SchemaIssue.defaultLeafHook(issue))
})

/** Whether anything in a value is `Redacted`. */
export const hasRedacted = (value: unknown): boolean =>
  Redacted.isRedacted(value) ||
  (typeof value === "object" && value !== null && Object.values(value).some(hasRedacted))
