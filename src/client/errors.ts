/** Why a request has no answer. Every error of a client is one of these. */
import { Predicate, Schema } from "effect"
import * as Socket from "effect/socket/Socket"

/** The connection ended, or could not be made, before the answer had come. */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `the connection could not be made, or ended before the answer came: ${this.reason}`
  }

  /** Why, as the system, TLS or the server says it. */
  get reason(): string {
    return reasonOf(this.cause)
  }
}

/** What a socket's error says is how far it had got; why is in its causes. */
const reasonOf = (cause: unknown): string => {
  if (Socket.isSocketError(cause)) return reasonOf(cause.reason)
  if (Predicate.hasProperty(cause, "_tag") && cause._tag === "SocketCloseError") {
    const code = Predicate.hasProperty(cause, "code") ? cause.code : undefined
    return code === 1000 ? "the server closed the connection" : "the connection was lost"
  }
  // A host of several addresses: none of them can be connected to.
  if (cause instanceof AggregateError && cause.message === "") return reasonOf(cause.errors[0])
  const next = Predicate.hasProperty(cause, "cause") ? cause.cause : undefined
  if (next !== undefined && next !== cause) return reasonOf(next)
  return cause instanceof Error ? cause.message : String(cause)
}

/** The server sent what is no reply of this protocol. The connection is given up. */
export class UnreadableReply extends Schema.TaggedError<UnreadableReply>()("UnreadableReply", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the server sent what is no reply: ${this.problem}`
  }
}

/**
 * The server sent a reply that no request has asked for, so that it is not known any more which reply answers which
 * request. The connection is given up.
 */
export class UnexpectedReply extends Schema.TaggedError<UnexpectedReply>()("UnexpectedReply", {
  /** The tag of the reply. */
  reply: Schema.String
}) {
  override get message(): string {
    return `the server sent a reply that no request has asked for: ${this.reply}`
  }
}

/** More unsolicited messages came than the client may hold while no consumer takes them. The connection is given up. */
export class TooManyPushes extends Schema.TaggedError<TooManyPushes>()("TooManyPushes", {
  /** The most that are held. */
  max: Schema.Int
}) {
  override get message(): string {
    return `more than ${this.max} unsolicited messages wait to be taken`
  }
}

/** The request is none of this protocol, such as text that no line can carry. Nothing was sent. */
export class BadRequest extends Schema.TaggedError<BadRequest>()("BadRequest", {
  problem: Schema.String
}) {
  override get message(): string {
    return `not a request of this protocol: ${this.problem}`
  }
}

/** The answer did not come in time. It is forgotten when it comes; later requests keep their own answers. */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>()("RequestTimeout", {
  /** The tag of the request. */
  request: Schema.String
}) {
  override get message(): string {
    return `the answer to ${this.request} did not come in time`
  }
}

/** Why a connection is over. */
export type CloseReason = Disconnected | UnreadableReply | UnexpectedReply | TooManyPushes

/** Why a request has no answer. */
export type RequestError = CloseReason | BadRequest | RequestTimeout
