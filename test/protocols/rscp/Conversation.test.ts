/** The specification's conversations and the notes on it, byte for byte, over a real socket. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Client from "../../../src/Client.ts"
import * as Endpoint from "../../../src/Endpoint.ts"
import { Calculator } from "../../../src/protocols/rscp/Calculator.ts"
import { Rscp } from "../../../src/protocols/rscp/Protocol.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import { serveRscp } from "../../support/ServedRscp.ts"
import { answersOf, askOne, converseWith, type Exchange, lastWordsOf } from "../../support/Talk.ts"

const connect: Exchange = ["CONNECT REQUEST", "AUTHENTIFICATION SUCCESSFUL"]
const connectPrivate: Exchange = ["CONNECT REQUEST", "AUTHENTIFICATION REQUEST"]
const successful = "AUTHENTIFICATION SUCCESSFUL"
const failed = "AUTHENTIFICATION FAILED"
const request = "AUTHENTIFICATION REQUEST"
const created = "AUTHENTIFICATION CREATE SUCCESS"
const notCreated = "AUTHENTIFICATION CREATE FAILED"
const malformed = "ERROR:REASON=malformed message"

const login = (name: string, password: string) =>
  `AUTHENTIFICATION LOGIN:USERNAME=${name}:PASSWORD=${password}`
const create = (name: string, password: string, email = `${name}@example.org`) =>
  `AUTHENTIFICATION CREATE:USERNAME=${name}:PASSWORD=${password}:EMAIL=${email}`
const response = (id: number, answer: string) => `FUNCTION RESPONSE:ID=${id}:ANSWER=${answer}`

const onPublic = (...exchanges: ReadonlyArray<Exchange>) =>
  Effect.flatMap(serveRscp(), (served) => converseWith(served, ...exchanges))

const onPrivate = (...exchanges: ReadonlyArray<Exchange>) =>
  Effect.flatMap(serveRscp({ access: "private" }), (served) => converseWith(served, ...exchanges))

describe("A public server", () => {
  it.effect("has the conversation of the specification, and closes at the end of it", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp()
      const [first, list, answer, ...rest] = (yield* lastWordsOf(
        served,
        "CONNECT REQUEST\nLIST FUNCTION\nFUNCTION:ID=2:PARAM1=90\nDISCONNECT\n"
      )).split("\n")
      assert.strictEqual(first, successful)
      assert.isTrue(list!.startsWith("FUNCTION=ADD(X, Y):ID=1:NBPARAM=2:FUNCTION=SIN(X):ID=2:NBPARAM=1:"))
      assert.strictEqual(answer, "FUNCTION RESPONSE:ID=2:ANSWER=1")
      assert.deepStrictEqual(rest, [""])
    })
  )

  it.effect("answers an operation that cannot be done, too", () =>
    onPublic(
      connect,
      ["FUNCTION:ID=1:PARAM1=0.1:PARAM2=0.2", response(1, "0.3")],
      ["FUNCTION:PARAM2=2:ID=1:PARAM1=1", response(1, "3")],
      ["FUNCTION:ID=1:PARAM1=1", response(1, "ERROR 2 parameters expected")],
      ["FUNCTION:ID=1:PARAM1=one:PARAM2=2", response(1, "ERROR not a number")],
      ["FUNCTION:ID=1:PARAM1=:PARAM2=2", response(1, "ERROR not a number")],
      ["FUNCTION:ID=999999", response(999999, "ERROR unknown function")],
      ["FUNCTION:ID=sin:PARAM1=1", "FUNCTION RESPONSE:ID=sin:ANSWER=ERROR unknown function"]
    )
  )

  it.effect("answers AUTHENTIFICATION FAILED before CONNECT REQUEST, and goes on", () =>
    onPublic(
      ["LIST FUNCTION", failed],
      ["FUNCTION:ID=2:PARAM1=90", failed],
      [login("dias", "pompier"), failed],
      [create("dias", "pompier"), failed],
      connect,
      ["FUNCTION:ID=2:PARAM1=90", response(2, "1")]
    )
  )

  it.effect("answers a second CONNECT REQUEST as the first, and has nobody log in or register", () =>
    onPublic(
      connect,
      connect,
      [login("nobody", "what you like"), successful],
      [create("dias", "pompier"), notCreated],
      ["FUNCTION:ID=2:PARAM1=90", response(2, "1")]
    )
  )
})

describe("A private server", () => {
  it.effect("has the conversation of the specification, and closes at the end of it", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp({ access: "private" })
      const words = yield* lastWordsOf(
        served,
        [
          "CONNECT REQUEST",
          "AUTHENTIFICATION CREATE:USERNAME=dias:PASSWORD=pompier:EMAIL=dias@lesuperpompier.ne.ch",
          "AUTHENTIFICATION LOGIN:USERNAME=dias:PASSWORD=pompier",
          "DISCONNECT",
          ""
        ].join("\n")
      )
      assert.deepStrictEqual(words.split("\n"), [request, created, successful, ""])
      assert.strictEqual((yield* served.accounts.find("rscp", "dias")).email, "dias@lesuperpompier.ne.ch")
    })
  )

  it.effect("asks for a login before anything else", () =>
    onPrivate(
      ["LIST FUNCTION", request],
      ["FUNCTION:ID=2:PARAM1=90", request],
      [login("dias", "pompier"), request],
      [create("dias", "pompier"), request],
      connectPrivate,
      ["LIST FUNCTION", request],
      ["FUNCTION:ID=2:PARAM1=90", request],
      connectPrivate,
      [login("dias", "pompier"), failed],
      [create("dias", "pompier"), created],
      ["FUNCTION:ID=2:PARAM1=90", request],
      [login("dias", "wrong one"), failed],
      ["FUNCTION:ID=2:PARAM1=90", request],
      [login("DIAS", "pompier"), successful],
      ["FUNCTION:ID=2:PARAM1=90", response(2, "1")]
    )
  )

  it.effect("keeps who is logged in when a later LOGIN fails, a CREATE comes, or a CONNECT REQUEST", () =>
    onPrivate(
      connectPrivate,
      [create("dias", "pompier"), created],
      [login("dias", "pompier"), successful],
      [login("dias", "wrong one"), failed],
      [create("ada", "lovelace"), created],
      connectPrivate,
      ["FUNCTION:ID=2:PARAM1=90", response(2, "1")],
      [login("ada", "lovelace"), successful],
      ["FUNCTION:ID=2:PARAM1=90", response(2, "1")]
    )
  )

  it.effect("makes no account with a name that is taken, a short password, or a bad address", () =>
    onPrivate(
      connectPrivate,
      [create("dias", "short"), notCreated],
      [create("dias", "longer"), created],
      [create("Dias", "another password"), notCreated],
      [create("", "pompier"), notCreated],
      ...[
        "",
        "dias",
        "dias@",
        "@example.org",
        "a b@example.org",
        "a@b@c.org",
        "dias@example",
        `${"x".repeat(250)}@a.org`
      ].map((email): Exchange => [create("ada", "lovelace", email), notCreated]),
      [create("ada", "lovelace", "ada@example.org"), created]
    )
  )

  it.effect("makes no account at all with registration off, and still logs in those there are", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp({ access: "private", registration: false })
      yield* served.accounts.create("rscp", "dias", Redacted.make("pompier dias"))
      yield* converseWith(
        served,
        connectPrivate,
        [create("ada", "lovelace"), notCreated],
        [login("dias", "pompier dias"), successful]
      )
    })
  )

  it.effect("opens to no account of another realm, and locks a name after five failures", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp({ access: "private" })
      yield* served.accounts.create("exon", "dias", Redacted.make("pompier dias"))
      yield* converseWith(
        served,
        connectPrivate,
        [login("dias", "pompier dias"), failed],
        [create("dias", "pompier"), created],
        ...Array.from({ length: 4 }, (): Exchange => [login("dias", "wrong"), failed]),
        [login("dias", "pompier"), failed]
      )
      yield* TestClock.adjust("15 minutes")
      yield* converseWith(served, connectPrivate, [login("dias", "pompier"), successful])
    })
  )

  it.effect("lets an address register 20 times in 15 minutes", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp({ access: "private" })
      yield* converseWith(
        served,
        connectPrivate,
        ...Array.from({ length: 20 }, (_, n): Exchange => [create(`n${n}`, "pompier"), created]),
        [create("late", "pompier"), notCreated]
      )
      yield* TestClock.adjust("15 minutes")
      yield* converseWith(served, connectPrivate, [create("late", "pompier"), created])
    })
  )
})

describe("A connection", () => {
  it.effect("gets an error for a line outside the grammar, and stays", () =>
    onPublic(
      ["connect request", malformed],
      ["CONNECT REQUEST:", malformed],
      ["nonsense", malformed],
      ["FUNCTION", malformed],
      ["FUNCTION:PARAM1=1", malformed],
      ["FUNCTION:ID=1:PARAM2=1", malformed],
      ["FUNCTION:ID=1:PARAM1=1:PARAM1=2", malformed],
      ["AUTHENTIFICATION LOGIN:USERNAME=dias", malformed],
      ["AUTHENTIFICATION SUCCESSFUL", malformed],
      connect,
      ["LIST FUNCTION ", malformed]
    )
  )

  it.effect("ignores empty lines, drops a CR before LF, and gets an error for what is not UTF-8", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp()
      const bytes = Buffer.concat([
        Buffer.from("\n\r\nCONNECT REQUEST\r\n"),
        Buffer.from("FUNCTION:ID=1:PARAM1=\xff\n", "latin1"),
        Buffer.from("FUNCTION:ID=1:PARAM1=1:PARAM2=2\r\nLIST FUNC")
      ])
      assert.deepStrictEqual((yield* answersOf(served, bytes)).split("\n"), [
        successful,
        malformed,
        response(1, "3"),
        ""
      ])
    })
  )

  it.effect("that sends a line over the limit gets an error and is closed", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp()
      const longest = `FUNCTION:ID=0:PARAM1=${"x".repeat(8192 - "FUNCTION:ID=0:PARAM1=".length)}`
      yield* converseWith(served, connect, [longest, "FUNCTION RESPONSE:ID=0:ANSWER=ERROR unknown function"])
      assert.strictEqual(yield* lastWordsOf(served, `${longest}x\nCONNECT REQUEST\n`), `${malformed}\n`)
    })
  )

  it.effect("is closed after thirty minutes without a message, and not before", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp()
      const peer = yield* RawPeer.connect(served.endpoint)
      assert.strictEqual(yield* askOne(peer, "CONNECT REQUEST"), successful)
      yield* TestClock.adjust("29 minutes")
      assert.strictEqual(yield* askOne(peer, "FUNCTION:ID=2:PARAM1=90"), response(2, "1"))
      yield* TestClock.adjust("29 minutes")
      assert.strictEqual(yield* askOne(peer, "FUNCTION:ID=2:PARAM1=30"), response(2, "0.5"))
      yield* TestClock.adjust("30 minutes")
      assert.strictEqual(yield* peer.rest, "")
    })
  )

  it.effect("gets its answers in order, those that take their time too, and DISCONNECT after them", () =>
    Effect.gen(function* () {
      const served = yield* serveRscp({
        calculator: Layer.succeed(Calculator, {
          compute: (id, [first]) => (id === "slow" ? Effect.as(Effect.yieldNow, first!) : first!)
        })
      })
      const ids = ["slow", "quick", "slow", "slow", "quick"]
      const words = yield* lastWordsOf(
        served,
        ["CONNECT REQUEST", ...ids.map((id, n) => `FUNCTION:ID=${id}:PARAM1=${n}`), "DISCONNECT", ""].join(
          "\n"
        )
      )
      assert.deepStrictEqual(words.split("\n"), [
        successful,
        ...ids.map((id, n) => `FUNCTION RESPONSE:ID=${id}:ANSWER=${n}`),
        ""
      ])
    })
  )

  it.effect("is spoken to by the typed client", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serveRscp()
      const client = yield* Effect.provide(Client.make(Rscp), Endpoint.layerClient(endpoint))
      assert.deepStrictEqual(yield* client.send({ _tag: "connect" }), [{ _tag: "Successful" }])
      const [list] = yield* client.send({ _tag: "list" })
      assert.strictEqual(list?._tag, "Functions")
      if (list?._tag !== "Functions") return
      const add = Option.fromUndefinedOr(list.functions.find(({ id }) => id === 1))
      assert.deepStrictEqual(add, Option.some({ function: "ADD(X, Y)", id: 1, nbparam: 2 }))
      assert.deepStrictEqual(yield* client.send({ _tag: "function", id: "1", param: ["1", "2"] }), [
        { _tag: "Response", id: "1", answer: "3" }
      ])
    })
  )
})
