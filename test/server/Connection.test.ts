import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Command, Framing, Message, Protocol, Server, Syntax, Testing } from "../../src/index.ts"

const Line = Protocol.make({
  name: "line",
  framing: Framing.lines({ maxLength: 100 }),
  request: Syntax.words([Message.make("close", {}), Message.make("disconnect", {})]),
  reply: Syntax.words([Message.make("bye", {}), Message.make("failed", {})]),
  onDefect: { _tag: "failed" }
})

const layer = Server.layer(Line, {
  commands: {
    close: Command.layer(Line, "close", (_, { close }) => {
      close()
      return { _tag: "bye" }
    }),
    disconnect: Command.layer(Line, "disconnect", (_, { disconnect }) => {
      disconnect()
      return { _tag: "bye" }
    })
  }
})

describe("A handler that takes a function out of the connection", () => {
  for (const [request, replies] of [
    ["close", "bye\n"],
    ["disconnect", ""]
  ] as const) {
    it.effect(`can ${request} it`, () =>
      Effect.gen(function* () {
        const network = yield* Testing.serve(layer)
        const peer = yield* network.connect
        yield* peer.send(`${request}\n`)
        assert.strictEqual(yield* peer.rest, replies)
      })
    )
  }
})
