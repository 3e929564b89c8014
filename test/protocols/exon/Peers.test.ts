/** Many peers and bad ones against one server: the others notice nothing, and its memory stays bounded. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Deferred, Effect, Layer, Schema } from "effect"
import { Kdf } from "effect/crypto"
import { TestClock } from "effect/testing"
import { Exon } from "../../../src/protocols/exon/Protocol.ts"
import { Malformed } from "../../../src/Protocol.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import { Happenings } from "../../support/Happenings.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import {
  answersOf,
  askOne,
  password,
  type ServedExon,
  serveHere,
  serveThere,
  writeTo
} from "../../support/ServedExon.ts"
import { memoryGrowth } from "../../support/Started.ts"
import { protocolError } from "./ConversationModel.ts"

const mebibyte = 1024 * 1024

const notFound = '{"status":"error","message":"Item not found.","data":""}'

/** A client that minds its own business, and sees that it is answered rightly. */
const mindOwnBusiness = (peer: RawPeer.RawPeer, rounds = 20) =>
  Effect.gen(function* () {
    for (let round = 0; round < rounds; round++) {
      assert.strictEqual(yield* askOne(peer, "id 9007199254740991"), notFound)
      assert.strictEqual(yield* askOne(peer, "nonsense"), protocolError)
    }
  })

/** Runs a test and sees that the server has not needed more than so much memory in addition. */
const within = <A, E, R>(
  bytes: number,
  served: ServedExon & { readonly process: { readonly pid: number } },
  test: Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    // What serving takes by itself is no peer's doing.
    yield* Effect.scoped(
      Effect.flatMap(RawPeer.connect(served.endpoint), (peer) => mindOwnBusiness(peer, 200))
    )
    const growth = yield* memoryGrowth(served.process.pid)
    const result = yield* test
    assert.isBelow(yield* growth, bytes)
    return result
  })

/** Node's own derivations, each of which waits for a gate that a test opens, but for those of its preparations. */
const gated = Effect.gen(function* () {
  const gate = yield* Deferred.make<void>()
  const happenings = new Happenings()
  const state = { closed: false }
  const layer = Layer.effect(
    Kdf.Kdf,
    Effect.map(Kdf.Kdf, (kdf) => ({
      derive: (...args: Parameters<Kdf.Kdf["Service"]["derive"]>) =>
        Effect.suspend(() => {
          if (!state.closed) return kdf.derive(...args)
          happenings.note("derivation")
          return Effect.andThen(Deferred.await(gate), kdf.derive(...args))
        })
    }))
  ).pipe(Layer.provide(NodeCrypto.layerKdf))
  return {
    layer,
    happenings,
    close: Effect.sync(() => {
      state.closed = true
    }),
    open: Deferred.succeed(gate, undefined)
  }
})

