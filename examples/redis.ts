/**
 * Redis: strings, lists and channels in RESP, the protocol of Redis.
 *
 *     node examples/redis.ts tcp://127.0.0.1:6379
 *     redis-cli -p 6379 set greeting hello EX 60
 *
 * It shows a syntax of your own (`Syntax.positional`), errors that depend on what is wrong with a request, replies whose
 * end depends on the request, and unsolicited messages. Strings hold one character per byte, so that values may be binary:
 * `Buffer.from(value, "latin1")` has their bytes.
 */
import { Clock, Context, Effect, Layer, Schema } from "effect"
import { Command, Framing, Message, Protocol, Server, Syntax } from "../src/index.ts"
import { run } from "./run.ts"

// Requests: arrays of bulk strings, or inline commands. What comes out of the framing has one character per byte; what goes
// into it is refused where it has not.

const Text = Schema.String
const oneOrMore = Schema.NonEmptyArray(Text)

const Request = Syntax.positional(
  [
    Message.make("ping", { message: Schema.optionalKey(Text) }),
    Message.make("echo", { message: Text }),
    Message.make("get", { key: Text }),
    Message.make("set", { key: Text, value: Text, options: Schema.Array(Text) }),
    Message.make("incr", { key: Text }),
    Message.make("del", { keys: oneOrMore }),
    Message.make("lpush", { key: Text, values: oneOrMore }),
    Message.make("lrange", { key: Text, start: Syntax.Integer, stop: Syntax.Integer }),
    Message.make("subscribe", { channels: oneOrMore }),
    Message.make("unsubscribe", { channels: Schema.Array(Text) }),
    Message.make("publish", { channel: Text, message: Text }),
    Message.make("quit", {})
  ],
  {
    split: Framing.respWords,
    join: (words) => (words.some((word) => /[^\0-\xff]/.test(word)) ? undefined : Framing.respCommand(words)),
    caseInsensitive: true
  }
)

// Replies: the values of RESP 2.

const Simple = Message.make("simple", { text: Text })
const Failure = Message.make("error", { text: Text })
const Integer = Message.make("integer", { value: Schema.BigInt })
const Bulk = Message.make("bulk", { text: Text })
const Null = Message.make("null", {})
const List = Message.make("array", { items: Schema.Array(Schema.Union([Bulk, Integer, Null])) })

const Reply = Syntax.make<Framing.RespValue>({
  read: (frame) => Framing.parseResp(frame) ?? { _tag: "Unreadable", problem: "not a value of RESP" },
  write: Framing.formatResp
})([Simple, Failure, Integer, Bulk, Null, List])

type Reply = typeof Reply.Type
const maxLength = 67_108_864
const ok = { _tag: "simple", text: "OK" } as const
const pong = { _tag: "simple", text: "PONG" } as const
const nothing = { _tag: "null" } as const
const bulk = (text: string) => ({ _tag: "bulk", text }) as const
const integer = (value: number | bigint) => ({ _tag: "integer", value: BigInt(value) }) as const
/** An error is one line. Like Redis, it replaces the line ends that it quotes. */
const failure = (text: string) => ({ _tag: "error", text: text.replaceAll(/[\r\n]/g, " ") }) as const
const list = (items: (typeof List.Type)["items"]) => ({ _tag: "array", items }) as const

const notAnInteger = failure("ERR value is not an integer or out of range")
const wrongType = failure("WRONGTYPE Operation against a key holding the wrong kind of value")

/** The number of channels in a frame like `["subscribe", CHANNEL, COUNT]`. No list of strings is one. */
const channelCount = (reply: Reply): bigint | undefined => {
  const count = reply._tag === "array" && reply.items.length === 3 ? reply.items[2] : undefined
  return count?._tag === "integer" ? count.value : undefined
}

/** The message on a channel that a subscriber is sent, if it is one. */
export const messageOf = ({ items }: typeof List.Type) => {
  const [kind, channel, message] = items.map((item) => (item._tag === "bulk" ? item.text : undefined))
  return kind === "message" && channel !== undefined && message !== undefined
    ? { channel, message }
    : undefined
}

const protocolError = (text: string) => Protocol.closing(failure(`ERR Protocol error: ${text}`))

