import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Command, Framing, Message, Protocol, Server, Syntax, Testing } from "../../src/index.ts"
import { serveOn, unix } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"

const Said = Message.make("said", { text: Syntax.Word })

const Echo = Protocol.make({
  name: "echo",
  framing: Framing.lines({ maxLength: 100, unterminated: "keep" }),
  request: Syntax.words([Message.make("say", { text: Syntax.Word })]),
  reply: Syntax.words([Said])
})

/** Notes the requests as well as answering them. */
const layer = (texts: Array<string> = []) =>
  Server.layer(Echo, {
    commands: {
      say: Command.layer(Echo, "say", ({ text }) => {
        texts.push(text)
        return { _tag: "said", text }
      })
    }
  })

describe("A last line without its end, where the framing keeps it,", () => {
  it.effect("is answered when the peer half-closes", () =>
    Effect.gen(function* () {
      const network = yield* Testing.serve(layer())
      const peer = yield* network.connect
      yield* peer.send("say a\nsay b")
      yield* peer.end
      assert.strictEqual(yield* peer.rest, "said a\nsaid b\n")
    })
  )

  it.live("is answered on a socket", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serveOn(yield* unix, layer())
      const peer = yield* RawPeer.connect(endpoint)
      yield* peer.send("say a\nsay b")
      yield* peer.end
      assert.strictEqual(yield* peer.rest, "said a\nsaid b\n")
    })
  )

  it.effect("is dropped when the server drains, because the rest may be on its way", () =>
    Effect.gen(function* () {
      const network = yield* Testing.network()
      const server = yield* network.serve(layer())
      const peer = yield* network.connect
      yield* peer.send("say a\nsay b")
      yield* peer.expect("said a\n")
      yield* server.stop
      assert.strictEqual(yield* peer.rest, "")
    })
  )

  it.effect("is dropped when the connection breaks", () =>
    Effect.gen(function* () {
      const texts: Array<string> = []
      const network = yield* Testing.network()
      const server = yield* network.serve(layer(texts))
      const peer = yield* network.connect
      yield* peer.send("say a\nsay b")
      yield* peer.expect("said a\n")
      yield* peer.reset
      yield* server.stop
      assert.deepStrictEqual(texts, ["a"])
    })
  )
})