describe("Peers of Exon", () => {
  it.live(
    "that never read their replies are not read any more, and cost no more than a batch of them",
    () =>
      Effect.gen(function* () {
        const served = yield* serveThere(yield* temporaryDirectory)
        const comments = "x".repeat(65_536)
        const full = Array.from({ length: 50 }, (_, i) => `add name="${i}"::comments="${comments}"\n`).join(
          ""
        )
        assert.strictEqual((yield* answersOf(served, full)).split("\n").length, 51)
        yield* within(
          200 * mebibyte,
          served,
          Effect.gen(function* () {
            const other = yield* RawPeer.connect(served.endpoint)
            const silent = yield* Effect.forEach(["id 7\n", "list\n", 'search text="xxxx"\n'], (line) =>
              Effect.gen(function* () {
                const peer = yield* RawPeer.connect(served.endpoint)
                peer.socket.pause()
                // Gibibytes of replies to one batch of requests, and then more requests than any buffer holds.
                yield* peer.send(line.repeat(1024))
                yield* mindOwnBusiness(other)
                peer.socket.write("id 9\n".repeat((24 * mebibyte) / 5))
                return peer
              })
            )
            yield* mindOwnBusiness(other, 200)
            for (const { socket } of silent) {
              // They are still on this side: the server has stopped reading.
              assert.isAbove(socket.writableLength, 16 * mebibyte)
              socket.destroy()
            }
            yield* mindOwnBusiness(other)
          })
        )
      }),
    60_000
  )

  it.effect("that read at last get all of their replies", () =>
    Effect.gen(function* () {
      const served = yield* serveHere()
      const comments = "x".repeat(60_000)
      const late = yield* RawPeer.connect(served.endpoint)
      assert.include(yield* askOne(late, `add name="a"::comments="${comments}"`), '"data":1')
      const reply = yield* askOne(late, "id 1")
      const other = yield* RawPeer.connect(served.endpoint)
      late.socket.pause()
      yield* late.send("id 1\n".repeat(300))
      yield* late.end
      yield* mindOwnBusiness(other)
      late.socket.resume()
      assert.isTrue((yield* late.rest) === `${reply}\n`.repeat(300))
    })
  )

  it.effect("may say one byte at a time while others speak", () =>
    Effect.gen(function* () {
      const served = yield* serveHere()
      const slow = yield* RawPeer.connect(served.endpoint)
      const other = yield* RawPeer.connect(served.endpoint)
      for (const byte of Buffer.from('add name="sl😀w"\r\nid "1"\n')) {
        yield* writeTo(slow, Uint8Array.of(byte))
        yield* mindOwnBusiness(other, 1)
      }
      const [added, item] = yield* slow.lines(2)
      assert.strictEqual(added, '{"status":"success","message":"New item registered","data":1}')
      assert.include(item!, '"name":"sl😀w"')
    })
  )

  it.live(
    "that send a line of a gigabyte are answered with the protocol error, and its bytes are not kept",
    () =>
      Effect.gen(function* () {
        const served = yield* serveThere(yield* temporaryDirectory)
        yield* within(
          200 * mebibyte,
          served,
          Effect.gen(function* () {
            const endless = yield* RawPeer.connect(served.endpoint)
            const other = yield* RawPeer.connect(served.endpoint)
            const chunk = Buffer.alloc(64 * 1024, "x")
            let sent = 0
            yield* writeTo(endless, 'add name="')
            while (sent < 1024 * mebibyte && (yield* writeTo(endless, chunk))) {
              sent += chunk.length
              if (sent % (8 * mebibyte) === 0) yield* mindOwnBusiness(other, 1)
            }
            assert.strictEqual(yield* endless.rest, `${protocolError}\n`)
            yield* mindOwnBusiness(other)
          })
        )
      }),
    60_000
  )

  it.effect(
    "may reset the connection while their logins are being derived; the others, and they, log in after",
    () =>
      Effect.gen(function* () {
        const kdf = yield* gated
        const served = yield* serveHere({ people: ["ada", "bob"], kdf: kdf.layer })
        yield* kdf.close
        const other = yield* RawPeer.connect(served.endpoint)
        for (let i = 0; i < 12; i++) {
          const peer = yield* RawPeer.connect(served.endpoint)
          yield* writeTo(
            peer,
            `auth username="${i % 2 === 0 ? "ada" : `n${i}`}"::passwd="${password}"\nadd name="n${i}"\ndel 1\n`
          )
          // Two are derived at a time; the others wait for their turn.
          if (i < 2) yield* kdf.happenings.until("derivation", i + 1)
          yield* mindOwnBusiness(other, 1)
          peer.socket.resetAndDestroy()
          yield* mindOwnBusiness(other, 1)
        }
        yield* other.send(`auth username="bob"::passwd="${password}"\n`)
        yield* kdf.open
        assert.deepStrictEqual(yield* other.lines(1), [
          '{"status":"success","message":"Successful authentication","data":"bob"}'
        ])
        // The name is not locked by the logins of those who left.
        const again = yield* RawPeer.connect(served.endpoint)
        assert.strictEqual(
          yield* askOne(again, `auth username="ada"::passwd="${password}"`),
          '{"status":"success","message":"Successful authentication","data":"ada"}'
        )
        yield* mindOwnBusiness(other)
      })
  )

  it.effect(
    "wait for their own logins only: while one is derived, the others are answered, add and delete",
    () =>
      Effect.gen(function* () {
        const kdf = yield* gated
        const served = yield* serveHere({ people: ["ada"], kdf: kdf.layer })
        yield* kdf.close
        const waiting = yield* RawPeer.connect(served.endpoint)
        const other = yield* RawPeer.connect(served.endpoint)
        yield* waiting.send(`add name="before"\nauth username="ada"::passwd="${password}"\nid 1\ndel 2\n`)
        yield* kdf.happenings.until("derivation")
        // What was asked for before the login does not wait for it.
        assert.deepStrictEqual(yield* waiting.lines(1), [
          '{"status":"success","message":"New item registered","data":1}'
        ])
        assert.strictEqual(
          yield* askOne(other, 'add name="meanwhile"'),
          '{"status":"success","message":"New item registered","data":2}'
        )
        yield* mindOwnBusiness(other)
        yield* kdf.open
        const [login, item, deletion] = yield* waiting.lines(3)
        assert.strictEqual(login, '{"status":"success","message":"Successful authentication","data":"ada"}')
        assert.include(item!, '"name":"before"')
        assert.strictEqual(deletion, '{"status":"success","message":"Item successfully deleted","data":2}')
      })
  )

  it.live("may leave or reset the connection in the middle of anything", () =>
    Effect.gen(function* () {
      const served = yield* serveThere(yield* temporaryDirectory)
      const other = yield* RawPeer.connect(served.endpoint)
      const adds = (i: string) => Array.from({ length: 200 }, (_, j) => `add name="${i}-${j}"\n`).join("")
      const load = (i: string) => [
        "",
        "id",
        "id 1\n",
        "list\n".repeat(500),
        adds(i),
        `${"x".repeat(70_000)}\n`
      ]
      for (const how of ["destroy", "resetAndDestroy"] as const) {
        for (let i = 0; i < 10; i++) {
          for (const sent of load(`${how}${i}`)) {
            const peer = yield* RawPeer.connect(served.endpoint)
            yield* writeTo(peer, sent)
            peer.socket[how]()
          }
          yield* mindOwnBusiness(other, 1)
        }
      }
      yield* other.end
      assert.strictEqual(yield* other.rest, "")
      yield* served.process.signal("SIGTERM")
      const { code, stderr } = yield* served.process.exit
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    })
  )

  it.effect("that have all half-sent a line are waited for, and none of them keeps the others waiting", () =>
    Effect.gen(function* () {
      const served = yield* serveHere()
      const other = yield* RawPeer.connect(served.endpoint)
      const halves = yield* Effect.forEach(Array.from({ length: 100 }), (_, i) =>
        Effect.tap(RawPeer.connect(served.endpoint), (peer) => writeTo(peer, `add name="half ${i}`))
      )
      yield* mindOwnBusiness(other)
      for (const peer of halves.toReversed()) yield* peer.send('"\n')
      const ids = yield* Effect.forEach(halves, (peer) =>
        Effect.map(peer.lines(1), ([line]) => (JSON.parse(line!) as { readonly data: number }).data)
      )
      assert.sameMembers(
        ids,
        halves.map((_, i) => i + 1)
      )
    })
  )
})

