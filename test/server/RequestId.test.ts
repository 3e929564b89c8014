/** How what a server logs tells whom it is about: the protocol, the peer, and which of its requests. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { inspect } from "node:util"
import { RequestCount } from "../../src/server/RequestId.ts"
import { withLogs } from "../support/Happenings.ts"
import { open, serve, Stage, tcp, until } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"

const about = (request: string) =>
  String.raw`protocol=probe peer=tcp://127\.0\.0\.1:\d+ request="?${request}"?$`

describe("The id of a request", () => {
  it("is the number of its connection and of its frame in that", () => {
    const count = new RequestCount(17)
    assert.strictEqual(String(count), "17-0")
    count.frames += 4
    assert.strictEqual(String(count), "17-4")
    assert.strictEqual(JSON.stringify({ request: count }), '{"request":"17-4"}')
    assert.strictEqual(inspect({ request: count }), "{ request: 17-4 }")
  })

  it.effect("is told, with the peer, of commands that die at once, as an effect, or of their reply", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        const { endpoint } = yield* serve(tcp)
        yield* RawPeer.connect(endpoint)
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send("say a\nnonsense\ndie effect\ndie throwing\nsay b\ndie unsayable\n")
        yield* peer.lines(6)
        const died = logs.all.filter((line) => line.includes("a command died"))
        assert.lengthOf(died, 3)
        for (const [i, frame] of [3, 4, 6].entries()) assert.match(died[i]!, new RegExp(about(`2-${frame}`)))
      })
    ).pipe(Effect.provide(Stage.layer))
  )

  it.effect("is its own for one that is answered later, however many have come since", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        const { endpoint } = yield* serve(tcp)
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send("say a\nlater thrown\nlater dead\nlater b\nsay c\n")
        yield* until("later b")
        yield* open("dead")
        yield* open("b")
        assert.deepStrictEqual(yield* peer.lines(5), [
          ...["said a", "failed internal", "failed internal", "said b", "said c"]
        ])
        const died = logs.all.filter((line) => line.includes("a command died"))
        assert.lengthOf(died, 2)
        for (const [i, frame] of [2, 3].entries()) assert.match(died[i]!, new RegExp(about(`1-${frame}`)))
      })
    ).pipe(Effect.provide(Stage.layer))
  )
})
