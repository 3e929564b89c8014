/**
 * Kv, a key-value store: the messages of both directions, each under its line of the specification.
 *
 * Keys live in namespaces; a connection is in the one called `default` until it says otherwise.
 */
import { Schema } from "effect"
import { Framing, Message, Protocol, Syntax } from "../../src/index.ts"

/** A key or the name of a namespace: 1 to 64 letters, digits, dots and dashes. */
export const Name = Syntax.Word.check(Schema.isPattern(/^[-.A-Za-z0-9]{1,64}$/))

/** A value: any text but for a CR at its end, which a line would lose. */
export const Text = Syntax.Word.check(
  Schema.makeFilter((text: string) => !text.endsWith("\r"), { expected: "text that does not end in CR" })
)

// -> use NAMESPACE
export const Use = Message.make("use", { namespace: Name })

// -> put KEY VALUE
export const Put = Message.make("put", { key: Name, value: Text })

// -> get KEY
export const Get = Message.make("get", { key: Name })

// -> delete KEY
export const Delete = Message.make("delete", { key: Name })

// -> keys [PREFIX]
export const Keys = Message.make("keys", { prefix: Schema.optionalKey(Name) })

// -> quit
export const Quit = Message.make("quit", {})

const requests = [Use, Put, Get, Delete, Keys, Quit] as const

export type Request = (typeof requests)[number]["Type"]
export const Request: Syntax.Codec<Request> = Syntax.words(requests)

// <- ok
export const Ok = Message.make("ok", {})

// <- value VALUE
export const Value = Message.make("value", { value: Text })

// <- key KEY   for every key, in alphabetical order, then: end COUNT
export const Key = Message.make("key", { key: Name })
export const End = Message.make("end", { count: Schema.FiniteFromString })

// <- error REASON
export const Failure = Message.make(
  "Failure",
  { reason: Schema.Literals(["not-found", "syntax", "internal"]) },
  { keyword: "error" }
)

const replies = [Ok, Value, Key, End, Failure] as const

export type Reply = (typeof replies)[number]["Type"]
export const Reply: Syntax.Codec<Reply> = Syntax.words(replies)

export const Kv = Protocol.make({
  name: "kv",
  framing: Framing.lines({ maxLength: 1024, escape: "\\" }),
  request: Request,
  reply: Reply,
  isLast: ({ _tag }) => _tag !== "key",
  isError: ({ _tag }) => _tag === "Failure",
  onInvalid: (problem) => Protocol.closingIfTooLong(problem, Failure.make({ reason: "syntax" })),
  onDefect: { _tag: "Failure", reason: "internal" }
})
