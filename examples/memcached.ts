/**
 * The ASCII protocol of memcached, a cache of keys and values.
 *
 * ```sh
 * node examples/memcached.ts tcp://127.0.0.1:11211
 * ```
 *
 * The example shows lines that announce a payload, binary values in a text protocol, replies of several frames, and
 * requests that are not answered. The specification is `doc/protocol.txt` in the sources of memcached.
 */
import { Clock, Effect, Layer, Schema } from "effect"
import { Command, Framing, Message, Protocol, Server, Syntax } from "../src/index.ts"
import { run } from "./run.ts"

/** "a key, which is currently limited to 250 characters; it must not include control characters or whitespace" */
const Key = Schema.String.check(Schema.isPattern(/^[\x21-\x7e\x80-\xff]{1,250}$/))
/** The rest of a line. */
const Text = Syntax.rest(Schema.String.check(Schema.isPattern(/^[\x21-\x7e][\x20-\x7e]*$/)))
const Uint32 = Syntax.Unsigned.check(Schema.isLessThanOrEqualTo(0xffff_ffff))
/** Numbers of 64 bits, which JavaScript counts as `bigint`. */
const Uint64 = Syntax.field({
  schema: Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 0n, maximum: 0xffff_ffff_ffff_ffffn })),
  expected: "a number of 64 bits",
  read: (text) => (/^\d{1,20}$/.test(text) ? BigInt(text) : undefined),
  write: String
})

// Messages: a line is the tag and then the fields in their order. The payload's place holds its length, and it follows
// the line: set <key> <flags> <exptime> <bytes> [noreply]\r\n<data block>\r\n

const item = { key: Key, flags: Uint32, exptime: Syntax.Integer, value: Syntax.Payload }
const noreply = { noreply: Schema.optionalKey(Schema.Literal("noreply")) }

const Request = Syntax.words(
  [
    Message.make("set", { ...item, ...noreply }),
    Message.make("add", { ...item, ...noreply }),
    Message.make("replace", { ...item, ...noreply }),
    Message.make("append", { ...item, ...noreply }),
    Message.make("prepend", { ...item, ...noreply }),
    Message.make("cas", { ...item, unique: Uint64, ...noreply }),
    Message.make("get", { keys: Schema.NonEmptyArray(Key) }),
    Message.make("gets", { keys: Schema.NonEmptyArray(Key) }),
    Message.make("delete", { key: Key, ...noreply }),
    Message.make("incr", { key: Key, delta: Uint64, ...noreply }),
    Message.make("decr", { key: Key, delta: Uint64, ...noreply }),
    Message.make("touch", { key: Key, exptime: Syntax.Integer, ...noreply }),
    Message.make("flush_all", { delay: Schema.optionalKey(Syntax.Unsigned), ...noreply }),
    // A longer keyword wins, so that "noreply" is not read as the delay.
    Message.make("flush_all noreply", {}),
    Message.make("verbosity", { level: Syntax.Unsigned, ...noreply }),
    Message.make("stats", {}),
    // Like the original server, these ignore what follows.
    Message.make("version", { ignored: Schema.optionalKey(Text) }),
    Message.make("quit", { ignored: Schema.optionalKey(Text) })
  ],
  { escape: "none", collapse: true }
)

const stored = ["STORED", "NOT_STORED", "EXISTS", "NOT_FOUND"] as const
const done = ["END", "DELETED", "TOUCHED", "OK", "ERROR"] as const
const value = { key: Key, flags: Uint32, value: Syntax.Payload, unique: Schema.optionalKey(Uint64) }

const Reply = Syntax.words(
  [
    ...[...stored, ...done].map((word) => Message.make(word, {})),
    Message.make("VALUE", value),
    Message.make("STAT", { name: Key, value: Text }),
    Message.make("VERSION", { version: Text }),
    Message.make("CLIENT_ERROR", { problem: Text }),
    Message.make("SERVER_ERROR", { problem: Text }),
    // The answer to incr and decr is the new value and nothing else.
    Message.make("number", { value: Uint64 }, { keyword: "" })
  ],
  { escape: "none", collapse: true }
)

type Request = typeof Request.Type
type Reply = typeof Reply.Type

/** The longest value in bytes. */
const maxValue = 1_048_576

