/** What follows the answer that closes a connection, and the program's own mistakes, which must not end one. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Stream } from "effect"
import { Protocol, Testing } from "../../src/index.ts"
import { withLogs } from "../support/Happenings.ts"
import { event, layer, said, type Script, Scripted } from "../support/Scripted.ts"
import { turn } from "../support/Time.ts"

/** No request of it is answered with nothing, so that single replies take the shortest way. */
const Plain: typeof Scripted = { ...Scripted, hasSilentRequests: false }

const settled = Effect.replicateEffect(turn, 20, { discard: true })

/** A peer of a server with a script. */
const peerOf = (script: Script, options?: Parameters<typeof layer>[1]) =>
  Effect.gen(function* () {
    const network = yield* Testing.network()
    yield* network.serve(layer(script, options))
    return yield* network.connect
  })

describe("A concurrent command that closes the connection", () => {
  it.effect("keeps the next request from being answered that waits for its turn", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      let begun = 0
      const peer = yield* peerOf({
        bye: () => Effect.as(Deferred.await(gate), Protocol.closing(said("bye"))),
        count: () => Effect.sync(() => said(String(++begun)))
      })
      yield* peer.send("run bye\ndo count\ndo more\n")
      yield* settled
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* peer.rest, "said bye\n")
      assert.strictEqual(begun, 0)
    })
  )

  it.effect("ends the output at once, though requests behind it go on", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      let ended = false
      const peer = yield* peerOf({
        bye: () => Effect.as(Effect.yieldNow, Protocol.closing(said("bye"))),
        slow: () =>
          Effect.andThen(
            Deferred.await(gate),
            Effect.sync(() => said(String((ended = true))))
          )
      })
      yield* peer.send("run bye\nrun slow\n")
      assert.strictEqual(yield* peer.rest, "said bye\n")
      yield* peer.close
      yield* Deferred.succeed(gate, undefined)
      yield* settled
      assert.isTrue(ended)
    })
  )

  it.effect("keeps the next request from being answered whose command is loaded meanwhile", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const loaded = yield* Deferred.make<void>()
      const peer = yield* peerOf(
        { bye: () => Effect.as(Deferred.await(gate), Protocol.closing(said("bye"))) },
        { loading: Deferred.await(loaded) }
      )
      yield* peer.send("run bye\ndo more\n")
      yield* settled
      yield* Deferred.succeed(gate, undefined)
      yield* settled
      yield* Deferred.succeed(loaded, undefined)
      assert.strictEqual(yield* peer.rest, "said bye\n")
    })
  )
})

describe("A handler's own mistake", () => {
  it.effect("such as an answer that is none ends neither the connection nor other replies", () =>
    Effect.gen(function* () {
      const peer = yield* peerOf({ nothing: () => undefined as unknown as [] }, { protocol: Plain })
      yield* peer.send("do a\ndo nothing\ndo b\n")
      assert.deepStrictEqual(yield* peer.lines(2), ["said a", "said b"])
    })
  )

  it.effect("such as a closed connection that it goes on using does no harm", () =>
    withLogs((logs) =>
      Effect.gen(function* () {
        let over: (() => void) | undefined
        const peer = yield* peerOf({
          use: ({ close, disconnect, offer, send, setMode }) => {
            over = () => {
              close()
              setMode(undefined)
              offer(event("a"))
              Effect.runFork(send(event("b")))
              disconnect()
            }
            return Protocol.closing(said("used"))
          }
        })
        yield* peer.send("do use\n")
        assert.strictEqual(yield* peer.rest, "said used\n")
        yield* peer.close
        yield* settled
        over?.()
        yield* settled
        assert.strictEqual(logs.count(/level=(ERROR|WARN)/), 0)
      })
    )
  )

  it.effect("such as closing while a Stream is made ends the connection behind the Stream", () =>
    Effect.gen(function* () {
      const peer = yield* peerOf({
        close: ({ close }) =>
          Stream.make(said("a"), said("b")).pipe(
            Stream.rechunk(1),
            Stream.tap(() => Effect.sync(close))
          )
      })
      yield* peer.send("do close\ndo after\n")
      assert.strictEqual(yield* peer.rest, "said a\nsaid b\n")
    })
  )
})

describe("A function of a protocol, or an observer, that throws", () => {
  const whatIsIn = (value: object): string => JSON.stringify(value)
  const throwAt =
    <A>(what: string, otherwise: A) =>
    (value: object): A => {
      if (whatIsIn(value).includes(`"${what}"`)) throw new Error(`thrown at ${what}`)
      return otherwise
    }

  for (const [what, protocol] of [
    ["isError", { ...Plain, isError: throwAt("bad", false) }],
    ["onInvalid", { ...Plain, onInvalid: throwAt("Malformed", said("invalid")) }]
  ] satisfies ReadonlyArray<readonly [string, typeof Scripted]>) {
    it.effect(`is answered in its place: ${what}`, () =>
      withLogs((logs) =>
        Effect.gen(function* () {
          const peer = yield* peerOf({}, { protocol })
          yield* peer.send(`do a\n${what === "onInvalid" ? "what" : "do bad"}\ndo b\n`)
          assert.deepStrictEqual(yield* peer.lines(3), ["said a", "said internal", "said b"])
          assert.strictEqual(logs.count(/level=ERROR.*thrown at/), 1)
        })
      )
    )
  }

  for (const [what, observer] of [
    ["none is found", () => throwAt("x", undefined)({ x: "x" })],
    ["it is called", () => () => throwAt("x", Effect.void)({ x: "x" })],
    ["it runs", () => () => Effect.die(new Error("thrown at x"))]
  ] as const) {
    it.effect(`does not touch the conversation: an observer, when ${what}`, () =>
      withLogs((logs) =>
        Effect.gen(function* () {
          const peer = yield* peerOf({ later: () => Effect.as(Effect.yieldNow, said("later")) }, { observer })
          yield* peer.send("do a\ndo later\nrun later\ndo b\n")
          assert.deepStrictEqual(yield* peer.lines(4), ["said a", "said later", "said later", "said b"])
          assert.isAtLeast(logs.count(/level=ERROR.*an observer died.*thrown at/), 1)
        })
      )
    )
  }
})