/** The answer to what is no request, in Redis' words. */
const explain = (problem: Protocol.InvalidRequest): Protocol.Answer<Reply> => {
  if (problem._tag === "InvalidFrame") return protocolError(problem.problem ?? "too big a request")
  const { frame, reason } = problem
  if (reason._tag === "InvalidField") return notAnInteger
  if (reason._tag === "Unreadable") return protocolError("unbalanced quotes in request")
  if (reason._tag !== "UnknownMessage") {
    return failure(`ERR wrong number of arguments for '${reason.keyword}' command`)
  }
  const args = (Framing.respWords(String(frame)) ?? []).slice(1).map((word) => `'${word}' `)
  const beginning = args.join("").slice(0, 128)
  return failure(
    `ERR unknown command '${reason.keyword.slice(0, 128)}', with args beginning with: ${beginning}`
  )
}

export const Redis = Protocol.make({
  name: "redis",
  framing: { request: Framing.resp({ maxLength, inline: true }), reply: Framing.resp({ maxLength }) },
  request: Request,
  reply: Reply,
  // SUBSCRIBE a b is answered by two frames; UNSUBSCRIBE alone by one for each channel, the last of which counts 0.
  isLast: (reply, request, index) => {
    if (request?._tag !== "subscribe" && request?._tag !== "unsubscribe") return true
    if (reply._tag === "error") return true
    return request.channels.length > 0 ? index + 1 === request.channels.length : channelCount(reply) === 0n
  },
  // In RESP 2, a message looks like a list of three strings. Only a subscribed connection gets messages, and it gets no
  // lists, so that the number of channels tells the two apart.
  memory: { initial: 0n, next: (channels, reply) => channelCount(reply) ?? channels },
  unsolicited: ["array"],
  isUnsolicited: (reply, _oldest, channels) => channels > 0n && messageOf(reply) !== undefined,
  isError: ({ _tag }) => _tag === "error",
  onInvalid: explain,
  onDefect: failure("ERR internal error")
})

// What connections share, and what each has.

/** A list is stored from its tail to its head, where LPUSH adds. The time is in milliseconds since 1970. */
interface Entry {
  readonly value: string | Array<string>
  readonly expiry: number
}

class Database extends Context.Service<Database>()("examples/redis/Database", {
  make: Effect.map(Clock.Clock, (clock) => ({
    now: () => clock.currentTimeMillisUnsafe(),
    entries: new Map<string, Entry>(),
    /** A key that has expired is removed when it is looked up. */
    get(key: string): Entry | undefined {
      const entry = this.entries.get(key)
      if (entry === undefined || entry.expiry === Infinity || entry.expiry > this.now()) return entry
      this.entries.delete(key)
      return undefined
    },
    subscribers: new Map<string, Set<Subscriber>>()
  }))
}) {
  static readonly layer = Layer.effect(this, this.make)
}

/** A connection and the channels that it is subscribed to. */
class Subscriber {
  readonly channels = new Set<string>()
  readonly database: Database["Service"]
  private readonly connection: Server.Connection<typeof Redis>

  constructor(database: Database["Service"], connection: Server.Connection<typeof Redis>) {
    this.database = database
    this.connection = connection
  }

  subscribe(channel: string): Reply {
    const { subscribers } = this.database
    this.channels.add(channel)
    subscribers.set(channel, (subscribers.get(channel) ?? new Set()).add(this))
    return list([bulk("subscribe"), bulk(channel), integer(this.channels.size)])
  }

  unsubscribe(channel: string): Reply {
    const { subscribers } = this.database
    const others = subscribers.get(channel)
    this.channels.delete(channel)
    others?.delete(this)
    if (others?.size === 0) subscribers.delete(channel)
    return list([bulk("unsubscribe"), bulk(channel), integer(this.channels.size)])
  }

  end(): void {
    for (const channel of this.channels) this.unsubscribe(channel)
  }

  /** Redis waits for no subscriber: it disconnects one that does not keep up. */
  deliver(message: typeof List.Type): void {
    if (this.connection.offer(message)) return
    this.end()
    this.connection.disconnect()
  }
}

class Session extends Context.Service<Session, Subscriber>()("examples/redis/Session") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const subscriber = new Subscriber(yield* Database, yield* Server.connectionOf(Redis))
      yield* Effect.addFinalizer(() => Effect.sync(() => subscriber.end()))
      return subscriber
    })
  )
}

// Commands.
const command = Command.define(Redis, Session)

