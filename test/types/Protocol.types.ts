/** What has to compile. `npm run check` is the test. */
import { Command, Framing, Message, Protocol, Server, Syntax } from "../../src/index.ts"
import { Context, Effect, Layer, Stream } from "effect"

const Ask = Message.make("ask", { what: Syntax.Word })
const Said = Message.make("said", { text: Syntax.Word })
const Failed = Message.make("failed", { reason: Syntax.Word })

const common = {
  name: "typed",
  framing: Framing.lines({ maxLength: 100 }),
  request: Syntax.words([Ask]),
  reply: Syntax.words([Said, Failed])
} as const

/** A bare literal is an answer to an invalid request in every form. */
export const forms = [
  Protocol.make({ ...common, onInvalid: { _tag: "failed", reason: "syntax" } }),
  Protocol.make({ ...common, onInvalid: [{ _tag: "failed", reason: "syntax" }] }),
  Protocol.make({ ...common, onInvalid: [] }),
  Protocol.make({ ...common, onInvalid: Protocol.closing({ _tag: "failed", reason: "syntax" }) }),
  Protocol.make({ ...common, onInvalid: Protocol.closing() }),
  Protocol.make({ ...common, onInvalid: () => ({ _tag: "failed", reason: "syntax" }) }),
  Protocol.make({ ...common, onInvalid: () => [{ _tag: "failed", reason: "syntax" }] }),
  Protocol.make({ ...common, onInvalid: () => Protocol.closing({ _tag: "failed", reason: "syntax" }) }),
  Protocol.make({
    ...common,
    onInvalid: (problem) =>
      problem._tag === "InvalidFrame"
        ? Protocol.closing({ _tag: "failed", reason: problem.reason })
        : { _tag: "failed", reason: problem.reason._tag }
  })
]

/** A protocol without replies compiles everywhere. */
const Silent = Protocol.make({ name: "silent", framing: common.framing, request: common.request })

export const silent = Server.layer(Silent, { commands: { ask: Command.layer(Silent, "ask", () => []) } })

const Plain = Protocol.make(common)

/** Literals of replies keep their types in every form of an answer, with and without a session. */
export const answers = [
  Command.layer(Plain, "ask", () => ({ _tag: "said", text: "a" })),
  Command.layer(Plain, "ask", () => [{ _tag: "said", text: "a" }]),
  Command.layer(Plain, "ask", ({ what }) => (what === "" ? [] : [{ _tag: "said", text: what }])),
  Command.layer(Plain, "ask", ({ what }) =>
    what === "" ? Protocol.closing({ _tag: "failed", reason: "empty" }) : [{ _tag: "said", text: what }]
  ),
  Command.layer(Plain, "ask", () => Effect.sync(() => [{ _tag: "said", text: "a" }])),
  Command.layer(Plain, "ask", () => Stream.make({ _tag: "said", text: "a" })),
  Command.define(Plain)("ask", () => [{ _tag: "said", text: "a" }])
]

/** Another message is no answer. */
export const wrong = [
  // @ts-expect-error
  Command.layer(Plain, "ask", () => ({ _tag: "other", text: "a" })),
  // @ts-expect-error
  Command.layer(Plain, "ask", () => [{ _tag: "other", text: "a" }]),
  // @ts-expect-error
  Command.layer(Plain, "ask", () => [{ _tag: "said" }])
]

class Session extends Context.Service<Session, { asked: number }>()("types/Session") {
  static readonly layer = Layer.sync(Session, () => ({ asked: 0 }))
}

const Typed = Protocol.make({
  ...common,
  unsolicited: ["said"],
  modes: { other: { request: Syntax.words([Said]) } }
})
const command = Command.define(Typed, Session)

/** `connection` needs no annotation, in any form of a handler; commands may be eager or lazy. */
const commands = {
  ask: command("ask", ({ what }, connection) => {
    connection.session.asked++
    connection.setMode("other")
    connection.offer({ _tag: "said", text: what })
    return { _tag: "said", text: what }
  }),
  said: () =>
    Promise.resolve({
      default: command(
        "said",
        Effect.map(
          Session,
          (own) =>
            ({ text }, { session }) =>
              Effect.as(Effect.void, { _tag: "said", text: `${text}${session.asked}${own.asked}` } as const)
        ),
        { concurrent: true }
      )
    })
}

export const served = Server.layer(Typed, {
  session: Session.layer,
  commands,
  greeting: () => ({ _tag: "said", text: "hello" }),
  onInvalid: (problem, connection) => ({
    _tag: "failed",
    reason: `${problem._tag} ${connection.peer.address}`
  })
})

export const streamed = command("ask", () =>
  Stream.make({ _tag: "said", text: "a" } as const, Protocol.lastFragment("b"))
)

/** `makeCache` infers its types. */
export const cache = Effect.map(Command.makeCache(Typed, commands), (cache) => cache.find("ask"))

/** Only what is unsolicited may be pushed, and only a mode of the protocol switched to. */
export const refused = command("ask", (_, connection) => {
  // @ts-expect-error -- `failed` is a reply, and not an unsolicited message
  connection.offer({ _tag: "failed", reason: "" })
  // @ts-expect-error -- there is no such mode
  connection.setMode("none")
  return []
})
