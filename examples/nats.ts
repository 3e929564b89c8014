/**
 * NATS: subjects with wildcards, queue groups, and requests with replies, in the protocol of core NATS.
 *
 *     node examples/nats.ts tcp://127.0.0.1:4222
 *     nats sub 'orders.>'
 *
 * It shows lines that announce a payload, a greeting, requests that are not answered, and messages that a server sends from
 * anywhere. Subjects and payloads are text with one character per byte: `Buffer.from(payload, "latin1")` has the bytes.
 */
import { Context, Effect, Layer, Random, Schema } from "effect"
import { Command, Framing, Message, Protocol, Server, Syntax } from "../src/index.ts"
import { run } from "./run.ts"

// Messages. On the line, the place of a payload holds its length.

const Word = Schema.String.check(Schema.isPattern(/^[\x21-\x7e\x80-\xff]+$/))
const Text = Syntax.rest(Schema.String.check(Schema.isPattern(/^[\x21-\x7e][\x20-\x7e]*$/)))
const replyTo = Schema.optionalKey(Word)
const payload = Syntax.PayloadText
/** How much of a payload are headers. */
const headerLength = Syntax.Unsigned
const flag = Schema.optionalKey(Schema.Boolean)

const Options = Schema.Struct({
  verbose: flag,
  pedantic: flag,
  echo: flag,
  headers: flag,
  no_responders: flag
})
const Info = Schema.Struct({
  server_id: Schema.String,
  version: Schema.String,
  proto: Schema.Int,
  headers: Schema.Boolean,
  max_payload: Schema.Int
})

const syntax = { escape: "none", collapse: true, caseInsensitive: true } as const

const Request = Syntax.words(
  [
    Message.make("CONNECT", { options: Syntax.rest(Schema.fromJsonString(Options)) }),
    Message.make("PING", {}),
    Message.make("PONG", {}),
    Message.make("SUB", { subject: Word, queue: Schema.optionalKey(Word), sid: Word }),
    Message.make("UNSUB", { sid: Word, max: Schema.optionalKey(Syntax.Unsigned) }),
    Message.make("PUB", { subject: Word, replyTo, payload }),
    Message.make("HPUB", { subject: Word, replyTo, headerLength, payload })
  ],
  syntax
)

const Reply = Syntax.words(
  [
    Message.make("INFO", { info: Syntax.rest(Schema.fromJsonString(Info)) }),
    Message.make("MSG", { subject: Word, sid: Word, replyTo, payload }),
    Message.make("HMSG", { subject: Word, sid: Word, replyTo, headerLength, payload }),
    Message.make("PING", {}),
    Message.make("PONG", {}),
    Message.make("ok", {}, { keyword: "+OK" }),
    Message.make("error", { reason: Text }, { keyword: "-ERR" })
  ],
  syntax
)

type Reply = typeof Reply.Type
const maxPayload = 1_048_576
const ok = { _tag: "ok" } as const
const failure = (reason: string) => ({ _tag: "error", reason: `'${reason}'` }) as const

/** Frames of a codec: lines, and payloads where its lines announce them. */
const frames = <M extends { readonly _tag: string }>(codec: Syntax.Codec<M>, maxLength: number) =>
  Framing.lines({
    maxLength: 4096,
    encoding: "latin1",
    write: "\r\n",
    emptyLines: "keep",
    payload: { length: Syntax.payloadLength(codec), maxLength }
  })

