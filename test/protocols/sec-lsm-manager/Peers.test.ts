/** Many peers and bad ones against one server: the others notice nothing, and its memory stays bounded. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { capacity, entrySize } from "../../../src/protocols/sec-lsm-manager/Session.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import { answers, ask, connect, serve, Served } from "../../support/Served.ts"
import { memoryGrowth } from "../../support/Started.ts"

const mebibyte = 1024 * 1024

/** Writes and waits until the kernel has taken it; false when the connection is over. */
const write = (peer: RawPeer.RawPeer, bytes: string | Uint8Array) =>
  Effect.promise(
    () => new Promise<boolean>((resolve) => void peer.socket.write(bytes, (error) => resolve(!error)))
  )

/** A client that minds its own business, and sees that it is answered rightly. */
const mindOwnBusiness = (peer: RawPeer.RawPeer, rounds = 20) =>
  Effect.gen(function* () {
    for (let round = 0; round < rounds; round++) {
      assert.deepStrictEqual(yield* ask(peer, "clear"), ["done"])
      assert.deepStrictEqual(yield* ask(peer, `id mine-${round}`), ["done"])
      assert.deepStrictEqual(yield* ask(peer, "display", 2), [`string id mine-${round}`, "done"])
    }
  })

/** Runs a test and sees that the server has not needed more than so much memory in addition. */
const within = <A, E, R>(bytes: number, test: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { process } = yield* Served
    // What serving takes by itself is no peer's doing.
    yield* Effect.scoped(Effect.flatMap(connect, (peer) => mindOwnBusiness(peer, 200)))
    const growth = yield* memoryGrowth(process.pid)
    const result = yield* test
    assert.isBelow(yield* growth, bytes)
    return result
  })

/** So many different permissions of 1024 characters each. */
const permissions = (count: number) =>
  Array.from({ length: count }, (_, i) => `permission ${String(i).padStart(1024, "p")}\n`).join("")

