/**
 * A protocol whose commands do what a test says, by name: `do NAME` is answered before the next request is taken, `run NAME`
 * is concurrent.
 */
import { Effect, Schema } from "effect"
import { Command, Framing, Message, Protocol, Server, Syntax } from "../../src/index.ts"

const name = { name: Syntax.Word, noreply: Schema.optionalKey(Schema.Literal("noreply")) }

export const Scripted = Protocol.make({
  name: "scripted",
  framing: Framing.lines({ maxLength: 1000 }),
  request: Syntax.words([Message.make("do", name), Message.make("run", name)]),
  reply: Syntax.words([
    Message.make("said", { text: Syntax.Word }),
    Message.make("event", { text: Syntax.Word })
  ]),
  unsolicited: ["event"],
  replyEnd: ({ noreply }) => (noreply === undefined ? "frames" : "nothing"),
  onInvalid: { _tag: "said", text: "invalid" },
  onDefect: { _tag: "said", text: "internal" }
})

export type Reply = Protocol.Reply<typeof Scripted>

export type Connection = Server.Connection<typeof Scripted>

export type Script = Readonly<Record<string, (connection: Connection) => Command.Answering<Reply>>>

export const said = (text: string): Reply => ({ _tag: "said", text })

export const event = (text: string) => ({ _tag: "event", text }) as const

export interface Options extends Server.Limits {
  readonly protocol?: typeof Scripted
  /** Runs while `do` is loaded. */
  readonly loading?: Effect.Effect<void>
  readonly observer?: () => Server.Observer | undefined
}

/** The server. A name that is not in the script is said. */
export const layer = (
  script: Script,
  { loading = Effect.void, protocol = Scripted, ...options }: Options = {}
) => {
  const handler = ({ name }: { readonly name: string }, connection: Connection): Command.Answering<Reply> => {
    const answer = script[name]
    return answer === undefined ? said(name) : answer(connection)
  }
  return Server.layer(protocol, {
    ...options,
    commands: {
      do: Command.layer(Scripted, "do", Effect.as(loading, handler)),
      run: Command.layer(Scripted, "run", handler, { concurrent: true })
    }
  })
}