export const Nats = Protocol.make({
  name: "nats",
  // Other servers may allow larger payloads.
  framing: { request: frames(Request, maxPayload), reply: frames(Reply, 64 * maxPayload) },
  request: Request,
  reply: Reply,
  greeting: {
    _tag: "INFO",
    info: { server_id: "WIRELINE", version: "2.9.0", proto: 1, headers: true, max_payload: maxPayload }
  },
  // Only PING is always answered. Whether others are depends on the options of CONNECT, and an error says nothing of the
  // request that caused it: a client gets both among the messages that it did not ask for.
  replyEnd: ({ _tag }) => (_tag === "PING" ? "frames" : "nothing"),
  unsolicited: ["INFO", "MSG", "HMSG", "PING", "ok", "error"],
  isError: ({ _tag }) => _tag === "error",
  onInvalid: (problem) => {
    if (problem._tag === "Malformed" && problem.reason._tag !== "UnknownMessage") {
      // Only the arguments are wrong: nats-server closes the connection without a word.
      return Protocol.closing()
    }
    const isTooLong = problem._tag === "InvalidFrame" && problem.reason === "TooLong"
    if (!isTooLong) return Protocol.closing(failure("Unknown Protocol Operation"))
    return Protocol.closing(
      failure(problem.head === undefined ? "maximum control line exceeded" : "Maximum Payload Violation")
    )
  },
  onDefect: Protocol.closing(failure("Internal Server Error"))
})

// Subjects. Tokens are separated by dots; `*` stands for one, and `>` for one or more at the end.

interface Subscription {
  readonly client: Client
  readonly sid: string
  readonly subject: string
  readonly queue: string | undefined
  /** Ends after this number of messages. */
  max: number
  delivered: number
}

const isPattern = (subject: string): boolean => /^(?:(?!>\.)[^.]+\.)*[^.]+$/.test(subject)
const isLiteral = (subject: string): boolean => isPattern(subject) && !/(?:^|\.)[*>](?:\.|$)/.test(subject)

/** A tree of tokens, with the subscriptions that end at each. */
class SubjectTree {
  private readonly children = new Map<string, SubjectTree>()
  private readonly subscriptions = new Set<Subscription>()

  add(subscription: Subscription, tokens = subscription.subject.split(".")): void {
    const [token, ...rest] = tokens
    if (token === undefined) return void this.subscriptions.add(subscription)
    let child = this.children.get(token)
    if (child === undefined) this.children.set(token, (child = new SubjectTree()))
    child.add(subscription, rest)
  }

  remove(subscription: Subscription, tokens = subscription.subject.split(".")): void {
    const [token, ...rest] = tokens
    if (token === undefined) return void this.subscriptions.delete(subscription)
    const child = this.children.get(token)
    child?.remove(subscription, rest)
    if (child?.children.size === 0 && child.subscriptions.size === 0) this.children.delete(token)
  }

  /** The subscriptions to a subject. */
  match(tokens: ReadonlyArray<string>, at = 0, found: Array<Subscription> = []): ReadonlyArray<Subscription> {
    const token = tokens[at]
    const ended = token === undefined ? this.subscriptions : this.children.get(">")?.subscriptions
    for (const subscription of ended ?? []) found.push(subscription)
    for (const name of new Set(token === undefined ? [] : [token, "*"])) {
      this.children.get(name)?.match(tokens, at + 1, found)
    }
    return found
  }
}

/** The subscriptions of all connections. */
class Subjects extends Context.Service<Subjects>()("examples/nats/Subjects", {
  make: Effect.map(Random.Random, (random) => ({
    tree: new SubjectTree(),
    /** All subscriptions that match, but of a queue group only one. */
    receivers(subject: string, isEligible: (subscription: Subscription) => boolean) {
      const matching = this.tree.match(subject.split(".")).filter(isEligible)
      return [...Map.groupBy(matching, ({ queue }) => queue)].flatMap(([queue, group]) =>
        queue === undefined ? group : [group[Math.floor(random.nextDoubleUnsafe() * group.length)]!]
      )
    }
  }))
}) {
  static readonly layer = Layer.effect(this, this.make)
}

// The session of a client.

type Publication = Extract<typeof Request.Type, { readonly _tag: "PUB" | "HPUB" }>

class Client {
  /** Those of a client that has not sent CONNECT. */
  options: typeof Options.Type = { verbose: true, pedantic: true, echo: true }
  private readonly subscriptions = new Map<string, Subscription>()
  private readonly subjects: Subjects["Service"]
  private readonly connection: Server.Connection<typeof Nats>

  constructor(subjects: Subjects["Service"], connection: Server.Connection<typeof Nats>) {
    this.subjects = subjects
    this.connection = connection
  }