layer(Served.layer, { excludeTestServices: true })("Peers of sec-lsm-manager", (it) => {
  it.effect("may be two hundred at once, each with a session of its own", () =>
    Effect.gen(function* () {
      const clients = Array.from({ length: 200 }, (_, i) => i)
      const peers = yield* Effect.forEach(clients, () => connect, { concurrency: "unbounded" })
      const all = (f: (peer: RawPeer.RawPeer, i: number) => Effect.Effect<void>) =>
        Effect.forEach(peers, f, { concurrency: "unbounded", discard: true })
      const say = (line: (i: number) => string, ...expected: ReadonlyArray<(i: number) => string>) =>
        all((peer, i) =>
          Effect.map(ask(peer, line(i), expected.length), (lines) =>
            assert.deepStrictEqual(
              lines,
              expected.map((line) => line(i))
            )
          )
        )
      yield* say(
        (i) => (i % 2 === 0 ? "sec-lsm-manager 1" : "clear"),
        (i) => (i % 2 === 0 ? "done 1" : "done")
      )
      yield* say(
        (i) => `id client-${i}`,
        () => "done"
      )
      yield* say(
        (i) => (i % 3 === 0 ? `permission urn:${i}` : "permission urn:all"),
        () => "done"
      )
      // Every seventh one gets into an error, which is nobody else's.
      yield* say(
        (i) => (i % 7 === 0 ? "id again" : "log"),
        (i) => (i % 7 === 0 ? "error already-set" : "done off")
      )
      yield* all((peer, i) =>
        Effect.gen(function* () {
          const expected = [
            ...(i % 7 === 0 ? ["string error on"] : []),
            `string id client-${i}`,
            `string permission urn:${i % 3 === 0 ? i : "all"}`,
            "done"
          ]
          assert.deepStrictEqual(yield* ask(peer, "display", expected.length), expected)
          yield* peer.end
          assert.strictEqual(yield* peer.rest, "")
        })
      )
    })
  )

  it.effect("may install all at the same time", () =>
    Effect.forEach(
      Array.from({ length: 60 }, (_, i) => i),
      (i) =>
        Effect.map(answers(`id app-${i}\npermission urn:${i}\ninstall\ndisplay\nuninstall\n`), (received) =>
          assert.strictEqual(
            received,
            `done\ndone\ndone\nstring id app-${i}\nstring permission urn:${i}\ndone\ndone\n`
          )
        ),
      { concurrency: "unbounded", discard: true }
    )
  )

  it.effect("may say one byte at a time while others speak", () =>
    Effect.gen(function* () {
      const slow = yield* connect
      const other = yield* connect
      for (const byte of Buffer.from("permission slowly\\ spoken\ndisplay\n")) {
        yield* write(slow, Uint8Array.of(byte))
        yield* mindOwnBusiness(other, 1)
      }
      assert.deepStrictEqual(yield* slow.lines(3), ["done", "string permission slowly\\ spoken", "done"])
    })
  )

  it.effect("that never reads its replies is not read any more, and costs no more than a batch of them", () =>
    within(
      120 * mebibyte,
      Effect.gen(function* () {
        const silent = yield* connect
        const other = yield* connect
        yield* silent.send(permissions(1000))
        assert.deepStrictEqual(
          yield* silent.lines(1000),
          Array.from({ length: 1000 }, () => "done")
        )
        silent.socket.pause()
        // A gibibyte of replies to 8,192 bytes of requests, and then more requests than any buffer holds.
        yield* silent.send("display\n".repeat(1024))
        yield* mindOwnBusiness(other, 100)
        silent.socket.write("clear\n".repeat((32 * mebibyte) / 6))
        yield* mindOwnBusiness(other, 100)
        // They are still on this side: the server has stopped reading.
        assert.isAbove(silent.socket.writableLength, 30 * mebibyte)
        silent.socket.destroy()
        yield* mindOwnBusiness(other)
      })
    )
  )

  it.effect("that reads at last gets all of its replies", () =>
    Effect.gen(function* () {
      const late = yield* connect
      const other = yield* connect
      yield* late.send(permissions(100))
      assert.strictEqual((yield* late.lines(100)).join(""), "done".repeat(100))
      late.socket.pause()
      yield* late.send("display\n".repeat(100))
      yield* late.end
      yield* mindOwnBusiness(other)
      late.socket.resume()
      const received = yield* late.rest
      const display = `${permissions(100).replaceAll(/^permission/gm, "string permission")}done\n`
      assert.strictEqual(received.length, display.length * 100)
      assert.isTrue(received === display.repeat(100))
    })
  )

  it.effect("may all send a line without an end, and none of it is kept beyond the limit", () =>
    within(
      60 * mebibyte,
      Effect.gen(function* () {
        const other = yield* connect
        const line = `permission ${"x".repeat(8192 - "permission ".length)}`
        const peers = yield* Effect.forEach(
          Array.from({ length: 500 }),
          () => Effect.tap(connect, (peer) => write(peer, line)),
          { concurrency: 50 }
        )
        yield* mindOwnBusiness(other)
        for (const peer of peers) yield* peer.send("\n")
        for (const peer of peers) assert.deepStrictEqual(yield* peer.lines(1), ["error invalid"])
      })
    )
  )

  it.effect("may leave in the middle of anything", () =>
    Effect.gen(function* () {
      const other = yield* connect
      for (const sent of [
        "",
        "id de",
        "display\n",
        "display\n".repeat(2000),
        `permission ${"x".repeat(9000)}`
      ]) {
        for (let i = 0; i < 20; i++) {
          const peer = yield* connect
          yield* write(peer, sent)
          peer.socket.destroy()
        }
        yield* mindOwnBusiness(other, 1)
      }
      // An install goes on without the one who asked for it.
      const leaving = yield* connect
      yield* write(leaving, "id left-alone\ninstall\n")
      leaving.socket.destroy()
      yield* mindOwnBusiness(other)
    })
  )

  describe("with a full session", () => {
    const done = (count: number) => "done\n".repeat(count)
    // How many of the long permissions fit, and how long another one may be.
    const count = Math.floor(capacity / (1024 + entrySize))
    const left = capacity - count * (1024 + entrySize) - entrySize

    it.effect("are answered `internal` for what goes beyond its capacity, and may clear it", () =>
      Effect.gen(function* () {
        assert.isAbove(left, 1)
        assert.strictEqual(
          yield* answers(
            `${permissions(count)}permission ${"x".repeat(left)}\nid demo\ninstall\nuninstall\n`
          ),
          done(count + 4)
        )
        assert.strictEqual(
          yield* answers(`${permissions(count)}permission ${"x".repeat(left + 1)}\n`),
          `${done(count)}error internal\n`
        )
        for (const line of ["permission yy", "path /tmp data", "plug /tmp demo /tmp"]) {
          const full = `${permissions(count)}permission ${"x".repeat(left)}\n`
          assert.strictEqual(
            yield* answers(`${full}${line}\nid demo\nclear\n${line}\n`),
            `${done(count + 1)}error internal\nerror not-recoverable\n${done(2)}`
          )
        }
      })
    )

    it.effect("need not have said much in every message: what holds an entry counts, too", () =>
      Effect.gen(function* () {
        const short = capacity / entrySize
        const lines = Array.from({ length: short }, (_, i) => `permission ${i + 10}\n`).join("")
        const received = yield* answers(lines)
        assert.match(received, /^(?:done\n)+error internal\n(?:error not-recoverable\n)+$/)
      })
    )

    it.effect(
      "take no more memory than what they have said, and what holds it",
      () =>
        within(
          40 * capacity * 2,
          Effect.gen(function* () {
            const other = yield* connect
            const peers = yield* Effect.forEach(Array.from({ length: 40 }), () => connect)
            const short = Array.from({ length: count }, (_, i) => `permission ${i + 10}\n`).join("")
            for (const [i, peer] of peers.entries()) {
              yield* write(peer, i % 2 === 0 ? permissions(count) : short)
              assert.strictEqual((yield* peer.lines(count)).join(""), "done".repeat(count))
            }
            yield* mindOwnBusiness(other)
            // They hold it all still.
            for (const [i, peer] of peers.entries()) {
              const last =
                i % 2 === 0 ? permissions(count).trimEnd().split("\n").at(-1)! : `permission ${count + 9}`
              assert.deepStrictEqual(yield* ask(peer, last), ["error already-set"])
            }
          })
        ),
      60_000
    )
  })

  it.effect("beyond the limit's number are closed at once, and the others go on", () =>
    Effect.gen(function* () {
      const served = yield* serve(yield* temporaryDirectory, ["--max-connections", "2"])
      const connect = RawPeer.connect(served.endpoint)
      const one = yield* connect
      yield* mindOwnBusiness(one, 1)
      const two = yield* connect
      yield* mindOwnBusiness(two, 1)
      assert.strictEqual(yield* (yield* connect).rest, "")
      yield* served.process.says("stderr", /"level":"WARN",.*refused a connection: 2 are open/)
      yield* mindOwnBusiness(one, 1)
      yield* two.end
      assert.strictEqual(yield* two.rest, "")
      yield* mindOwnBusiness(one, 1)
    })
  )
})