const utf8 = new TextEncoder()

const pieces = [
  ...[
    "\n",
    "\n",
    "\n",
    "\r\n",
    '"',
    "::",
    " ",
    "=",
    "\0",
    "\ufeff",
    "id ",
    "id 1",
    "1",
    "\nid 1\n",
    "quit\n"
  ],
  ...['\nadd name="a"\n', 'add name="', 'comments="c"', "del 1\n", "list\n", 'search text="a"\n', "auth "],
  ...['\nauth username="ada"::passwd="wrong"\n', '\ncomment id="1"::comments="é"\n', "{}", "[1]\n"]
] as const

/** Bytes from the pieces of lines, and from none. */
const bytes = Arbitrary.map(
  Arbitrary.array(
    Arbitrary.schema(Schema.Union([Schema.Literals(pieces), Schema.String, Schema.Uint8Array])),
    { maxLength: 30 }
  ),
  (pieces) => Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? utf8.encode(piece) : piece)))
)

describe("Any bytes at all", () => {
  it.effect.prop(
    "get one well-formed reply for every line that is not empty, and no more, and leave the server serving",
    [Arbitrary.array(bytes, { maxLength: 4 })],
    ([chunks]) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 5, 1))
        const served = yield* serveHere({ people: ["ada"], inMemory: true })
        const peer = yield* RawPeer.connect(served.endpoint)
        for (const chunk of chunks) yield* writeTo(peer, chunk)
        yield* peer.end
        const received = (yield* peer.rest).split("\n")
        assert.strictEqual(received.pop(), "")
        const lines = Buffer.concat(chunks)
          .toString("latin1")
          .split("\n")
          .slice(0, -1)
          .map((line) => line.replace(/\r$/, ""))
          .filter((line) => line !== "")
        const quit = lines.indexOf("quit")
        assert.strictEqual(received.length, quit < 0 ? lines.length : quit)
        for (const line of received) {
          const reply = Exon.decodeReply(line)
          assert.notInstanceOf(reply, Malformed)
          if (!(reply instanceof Malformed)) {
            assert.notStrictEqual(reply._tag, "Failed")
            assert.strictEqual(Exon.encodeReply(reply), line)
          }
        }
        assert.strictEqual(yield* answersOf(served, "id 9007199254740991\n"), `${notFound}\n`)
      }).pipe(Effect.scoped),
    { timeout: 60_000, arbitrary: { runs: 60, size: 60 } }
  )
})