  subscribe(sid: string, subject: string, queue: string | undefined): void {
    if (this.subscriptions.has(sid)) return
    const subscription: Subscription = { client: this, sid, subject, queue, max: Infinity, delivered: 0 }
    this.subscriptions.set(sid, subscription)
    this.subjects.tree.add(subscription)
  }

  /** Ends a subscription when it has had `max` messages, which may be now. */
  unsubscribe(sid: string, max = 0): void {
    const subscription = this.subscriptions.get(sid)
    if (subscription === undefined) return
    subscription.max = max
    if (subscription.delivered < max) return
    this.subscriptions.delete(sid)
    this.subjects.tree.remove(subscription)
  }

  unsubscribeAll(): void {
    for (const sid of [...this.subscriptions.keys()]) this.unsubscribe(sid)
  }

  publish(publication: Publication) {
    const { replyTo, subject } = publication
    const { echo, no_responders, pedantic } = this.options
    if (pedantic === true && !isLiteral(subject)) this.refuse("Invalid Publish Subject")
    this.acknowledge()
    const receivers = this.subjects.receivers(subject, ({ client }) => client !== this || echo !== false)
    for (const subscription of receivers) subscription.client.deliver(subscription, publication)
    if (receivers.length > 0 || replyTo === undefined || no_responders !== true) return []
    // The client learns at once that there is nobody to answer its request.
    for (const subscription of this.subjects.receivers(replyTo, ({ client }) => client === this)) {
      this.deliver(subscription, { ...noResponders, subject: replyTo })
    }
    return []
  }

  private deliver(subscription: Subscription, publication: Publication): void {
    const { sid } = subscription
    const { payload, subject } = publication
    const replyTo = publication.replyTo === undefined ? {} : { replyTo: publication.replyTo }
    const headerLength = publication._tag === "HPUB" ? publication.headerLength : 0
    const isSent = this.connection.offer(
      headerLength > 0 && this.options.headers === true
        ? { _tag: "HMSG", subject, sid, ...replyTo, headerLength, payload }
        : { _tag: "MSG", subject, sid, ...replyTo, payload: payload.slice(headerLength) }
    )
    // NATS waits for no subscriber.
    if (!isSent) {
      this.unsubscribeAll()
      this.connection.disconnect()
    } else if (++subscription.delivered >= subscription.max) this.unsubscribe(sid, subscription.max)
  }

  // The protocol answers these requests with nothing: what it sends all the same, nobody has asked for.

  acknowledge() {
    if (this.options.verbose === true) this.connection.offer(ok)
    return []
  }

  refuse(reason: string) {
    this.connection.offer(failure(reason))
    return []
  }
}

const noResponders = { _tag: "HPUB", headerLength: 16, payload: "NATS/1.0 503\r\n\r\n" } as const

class Session extends Context.Service<Session, Client>()("examples/nats/Session") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const client = new Client(yield* Subjects, yield* Server.connectionOf(Nats))
      yield* Effect.addFinalizer(() => Effect.sync(() => client.unsubscribeAll()))
      return client
    })
  )
}

// Commands.
const command = Command.define(Nats, Session)

const commands = {
  CONNECT: command("CONNECT", ({ options }, { session }) => {
    session.options = { ...session.options, ...options }
    return session.acknowledge()
  }),
  PING: command("PING", () => ({ _tag: "PONG" })),
  PONG: command("PONG", () => []),
  SUB: command("SUB", ({ queue, sid, subject }, { session }) => {
    if (!isPattern(subject)) return session.refuse("Invalid Subject")
    session.subscribe(sid, subject, queue)
    return session.acknowledge()
  }),
  UNSUB: command("UNSUB", ({ max, sid }, { session }) => {
    session.unsubscribe(sid, max)
    return session.acknowledge()
  }),
  PUB: command("PUB", (publication, { session }) => session.publish(publication)),
  HPUB: command("HPUB", (publication, { session }) =>
    publication.headerLength > publication.payload.length ? Protocol.closing() : session.publish(publication)
  )
}

export const layer = Server.layer(Nats, { session: Session.layer, commands, maxConnections: 10_000 }).pipe(
  Layer.provide(Subjects.layer)
)

if (import.meta.main) run("nats", layer)
