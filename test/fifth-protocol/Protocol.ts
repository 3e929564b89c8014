/**
 * Kv, a key-value store: the messages of both directions, each under its line of the specification.
 *
 * Keys live in namespaces; a connection is in the one called `default` until it says otherwise.
 */
import { Schema } from "effect"
import { Framing, Message, Protocol, Syntax } from "../../src/index.ts"

/** A key or the name of a namespace: 1 to 64 letters, digits, dots and dashes. */
export const Name = Syntax.Word.check(Schema.isPattern(/^[-.A-Za-z0-9]{1,64}$/))

// -> use NAMESPACE
export const Use = Message.make("use", { namespace: Name })

// -> put KEY VALUE
export const Put = Message.make("put", { key: Name, value: Syntax.Word })

// -> get KEY
export const Get = Message.make("get", { key: Name })

// -> delete KEY
export const Delete = Message.make("delete", { key: Name })

// -> keys [PREFIX]
export const Keys = Message.make("keys", { prefix: Schema.optionalKey(Name) })

// -> quit
export const Quit = Message.make("quit", {})

export const Request = Syntax.words([Use, Put, Get, Delete, Keys, Quit])
export type Request = typeof Request.Type

// <- ok
export const Ok = Message.make("ok", {})

// <- value VALUE
export const Value = Message.make("value", { value: Syntax.Word })

// <- key KEY   for every key, in alphabetical order, then: end COUNT
export const Key = Message.make("key", { key: Name })
export const End = Message.make("end", { count: Schema.FiniteFromString })

// <- error REASON
export const Failure = Message.make(
  "Failure",
  { reason: Schema.Literals(["not-found", "syntax", "internal"]) },
  { keyword: "error" }
)

export const Reply = Syntax.words([Ok, Value, Key, End, Failure])
export type Reply = typeof Reply.Type

export const Kv = Protocol.make({
  name: "kv",
  framing: Framing.lines({ maxLength: 1024, escape: "\\" }),
  request: Request,
  reply: Reply,
  isLast: ({ _tag }) => _tag !== "key",
  // A line that is too long is the end; any other that is no request is not.
  onUnreadable: (problem) => {
    const reply = { _tag: "Failure", reason: "syntax" } as const
    return problem._tag === "BadFrame" ? Protocol.closing(reply) : reply
  },
  onDefect: { _tag: "Failure", reason: "internal" }
})