/** Lines end with CRLF, a bare LF is accepted. Latin1 is one character per byte, so that any value is text. */
const framing = (codec: typeof Request | typeof Reply) =>
  Framing.lines({
    maxLength: 65_536,
    write: "\r\n",
    emptyLines: "keep",
    encoding: "latin1",
    payload: { length: codec.payloadLength, maxLength: maxValue }
  })

const clientError = (problem: string): Reply => ({ _tag: "CLIENT_ERROR", problem })
const end: Reply = { _tag: "END" }
const ok: Reply = { _tag: "OK" }
const tooLarge: Reply = { _tag: "SERVER_ERROR", problem: "object too large for cache" }

/** Whether the client wants no reply. */
const isQuiet = (request: Request): boolean =>
  request._tag === "flush_all noreply" || ("noreply" in request && request.noreply !== undefined)

/** The answer to what is no request. A line that ends with "noreply" is not answered, even if it is not valid. */
const refuse = (problem: Protocol.InvalidRequest): Protocol.Answer<Reply> => {
  if (problem._tag === "InvalidFrame") {
    const { head, reason } = problem
    if (head === undefined) return Protocol.closing(clientError("line too long"))
    if (reason !== "TooLong") return clientError("bad data chunk")
    return head.endsWith(" noreply") ? [] : tooLarge
  }
  const { frame, reason } = problem
  if (reason._tag !== "InvalidField") return { _tag: "ERROR" }
  if (/^[^\n]* noreply *(\n|$)/.test(String(frame))) return []
  return clientError(reason.field === "delta" ? "invalid numeric delta argument" : "bad command line format")
}

export const Memcached = Protocol.make({
  name: "memcached",
  framing: { request: framing(Request), reply: framing(Reply) },
  request: Request,
  reply: Reply,
  // The answer to `get` is any number of values and then END, that to `stats` any number of statistics and then END.
  isLast: ({ _tag }) => _tag !== "VALUE" && _tag !== "STAT",
  replyEnd: (request) => (request._tag === "quit" ? "close" : isQuiet(request) ? "nothing" : "frames"),
  onInvalid: refuse,
  onDefect: { _tag: "SERVER_ERROR", problem: "internal error" }
})

// The cache

interface Item {
  readonly flags: number
  readonly value: Uint8Array
  /** In milliseconds since 1970. */
  readonly expiresAt: number
  /** A number that no other version of an item has. */
  readonly unique: bigint
}

/** Items by key, the least recently used first: that one is evicted when the values take too many bytes. */
const makeCache = (now: () => number, maxBytes = 67_108_864) => {
  const items = new Map<string, Item>()
  let bytes = 0
  let versions = 0n
  let flushAt = Infinity

  /** Forgets all items, after as many seconds. */
  const flush = (delay: number) => {
    flushAt = delay > 0 ? now() + delay * 1000 : Infinity
    if (delay > 0) return
    items.clear()
    bytes = 0
  }

  /** Removes an item, and returns it unless it has expired. */
  const take = (key: string): Item | undefined => {
    if (now() >= flushAt) flush(0)
    const item = items.get(key)
    if (item === undefined) return undefined
    items.delete(key)
    bytes -= item.value.length
    return item.expiresAt > now() ? item : undefined
  }

  const put = (key: string, item: Item): Item => {
    items.set(key, item)
    bytes += item.value.length
    for (const oldest of items.keys()) {
      if (bytes <= maxBytes) break
      take(oldest)
    }
    return item
  }

  /** The item, which is now the most recently used one. */
  const get = (key: string): Item | undefined => {
    const item = take(key)
    return item && put(key, item)
  }

  /** Stores a new version of an item. */
  const store = (key: string, item: Omit<Item, "unique">): Reply => {
    if (item.value.length > maxValue) return tooLarge
    take(key)
    put(key, { ...item, unique: ++versions })
    return { _tag: "STORED" }
  }

  /** 0 means never; up to 30 days are an offset from now, more are a Unix time, and a negative number has passed. */
  const expiry = (exptime: number): number => {
    if (exptime === 0) return Infinity
    return exptime <= 2_592_000 ? now() + exptime * 1000 : exptime * 1000
  }

  return { expiry, flush, get, store, take, stats: () => ({ curr_items: items.size, bytes }) }
}

// The commands: the handler of each message, which returns the reply.

type Tagged<Tag extends Request["_tag"]> = Extract<Request, { readonly _tag: Tag }>