describe("A peer that sends a line of a gigabyte", () => {
  it.live(
    "is answered `error protocol`, and its bytes are not kept",
    () =>
      Effect.gen(function* () {
        // A server of its own, for what it reads and forgets stays with the process for a while.
        const served = yield* serve(yield* temporaryDirectory)
        yield* within(
          256 * mebibyte,
          Effect.gen(function* () {
            const endless = yield* connect
            const other = yield* connect
            const chunk = Buffer.alloc(64 * 1024, "x")
            let sent = 0
            while (sent < 1024 * mebibyte && (yield* write(endless, chunk))) {
              sent += chunk.length
              if (sent % (8 * mebibyte) === 0) yield* mindOwnBusiness(other, 1)
            }
            assert.strictEqual(yield* endless.rest, "error protocol\n")
            yield* mindOwnBusiness(other)
          })
        ).pipe(Effect.provideService(Served, served))
      }),
    60_000
  )
})

describe("Peers over TCP", () => {
  it.live("may reset the connection at any time", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const served = yield* serve(directory, ["--sec-lsm-manager", "tcp://127.0.0.1:0"])
      const port = Number(/:(\d+)\n$/.exec(served.process.stdout())![1])
      const connect = RawPeer.connect({ _tag: "Tcp", host: "127.0.0.1", port })
      const other = yield* connect
      for (const sent of ["", "id de", "display\n", "display\n".repeat(2000), `${"x".repeat(9000)}\n`]) {
        for (let i = 0; i < 20; i++) {
          const peer = yield* connect
          yield* write(peer, sent)
          peer.socket.resetAndDestroy()
        }
        yield* mindOwnBusiness(other, 1)
      }
      yield* other.end
      assert.strictEqual(yield* other.rest, "")
      yield* served.process.signal("SIGTERM")
      const { code, stderr } = yield* served.process.exit
      assert.strictEqual(code, 0)
      assert.strictEqual(stderr, "")
    })
  )
})
