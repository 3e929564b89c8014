/** Lists and searches of long items: as other replies to the byte, and no burden to the server or to other peers. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Exon } from "../../../src/protocols/exon/Protocol.ts"
import { Malformed } from "../../../src/Protocol.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import {
  answersOf,
  askOne,
  password,
  type ServedExon,
  serveHere,
  serveThere
} from "../../support/ServedExon.ts"
import { memoryGrowth } from "../../support/Started.ts"

const mebibyte = 1024 * 1024

const numbers = Array.from({ length: 50 }, (_, i) => i + 1)

/** Adds as many items as one page shows, with comments of this character, as long as a request may be. */
const fill = (served: ServedExon, character: string) =>
  Effect.gen(function* () {
    const comments = character.repeat(Math.floor(65_536 / Buffer.byteLength(character)))
    yield* answersOf(
      served,
      numbers.map((number) => `add name="item ${number}"::comments="${comments}"\n`).join("")
    )
    return comments
  })

/** The items of a reply, which has to be what the codec writes. */
const itemsOf = (line: string) => {
  const reply = Exon.decodeReply(line)
  if (reply instanceof Malformed || reply._tag !== "Found") throw new Error(line.slice(0, 200))
  assert.isTrue(Exon.encodeReply(reply) === line)
  return reply.data
}

const idsFrom = (last: number, first: number) => Array.from({ length: last - first + 1 }, (_, i) => last - i)

describe("A list or a search of long items", () => {
  it.effect("is answered as one of short items", () =>
    Effect.gen(function* () {
      const served = yield* serveHere()
      const comments = yield* fill(served, "é—\u0001")
      for (const line of ["list", 'search text="item"']) {
        const [first, long, second] = (yield* answersOf(served, `id 1\n${line}\nid 2\n`)).split("\n")
        assert.include(first!, '"name":"item 1"')
        assert.include(second!, '"name":"item 2"')
        const items = itemsOf(long!)
        assert.deepStrictEqual(
          items.map(({ id }) => id),
          idsFrom(50, 1)
        )
        for (const item of items) assert.isTrue(item.comments === comments, item.name)
      }
    })
  )

  it.effect("leaves out what is removed while it is written", () =>
    Effect.gen(function* () {
      const served = yield* serveHere({ people: ["ada"] })
      // Six bytes each in JSON, so that no socket takes all of it.
      yield* fill(served, "\u0001")
      const reader = yield* RawPeer.connect(served.endpoint)
      reader.socket.pause()
      yield* reader.send("list\n")
      yield* reader.end
      const other = yield* RawPeer.connect(served.endpoint)
      yield* askOne(other, `auth username="ada"::passwd="${password}"`)
      for (const id of [1, 2, 7]) {
        assert.include(yield* askOne(other, `del ${id}`), '"status":"success"')
      }
      reader.socket.resume()
      const [line] = (yield* reader.rest).split("\n")
      assert.deepStrictEqual(
        itemsOf(line!).map(({ id }) => id),
        idsFrom(50, 3).filter((id) => id !== 7)
      )
    })
  )

  it.live(
    "that hundreds ask for and do not read takes little memory, and keeps nobody else waiting",
    () =>
      Effect.gen(function* () {
        const served = yield* serveThere(yield* temporaryDirectory)
        yield* fill(served, "x")
        const other = yield* RawPeer.connect(served.endpoint)
        const growth = yield* memoryGrowth(served.process.pid)
        const peers: Array<RawPeer.RawPeer> = []
        for (let i = 0; i < 200; i++) {
          const peer = yield* RawPeer.connect(served.endpoint)
          peer.socket.pause()
          yield* peer.send(i % 2 === 0 ? "list\n" : 'search text="item"\n')
          peers.push(peer)
          assert.include(yield* askOne(other, "id 99"), "Item not found.")
        }
        for (let i = 0; i < 200; i++) assert.include(yield* askOne(other, "id 99"), "Item not found.")
        // Made whole they would be more than 600 mebibytes.
        assert.isBelow(yield* growth, 400 * mebibyte)
        for (const { socket } of peers) socket.destroy()
        const [line] = (yield* answersOf(served, "list\n")).split("\n")
        assert.strictEqual(itemsOf(line!).length, 50)
        assert.isBelow(yield* growth, 400 * mebibyte)
      }),
    60_000
  )
})

describe("A long item", () => {
  /** Adds an item with as many comments as it may have, which are 256 KiB. */
  const addLong = (served: ServedExon, id: number) =>
    answersOf(
      served,
      `add name="long ${id}"\n${`comment id="${id}"::comments="${"x".repeat(65_535)}"\n`.repeat(4)}`
    )

  it.live("among many that many ask for, and do not read, takes little memory", () =>
    Effect.gen(function* () {
      const served = yield* serveThere(yield* temporaryDirectory)
      for (let id = 1; id <= 64; id++) yield* addLong(served, id)
      const other = yield* RawPeer.connect(served.endpoint)
      const growth = yield* memoryGrowth(served.process.pid)
      const peers: Array<RawPeer.RawPeer> = []
      for (let i = 0; i < 50; i++) {
        const peer = yield* RawPeer.connect(served.endpoint)
        peer.socket.pause()
        yield* peer.send(Array.from({ length: 64 }, (_, at) => `id ${at + 1}\n`).join(""))
        peers.push(peer)
        assert.include(yield* askOne(other, "id 99"), "Item not found.")
      }
      // All of them together are 800 mebibytes.
      assert.isBelow(yield* growth, 400 * mebibyte)
      for (const { socket } of peers) socket.destroy()
    })
  )

  it.effect("is answered like any other, in its place and as it was then, to the byte", () =>
    Effect.gen(function* () {
      const served = yield* serveHere({ people: ["ada"] })
      yield* addLong(served, 1)
      yield* answersOf(served, 'add name="short"\n')
      const lines = (yield* answersOf(
        served,
        `auth username="ada"::passwd="${password}"\n` +
          'id 1\nid 2\nid 1\ncomment id="2"::comments="last"\nid 2\nid 1\ndel 1\nid 1\nid 2\n'
      )).split("\n")
      const comments = Array.from({ length: 4 }, () => "x".repeat(65_535)).join("\n")
      const shown = lines.map((line) => {
        if (line === "") return ""
        const reply = Exon.decodeReply(line)
        if (reply instanceof Malformed) return line
        assert.isTrue(Exon.encodeReply(reply) === line)
        if (reply._tag !== "Available") return reply._tag
        return [reply.data.name, reply.data.comments === comments ? "all of it" : reply.data.comments]
      })
      assert.deepStrictEqual(shown, [
        "Authenticated",
        ["long 1", "all of it"],
        ["short", ""],
        ["long 1", "all of it"],
        "Commented",
        ["short", "last"],
        ["long 1", "all of it"],
        "Deleted",
        "NotFound",
        ["short", "last"],
        ""
      ])
    })
  )
})
