/** A protocol for the tests of the client, with every way to answer, and a server that a test plays itself. */
import { Effect, Fiber, Schema } from "effect"
import { Socket } from "effect/socket"
import { Client, Framing, Message, Protocol, Syntax, Testing } from "../../src/index.ts"
import { turn } from "../support/Time.ts"

// One frame: `value KEY`.
export const Get = Message.make("get", { key: Syntax.Word })
// The same, or nothing.
const Delete = Message.make("delete", {
  key: Syntax.Word,
  noreply: Schema.optionalKey(Schema.Literal("noreply"))
})
// `count` frames: `item KEY`.
const List = Message.make("list", { key: Syntax.Word, count: Schema.FiniteFromString })
// `item KEY` until the server closes the connection.
const Dump = Message.make("dump", {})
// One frame, which comes when it comes: `checked ID KEY`.
const Check = Message.make("check", { id: Syntax.Word, key: Syntax.Word })
// One frame, to a request that goes on with a body.
const Put = Message.make("put", { key: Syntax.Word, rest: Schema.optionalKey(Syntax.Word) })

const Value = Message.make("value", { key: Syntax.Word })
const Item = Message.make("item", { key: Syntax.Word })
const Checked = Message.make("checked", { id: Syntax.Word, key: Syntax.Word })
// `hello more` goes on.
const Hello = Message.make("hello", { more: Schema.optionalKey(Schema.Literal("more")) })
const News = Message.make("news", { text: Syntax.Word })

const requests = Syntax.words([Get, Delete, List, Dump, Check, Put])
const replies = Syntax.words([Value, Item, Checked, Hello, News])
export type Request = typeof requests.Type
export type Reply = typeof replies.Type

const definition = {
  name: "talk",
  // Requests are short; replies may be longer.
  framing: Framing.lines({ maxLength: 40, escape: "\\" }),
  request: requests,
  reply: replies,
  isLast: (reply: Reply, request: Request | undefined, index: number) =>
    request?._tag === "list"
      ? index === request.count - 1
      : reply._tag !== "hello" || reply.more === undefined,
  replyEnd: (request: Request): Protocol.ReplyEnd =>
    request._tag === "dump"
      ? "close"
      : request._tag === "delete" && request.noreply !== undefined
        ? "nothing"
        : "frames",
  correlation: {
    request: (request: Request) => (request._tag === "check" ? request.id : undefined),
    reply: (reply: Reply) => (reply._tag === "checked" ? reply.id : undefined)
  }
} as const

export const Talk = Protocol.make(definition)

/** The same, with news at any time. */
export const TalkWithNews = Protocol.make({ ...definition, unsolicited: ["news"] })

/** The same, where the server speaks first. */
export const TalkWithGreeting = Protocol.make({ ...definition, greeting: { _tag: "hello" } })

/** The same, where the end of the input ends a line, too. */
export const TalkUnterminated = Protocol.make({
  ...definition,
  framing: { request: definition.framing, reply: keepingTheLastLine(definition.framing) }
})

/** A framing of lines of which the last one needs no end. */
function keepingTheLastLine(framing: Framing.Framing): Framing.Framing {
  return {
    ...framing,
    withMaxLength: (maxLength) => keepingTheLastLine(framing.withMaxLength(maxLength)),
    decoder: () => {
      const decoder = framing.decoder()
      return {
        push: (chunk, start, max) => decoder.push(chunk, start, max),
        get consumed() {
          return decoder.consumed
        },
        // An empty line is none.
        finish: () => decoder.push(Uint8Array.of(0x0a))
      }
    }
  }
}

/** A client, and the server that the test plays. */
export const play = <P extends Protocol.Any>(
  protocol: P,
  options?: Testing.NetworkOptions & Parameters<Testing.Network["client"]>[1]
) =>
  Effect.gen(function* () {
    const network = yield* Testing.network(options)
    const client = yield* network.client(protocol, options)
    return { network, client, server: yield* network.accept }
  })

/** A client on a socket that gives these chunks one by one, each after some time, and then ends like this. */
export const scripted = <P extends Protocol.Any>(
  protocol: P,
  chunks: ReadonlyArray<string>,
  { end = Effect.never, upgrade = Effect.void, write = Effect.void }: Partial<Script>
) => {
  const left = [...chunks]
  const pull = Effect.suspend(() => {
    const chunk = left.shift()
    return chunk === undefined ? end : Effect.as(settled, [chunk] as const)
  })
  const socket = Socket.make({
    reader: Effect.succeed({ pull, upgrade: () => upgrade }),
    writer: Effect.succeed({ write: () => write, writeAll: () => write })
  })
  return Effect.provideService(Client.make(protocol), Socket.Socket, socket)
}

interface Script {
  readonly end: Effect.Effect<never, Socket.SocketError>
  readonly upgrade: Effect.Effect<void, Socket.SocketError>
  readonly write: Effect.Effect<void, Socket.SocketError>
}

/** Runs a request in a fiber of its own; it is sent when this returns. */
export const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(effect, { startImmediately: true })

/** The results of fibers, in their order. */
export const results = <A, E>(fibers: ReadonlyArray<Fiber.Fiber<A, E>>) => Effect.forEach(fibers, Fiber.join)

/** Time enough for whatever can go on to go on. */
export const settled = Effect.replicateEffect(turn, 20, { discard: true })

export const get = (key: string): Request => ({ _tag: "get", key })
export const value = (key: string): Reply => ({ _tag: "value", key })
export const item = (key: string): Reply => ({ _tag: "item", key })
export const news = (text: string) => ({ _tag: "news", text }) as const
export const noreply = (key: string): Request => ({ _tag: "delete", key, noreply: "noreply" })