/** A command that a subscribed connection may not send. */
const ordinary = <const Tag extends (typeof Request.Type)["_tag"]>(
  tag: Tag,
  handle: (request: Command.RequestOf<typeof Redis, Tag>, database: Database["Service"]) => Reply
) => {
  const refusal = failure(
    `ERR Can't execute '${tag}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
  )
  return command(tag, (request, { session }) =>
    session.channels.size > 0 ? refusal : handle(request, session.database)
  )
}

/** The options of SET, or what is wrong with them. */
const setOptions = (words: ReadonlyArray<string>) => {
  let ifAbsent = false
  let seconds: number | undefined
  for (let at = 0; at < words.length; at++) {
    const option = words[at]!.toUpperCase()
    if (option === "NX") ifAbsent = true
    else if (option === "EX" && seconds === undefined && at + 1 < words.length) {
      seconds = /^-?\d{1,15}$/.test(words[++at]!) ? Number(words[at]) : NaN
    } else return failure("ERR syntax error")
  }
  if (Number.isNaN(seconds)) return notAnInteger
  if (seconds !== undefined && seconds <= 0) return failure("ERR invalid expire time in 'set' command")
  return { _tag: "options", ifAbsent, seconds } as const
}

const commands = {
  ping: command("ping", ({ message }, { session }) => {
    if (session.channels.size > 0) return list([bulk("pong"), bulk(message ?? "")])
    return message === undefined ? pong : bulk(message)
  }),
  echo: ordinary("echo", ({ message }) => bulk(message)),
  get: ordinary("get", ({ key }, database) => {
    const value = database.get(key)?.value
    return value === undefined ? nothing : typeof value === "string" ? bulk(value) : wrongType
  }),
  set: ordinary("set", ({ key, options: words, value }, database) => {
    const options = setOptions(words)
    if (options._tag === "error") return options
    if (options.ifAbsent && database.get(key) !== undefined) return nothing
    const expiry = options.seconds === undefined ? Infinity : database.now() + options.seconds * 1000
    database.entries.set(key, { value, expiry })
    return ok
  }),
  incr: ordinary("incr", ({ key }, database) => {
    const { expiry, value } = database.get(key) ?? { value: "0", expiry: Infinity }
    if (typeof value !== "string") return wrongType
    // 64 bits, in the one form in which Redis writes them.
    if (!/^-?\d{1,19}$/.test(value) || String(BigInt.asIntN(64, BigInt(value))) !== value) return notAnInteger
    const next = BigInt(value) + 1n
    if (BigInt.asIntN(64, next) !== next) return failure("ERR increment or decrement would overflow")
    database.entries.set(key, { value: String(next), expiry })
    return integer(next)
  }),
  del: ordinary("del", ({ keys }, database) =>
    integer(keys.filter((key) => database.get(key) !== undefined && database.entries.delete(key)).length)
  ),
  lpush: ordinary("lpush", ({ key, values }, database) => {
    const { expiry, value } = database.get(key) ?? { value: [], expiry: Infinity }
    if (typeof value === "string") return wrongType
    for (const each of values) value.push(each)
    database.entries.set(key, { value, expiry })
    return integer(value.length)
  }),
  lrange: ordinary("lrange", ({ key, start, stop }, database) => {
    const value = database.get(key)?.value ?? []
    if (typeof value === "string") return wrongType
    const { length } = value
    const first = Math.max(start < 0 ? start + length : start, 0)
    const last = Math.min(stop < 0 ? stop + length : stop, length - 1)
    const items = value.slice(length - 1 - last, Math.max(length - first, 0))
    return list(items.reverse().map(bulk))
  }),
  subscribe: command("subscribe", ({ channels }, { session }) =>
    channels.map((channel) => session.subscribe(channel))
  ),
  unsubscribe: command("unsubscribe", ({ channels }, { session }) => {
    const all = channels.length > 0 ? channels : [...session.channels]
    if (all.length === 0) return list([bulk("unsubscribe"), nothing, integer(0)])
    return all.map((channel) => session.unsubscribe(channel))
  }),
  publish: ordinary("publish", ({ channel, message }, { subscribers }) => {
    const all = [...(subscribers.get(channel) ?? [])]
    for (const subscriber of all) subscriber.deliver(list([bulk("message"), bulk(channel), bulk(message)]))
    return integer(all.length)
  }),
  quit: command("quit", () => Protocol.closing(ok))
}

export const layer = Server.layer(Redis, { session: Session.layer, commands, maxConnections: 10_000 }).pipe(
  Layer.provide(Database.layer)
)

if (import.meta.main) run("redis", layer)