const commandsOf = (cache: ReturnType<typeof makeCache>) => {
  const command = Command.define(Memcached)

  /** Drops the answer where the client wants none. */
  const quietly =
    <R extends Request>(answer: (request: R) => Reply) =>
    (request: R): Protocol.Answer<Reply> => {
      const reply = answer(request)
      return isQuiet(request) ? [] : reply
    }

  const store = quietly((request: Extract<Request, { readonly flags: number }>): Reply => {
    const { exptime, flags, key, value } = request
    const old = cache.get(key)
    const item = { flags, value, expiresAt: cache.expiry(exptime) }
    if (request._tag === "set") return cache.store(key, item)
    if (request._tag === "add") return old ? { _tag: "NOT_STORED" } : cache.store(key, item)
    if (old === undefined) return { _tag: request._tag === "cas" ? "NOT_FOUND" : "NOT_STORED" }
    if (request._tag === "cas" && request.unique !== old.unique) return { _tag: "EXISTS" }
    if (request._tag === "append")
      return cache.store(key, { ...old, value: Buffer.concat([old.value, value]) })
    if (request._tag === "prepend")
      return cache.store(key, { ...old, value: Buffer.concat([value, old.value]) })
    return cache.store(key, item)
  })

  const get = ({ _tag, keys }: Tagged<"get" | "gets">): ReadonlyArray<Reply> => {
    const values = keys.flatMap((key): ReadonlyArray<Reply> => {
      const item = cache.get(key)
      if (item === undefined) return []
      const { flags, unique, value } = item
      return [{ _tag: "VALUE", key, flags, value, ...(_tag === "gets" ? { unique } : {}) }]
    })
    return [...values, end]
  }

  const count = quietly(({ _tag, delta, key }: Tagged<"incr" | "decr">): Reply => {
    const old = cache.get(key)
    if (old === undefined) return { _tag: "NOT_FOUND" }
    const digits = Buffer.from(old.value).toString("latin1")
    if (!/^\d{1,20}$/.test(digits)) return clientError("cannot increment or decrement non-numeric value")
    const sum = BigInt(digits) + (_tag === "incr" ? delta : -delta)
    // incr wraps at 64 bits, decr stops at 0.
    const value = sum < 0n ? 0n : BigInt.asUintN(64, sum)
    cache.store(key, { ...old, value: Buffer.from(String(value)) })
    return { _tag: "number", value }
  })

  const touch = quietly(({ exptime, key }: Tagged<"touch">): Reply => {
    const item = cache.get(key)
    if (item === undefined) return { _tag: "NOT_FOUND" }
    cache.store(key, { ...item, expiresAt: cache.expiry(exptime) })
    return { _tag: "TOUCHED" }
  })

  const flush = quietly((request: Tagged<"flush_all" | "flush_all noreply">): Reply => {
    cache.flush("delay" in request ? (request.delay ?? 0) : 0)
    return ok
  })

  const remove = quietly(({ key }: Tagged<"delete">): Reply => ({
    _tag: cache.take(key) ? "DELETED" : "NOT_FOUND"
  }))

  const acknowledge = quietly(() => ok)

  const stat = (name: string, value: number): Reply => ({ _tag: "STAT", name, value: `${value}` })

  return {
    set: command("set", store),
    add: command("add", store),
    replace: command("replace", store),
    append: command("append", store),
    prepend: command("prepend", store),
    cas: command("cas", store),
    get: command("get", get),
    gets: command("gets", get),
    incr: command("incr", count),
    decr: command("decr", count),
    touch: command("touch", touch),
    delete: command("delete", remove),
    flush_all: command("flush_all", flush),
    "flush_all noreply": command("flush_all noreply", flush),
    verbosity: command("verbosity", acknowledge),
    version: command("version", () => ({ _tag: "VERSION", version: "wireline" })),
    stats: command("stats", () => [...Object.entries(cache.stats()).map(([name, n]) => stat(name, n)), end]),
    quit: command("quit", () => Protocol.closing())
  }
}

/** Serves a cache of its own on the `SocketServer` in the context. */
export const layer = Layer.unwrap(
  Effect.map(Clock.Clock, (clock) =>
    Server.layer(Memcached, { commands: commandsOf(makeCache(() => clock.currentTimeMillisUnsafe())) })
  )
)

if (import.meta.main) run("memcached", layer)
