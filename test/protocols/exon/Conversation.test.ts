/**
 * The specification's examples and the notes on it, byte for byte, over a real socket. Each server is new, so that the
 * first item is number 1; its time is the test's.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Client from "../../../src/Client.ts"
import * as Endpoint from "../../../src/Endpoint.ts"
import { Exon, type Request } from "../../../src/protocols/exon/Protocol.ts"
import { temporaryDirectory } from "../../support/Directory.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import {
  answersOf,
  askOne,
  converseWith,
  type Exchange,
  lastWordsOf,
  password,
  serveHere,
  serveThere,
  writeTo
} from "../../support/ServedExon.ts"
import * as Started from "../../support/Started.ts"

const protocolError =
  '{"status":"error","message":"Protocol error, please refer to the documentation","data":null}'
const notFound = '{"status":"error","message":"Item not found.","data":""}'
const registered = (id: number) => `{"status":"success","message":"New item registered","data":${id}}`
const deleted = (id: number) => `{"status":"success","message":"Item successfully deleted","data":${id}}`
const commented = (id: number) => `{"status":"success","message":"New comment added.","data":${id}}`
const exists = (id: number) => `{"status":"error","message":"Item already exists","data":"${id}"}`
const welcome = (name: string) =>
  `{"status":"success","message":"Successful authentication","data":"${name}"}`
const rejected = (name: string) => `{"status":"error","message":"Authentication failed","data":"${name}"}`
const notLoggedIn = (id: number | string) =>
  `{"status":"error","message":"Unauthorized action - User not logged in","data":"${id}"}`

/** The moment at which every server of these tests begins, in the zone of the server, and how an item shows it. */
const beginning = new Date(2015, 11, 29, 0, 12, 4).getTime()
const date = "2015-12-29 00:12:04"

const itemText = (id: number, name: string, comments = "", author = "anon") =>
  `{"name":${JSON.stringify(name)},"id":${id},"date":"${date}","comments":${JSON.stringify(comments)},"author":${JSON.stringify(author)}}`
const available = (...args: Parameters<typeof itemText>) =>
  `{"status":"success","message":"Item is available.","data":${itemText(...args)}}`
const found = (...items: ReadonlyArray<string>) =>
  `{"status":"success","message":"Items found","data":[${items.join(",")}]}`

const login = (name: string, passwd = password) => `auth username="${name}"::passwd="${passwd}"`

/** A server with an account for Ada, whose time stands still unless the test moves it. */
const served = Effect.andThen(TestClock.setTime(beginning), serveHere({ people: ["Ada"] }))

/** Has a conversation with a server of its own. */
const converse = (...exchanges: ReadonlyArray<Exchange>) =>
  Effect.flatMap(served, (server) => converseWith(server, ...exchanges))

const lines = (...all: ReadonlyArray<string>) => all.map((line) => `${line}\n`).join("")

describe("Exon", () => {
  it.effect("has the conversations of its specification", () =>
    converse(
      ['add name="Engine"::comments="May explode."', registered(1)],
      ["id 1", available(1, "Engine", "May explode.")],
      ['add name="Fusion engine"::comments="Could explode at any time."', registered(2)],
      ['comment id="1"::comments="this is another comment"', commented(1)],
      ["id 1", available(1, "Engine", "May explode.\nthis is another comment")],
      ["id 5", notFound],
      ['add name="Engine"::comments="again"', exists(1)],
      ['comment id="5"::comments="x"', '{"status":"error","message":"Could not add new comment.","data":5}'],
      ["del 1", notLoggedIn(1)],
      [login("Ada", "not the password"), rejected("Ada")],
      ["del 1", notLoggedIn(1)],
      [login("Ada"), welcome("Ada")],
      ["del 1", deleted(1)],
      ["del 1", '{"status":"error","message":"Non-existing item","data":"1"}'],
      ["id 1", notFound],
      ["what?", protocolError]
    )
  )

  it.live("has the conversations that the issue asks for, as a program that keeps its items", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        const server = yield* serveThere(directory)
        const sent = [
          'add name="Fusion engine"::comments="Could explode at any time."\\nid 1\\nid "9"\\nadd name="fusion ENGINE"',
          '\\ncomment id="1"::comments="again"\\ndel 1\\nnonsense\\n'
        ].join("")
        const answers = (yield* answersOf(server, sent.replaceAll("\\n", "\n"))).split("\n")
        assert.deepStrictEqual(answers.toSpliced(1, 1), [
          registered(1),
          notFound,
          exists(1),
          commented(1),
          notLoggedIn(1),
          protocolError,
          ""
        ])
        assert.match(
          answers[1]!,
          /^\{"status":"success","message":"Item is available\.","data":\{"name":"Fusion engine","id":1,"date":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d","comments":"Could explode at any time\.","author":"anon"\}\}$/
        )
        const user = yield* Started.wireline([
          ...["user", "add", "--realm", "exon", "ada", "--password-stdin", "--data", server.data]
        ])
        user.stdin.end(`${password}\n`)
        assert.strictEqual((yield* user.exit).code, 0)
        const deletion = lines(login("ada"), "del 1", 'add name="kept"::comments="by ada"')
        assert.strictEqual(
          yield* answersOf(server, deletion),
          lines(welcome("ada"), deleted(1), registered(2))
        )
        yield* server.process.signal("SIGTERM")
        const { code, stderr } = yield* server.process.exit
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      }).pipe(Effect.scoped)
      const again = yield* serveThere(directory)
      assert.match(
        yield* answersOf(again, lines("id 1", 'id "2"', 'search text="kept"')),
        /^.*"Item not found\.".*\n.*"name":"kept",.*"author":"ada".*\n.*"Items found".*"name":"kept",.*\n$/
      )
    })
  )

  describe("the lines", () => {
    it.effect("may end in CR LF, may be empty, and the last of them is nothing without its LF", () =>
      Effect.gen(function* () {
        const server = yield* served
        assert.strictEqual(
          yield* answersOf(server, '\n\r\nadd name="a"\r\n\n\nid 1\r\n\r\nid 2'),
          lines(registered(1), available(1, "a"))
        )
        assert.strictEqual(yield* answersOf(server, ""), "")
        assert.strictEqual(yield* answersOf(server, "\n\r\n\n"), "")
        assert.strictEqual(yield* answersOf(server, 'add name="never"'), "")
        assert.strictEqual(
          yield* answersOf(server, "\r\r\nid 1\r\r\nid 2\n"),
          lines(protocolError, protocolError, notFound)
        )
      })
    )

    it.effect("are UTF-8, in and out; what is not is a protocol error, and the conversation goes on", () =>
      Effect.gen(function* () {
        const server = yield* served
        const name = "ünï €😀\u2028\u0001\ufeff."
        yield* converseWith(
          server,
          [`add name="${name}"::comments="\u0000\t\\"`, registered(1)],
          ["id 1", available(1, name, "\u0000\t\\")]
        )
        for (const bytes of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
          const sent = Buffer.concat([
            Buffer.from('add name="a'),
            Buffer.from(bytes),
            Buffer.from('"\nid 9\n')
          ])
          assert.strictEqual(yield* answersOf(server, sent), lines(protocolError, notFound))
        }
      })
    )

    it.effect("may arrive a byte at a time", () =>
      Effect.gen(function* () {
        const peer = yield* RawPeer.connect((yield* served).endpoint)
        for (const byte of Buffer.from('add name="€😀"::comments="slow"\r\nid 1\n')) {
          yield* writeTo(peer, Uint8Array.of(byte))
        }
        assert.deepStrictEqual(yield* peer.lines(2), [registered(1), available(1, "€😀", "slow")])
      })
    )

    it.effect(
      "have 66,560 bytes at most: beyond that is the protocol error, and the end, with or without an LF",
      () =>
        Effect.gen(function* () {
          const server = yield* served
          const line = (length: number) => `add name="${"x".repeat(length - 'add name=""'.length)}"`
          assert.strictEqual(
            yield* answersOf(server, lines(line(66_560), `${line(66_560)}\r`, "id 9")),
            lines(registered(1), exists(1), notFound)
          )
          for (const end of ["\n", "\r\n", "", "\nid 1\n"]) {
            assert.strictEqual(
              yield* lastWordsOf(server, `id 9\n${line(66_562)}${end}`),
              lines(notFound, protocolError)
            )
          }
          assert.strictEqual(yield* lastWordsOf(server, `${line(66_561)}\nid 1\n`), lines(protocolError))
        })
    )

    it.effect("have no more bytes than the server was told that they may have", () =>
      Effect.gen(function* () {
        const server = yield* serveHere({ limits: { maxFrame: 20 } })
        assert.strictEqual(
          yield* lastWordsOf(
            server,
            'add name="1234567890\nadd name="123456789"\nid 9\nadd name="1234567890"\nid 1\n'
          ),
          lines(protocolError, registered(1), notFound, protocolError)
        )
      })
    )

    it.effect("get all their replies when the client half-closes at once", () =>
      Effect.gen(function* () {
        const server = yield* served
        const names = Array.from({ length: 2500 }, (_, i) => `item ${i + 1}`)
        const sent = names.map((name, i) => `add name="${name}"\nid ${i + 1}\n`).join("")
        const expected = names.map((name, i) => lines(registered(i + 1), available(i + 1, name))).join("")
        assert.isTrue((yield* answersOf(server, sent)) === expected)
      })
    )
  })

  describe("`id`", () => {
    it.effect("takes the number bare, in quotes, and as a pair", () =>
      converse(
        ['add name="a"', registered(1)],
        ...["id 1", 'id "1"', 'id id="1"', "id 01"].map((line): Exchange => [line, available(1, "a")]),
        ...["id 2", 'id "2"', 'id id="2"', "id 9007199254740991"].map((line): Exchange => [line, notFound]),
        ["id 9007199254740992", notFound],
        [`id ${"9".repeat(66_000)}`, notFound],
        [`id ${"0".repeat(66_000)}1`, available(1, "a")],
        ...[
          "id 0",
          "id -1",
          "id",
          "id ",
          "id x",
          "id 1 ",
          "id  1",
          "id 1.5",
          'id "1',
          'id id="1"::id="1"'
        ].map((line): Exchange => [line, protocolError])
      )
    )

    it.effect("shows the date of adding with the year of its week, in the zone of the server", () =>
      Effect.gen(function* () {
        const server = yield* served
        const moments: ReadonlyArray<readonly [Date, string]> = [
          [new Date(2018, 11, 31, 23, 59, 59), "2019-12-31 23:59:59"],
          [new Date(2021, 0, 3, 0, 0, 0), "2020-01-03 00:00:00"],
          [new Date(2021, 0, 4, 0, 0, 0), "2021-01-04 00:00:00"],
          [new Date(2024, 11, 30, 7, 8, 9), "2025-12-30 07:08:09"],
          [new Date(2026, 11, 31, 12, 0, 0), "2026-12-31 12:00:00"],
          [new Date(2027, 0, 1, 0, 0, 0, 999), "2026-01-01 00:00:00"],
          [new Date(2027, 0, 3, 23, 59, 59), "2026-01-03 23:59:59"],
          [new Date(2027, 0, 4, 0, 0, 0), "2027-01-04 00:00:00"]
        ]
        for (const [i, [moment]] of moments.entries()) {
          yield* TestClock.setTime(moment.getTime())
          yield* converseWith(server, [`add name="${i}"`, registered(i + 1)])
        }
        // A comment does not change it.
        yield* converseWith(
          server,
          ...moments.flatMap(([, expected], i): ReadonlyArray<Exchange> => [
            [`comment id="${i + 1}"::comments="later"`, commented(i + 1)],
            [`id ${i + 1}`, available(i + 1, String(i), "later").replace(date, expected)]
          ])
        )
      })
    )
  })

  describe("`add`", () => {
    it.effect(
      "trims the name, and refuses one that is the same without regard to case, or nothing but spaces",
      () =>
        converse(
          ['add name="  Fusion engine\t"::comments=" kept as it is "', registered(1)],
          ["id 1", available(1, "Fusion engine", " kept as it is ")],
          ...["fusion ENGINE", "Fusion engine ", " FUSION ENGINE"].map((name): Exchange => [
            `add name="${name}"::comments="x"`,
            exists(1)
          ]),
          ['add name="Fusion  engine"', registered(2)],
          ['add name="Élan"', registered(3)],
          ['add name="éLAN"', exists(3)],
          ['add name="Elan"', registered(4)],
          ['add name="STRASSE"', registered(5)],
          ['add name="straße"', exists(5)],
          ...[" ", "   ", "\t", "\u00a0 \u2003", "\r"].map((name): Exchange => [
            `add name="${name}"`,
            protocolError
          ]),
          ["id 1", available(1, "Fusion engine", " kept as it is ")]
        )
    )

    it.effect("takes its pairs in any order, each at most once, and does without comments", () =>
      converse(
        ['add comments="first"::name="a"', registered(1)],
        ['add name="b"', registered(2)],
        ["id 1", available(1, "a", "first")],
        ["id 2", available(2, "b")],
        ['add name="c::d=e"::comments="::"', registered(3)],
        ["id 3", available(3, "c::d=e", "::")],
        ...[
          "add",
          "add x",
          'add name=""',
          'add name="x"::name="x"',
          'add comments="x"',
          'add name="x"::comments=""',
          'add name="x"::author="ada"',
          'add name="x" comments="y"',
          'add name="x"::',
          'ADD name="x"'
        ].map((line): Exchange => [line, protocolError]),
        ['add name="x"', registered(4)]
      )
    )

    it.effect(
      "takes 64 KiB of comments; one byte more is a protocol error, and the conversation goes on",
      () =>
        Effect.gen(function* () {
          const full = "é".repeat(32_768)
          yield* converse(
            [`add name="full"::comments="${full}"`, registered(1)],
            ["id 1", available(1, "full", full)],
            [`add name="fuller"::comments="${full}x"`, protocolError],
            [`comment id="1"::comments="${full}x"`, protocolError],
            ["id 2", notFound],
            [`comment id="1"::comments="${full}"`, commented(1)],
            ["id 1", available(1, "full", `${full}\n${full}`)]
          )
        })
    )

    it.effect("never gives a number twice, nor uses one up for nothing", () =>
      converse(
        ['add name="a"', registered(1)],
        ['add name="A"', exists(1)],
        ['add name="b"', registered(2)],
        [login("ada"), welcome("ada")],
        ["del 2", deleted(2)],
        ['add name="b"', registered(3)],
        ["id 2", notFound]
      )
    )
  })

  describe("`comment`", () => {
    it.effect("puts a comment on a line of its own after those there", () =>
      converse(
        ['add name="a"', registered(1)],
        ['comment comments="one"::id="1"', commented(1)],
        ['comment id="01"::comments=" two "', commented(1)],
        ["id 1", available(1, "a", "one\n two ")],
        [
          'comment id="2"::comments="x"',
          '{"status":"error","message":"Could not add new comment.","data":2}'
        ],
        ...[
          'comment id="1"',
          'comment comments="x"',
          'comment 1::comments="x"',
          'comment id=1::comments="x"',
          'comment id="0"::comments="x"',
          'comment id="a"::comments="x"',
          'comment id="1"::comments=""',
          'comment id="1"::comments="x"::comments="y"'
        ].map((line): Exchange => [line, protocolError])
      )
    )

    it.effect("goes with 256 KiB an item, and then no more, which leaves the item as it is", () =>
      Effect.gen(function* () {
        const server = yield* served
        const comment = (size: number) => `comment id="1"::comments="${"x".repeat(size)}"`
        yield* converseWith(
          server,
          ['add name="a"', registered(1)],
          ...[65_536, 65_536, 65_536, 65_532].map((size): Exchange => [comment(size), commented(1)]),
          [comment(1), '{"status":"error","message":"Could not add new comment.","data":1}']
        )
        const item = yield* answersOf(server, "id 1\n")
        assert.strictEqual((JSON.parse(item) as { data: { comments: string } }).data.comments.length, 262_143)
      })
    )
  })

  describe("`auth` and `del`", () => {
    it.effect("is for one connection: its author, its deletions, and nobody else's", () =>
      Effect.gen(function* () {
        const { endpoint } = yield* served
        const ada = yield* RawPeer.connect(endpoint)
        const anyone = yield* RawPeer.connect(endpoint)
        assert.strictEqual(yield* askOne(ada, 'add name="before"'), registered(1))
        // The name may be spelled in another way; the author is the account's.
        assert.strictEqual(yield* askOne(ada, login("ADA")), welcome("ADA"))
        assert.strictEqual(yield* askOne(ada, 'add name="after"'), registered(2))
        assert.strictEqual(yield* askOne(anyone, 'add name="meanwhile"'), registered(3))
        assert.strictEqual(yield* askOne(anyone, "del 1"), notLoggedIn(1))
        assert.strictEqual(yield* askOne(anyone, "id 1"), available(1, "before"))
        assert.strictEqual(yield* askOne(anyone, "id 2"), available(2, "after", "", "Ada"))
        assert.strictEqual(yield* askOne(anyone, "id 3"), available(3, "meanwhile"))
        for (const line of ["del 3", 'del "2"', 'del id="1"']) {
          const id = Number(/\d/.exec(line)![0])
          assert.strictEqual(yield* askOne(ada, line), deleted(id))
          assert.strictEqual(
            yield* askOne(ada, line),
            `{"status":"error","message":"Non-existing item","data":"${id}"}`
          )
        }
        yield* ada.send("quit\n")
        assert.strictEqual(yield* ada.rest, "")
        const again = yield* RawPeer.connect(endpoint)
        assert.strictEqual(yield* askOne(again, "del 3"), notLoggedIn(3))
      })
    )

    it.effect("holds from the very next request on, all sent at once", () =>
      converse(
        ['add name="a"', registered(1)],
        ["del 1", notLoggedIn(1)],
        [`auth passwd="${password}"::username="ada"`, welcome("ada")],
        ["del 1", deleted(1)],
        ['add name="b"', registered(2)],
        ["id 2", available(2, "b", "", "Ada")]
      )
    )

    it.effect("that fails leaves whoever was logged in before", () =>
      converse(
        [login("ada"), welcome("ada")],
        [login("ada", "wrong"), rejected("ada")],
        [login("nobody"), rejected("nobody")],
        ['add name="a"', registered(1)],
        ["id 1", available(1, "a", "", "Ada")],
        ["del 1", deleted(1)],
        ["del 1", '{"status":"error","message":"Non-existing item","data":"1"}']
      )
    )

    it.effect("of a number that no item ever has answers with its digits", () =>
      converse(
        ["del 99999999999999999999", notLoggedIn("99999999999999999999")],
        [
          'comment id="099999999999999999999"::comments="c"',
          '{"status":"error","message":"Could not add new comment.","data":99999999999999999999}'
        ],
        [login("ada"), welcome("ada")],
        [
          `del ${"9".repeat(66_000)}`,
          `{"status":"error","message":"Non-existing item","data":"${"9".repeat(66_000)}"}`
        ]
      )
    )

    it.effect("answers a wrong password and a name that nobody has alike", () =>
      converse(
        [login("ada", "wrong"), rejected("ada")],
        [login("nobody"), rejected("nobody")],
        [login(" Ada"), rejected(" Ada")],
        [login("\u0000\t"), '{"status":"error","message":"Authentication failed","data":"\\u0000\\t"}'],
        [login("ada", "x".repeat(60_000)), rejected("ada")],
        [login("x".repeat(60_000)), rejected("x".repeat(60_000))],
        ['auth username="ada"', protocolError],
        ['auth username="ada"::passwd=""', protocolError],
        ["auth ada", protocolError],
        ["del 1", notLoggedIn(1)],
        [login("ada"), welcome("ada")]
      )
    )

    it.effect("opens nothing with an account of another realm", () =>
      Effect.gen(function* () {
        const server = yield* served
        yield* server.accounts.create("rscp", "eve", Redacted.make(password))
        yield* converseWith(server, [login("eve"), rejected("eve")])
      })
    )

    it.effect(
      "locks a name for 15 minutes after 5 failures, on every connection, even with the right password",
      () =>
        Effect.gen(function* () {
          const server = yield* served
          yield* converseWith(
            server,
            ...Array.from({ length: 3 }, (): Exchange => [login("ada", "wrong"), rejected("ada")])
          )
          yield* TestClock.adjust("14 minutes")
          const other = yield* RawPeer.connect(server.endpoint)
          assert.strictEqual(yield* askOne(other, login("Ada", "wrong")), rejected("Ada"))
          assert.strictEqual(yield* askOne(other, login("ADA", "wrong")), rejected("ADA"))
          yield* converseWith(server, [login("ada"), rejected("ada")], ["del 1", notLoggedIn(1)])
          assert.strictEqual(yield* askOne(other, login("ada")), rejected("ada"))
          yield* TestClock.adjust("899999 millis")
          assert.strictEqual(yield* askOne(other, login("ada")), rejected("ada"))
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* askOne(other, login("ada")), welcome("ada"))
        })
    )

    it.effect("locks an address after 20 failures, whatever the names, and across a restart", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(beginning)
        const directory = yield* temporaryDirectory
        yield* Effect.gen(function* () {
          const server = yield* serveHere({ directory, people: ["Ada"] })
          yield* converseWith(
            server,
            ...Array.from({ length: 20 }, (_, i): Exchange => [login(`n${i}`), rejected(`n${i}`)]),
            [login("ada"), rejected("ada")]
          )
        }).pipe(Effect.scoped)
        const server = yield* serveHere({ directory })
        yield* converseWith(server, [login("ada"), rejected("ada")])
        yield* TestClock.adjust("15 minutes")
        yield* converseWith(server, [login("ada"), welcome("ada")])
      })
    )

    it.effect("counts failures in time, so that patient people are never locked out", () =>
      Effect.gen(function* () {
        const server = yield* served
        for (let i = 0; i < 12; i++) {
          yield* converseWith(server, [login("ada", "wrong"), rejected("ada")])
          yield* TestClock.adjust("4 minutes")
        }
        yield* converseWith(server, [login("ada"), welcome("ada")])
      })
    )

    it.effect("leaves who has logged in as he was when another login fails", () =>
      converse(
        ['add name="a"', registered(1)],
        [login("ada"), welcome("ada")],
        [login("nobody"), rejected("nobody")],
        ["del 1", deleted(1)]
      )
    )
  })

  describe("`quit`", () => {
    it.effect("closes without a reply, after the replies to what came before it, and nothing after", () =>
      Effect.gen(function* () {
        const server = yield* served
        assert.strictEqual(yield* lastWordsOf(server, "quit\n"), "")
        assert.strictEqual(
          yield* lastWordsOf(
            server,
            lines('add name="a"', login("ada"), "id 1", "list", "quit", 'add name="b"', "quit")
          ),
          lines(registered(1), welcome("ada"), available(1, "a"), found(itemText(1, "a")))
        )
        const many = Array.from({ length: 3000 }, (_, i) => `add name="n${i}"`)
        assert.isTrue(
          (yield* lastWordsOf(server, lines(...many, "quit", 'add name="b"'))) ===
            lines(...many.map((_, i) => registered(i + 2)))
        )
        yield* converseWith(
          server,
          ["id 3002", notFound],
          ["quit now", protocolError],
          ["quit ", protocolError]
        )
      })
    )
  })

  describe("`list` and `search`", () => {
    it.effect("give fifty items a page, newest first", () =>
      Effect.gen(function* () {
        const server = yield* served
        yield* converseWith(
          server,
          ["list", found()],
          ['list page="1"', found()],
          ['search text="bolt"', found()]
        )
        const item = (i: number) => itemText(i, `Bolt ${i}`, i % 2 === 0 ? "even steven" : "")
        const adds = Array.from({ length: 120 }, (_, i): Exchange => {
          const comments = i % 2 === 1 ? '::comments="even steven"' : ""
          return [`add name="Bolt ${i + 1}"${comments}`, registered(i + 1)]
        })
        const from = (newest: number, count: number, step = 1) =>
          found(...Array.from({ length: count }, (_, i) => item(newest - i * step)))
        yield* converseWith(
          server,
          ...adds,
          ["list", from(120, 50)],
          ['list page="1"', from(120, 50)],
          ['list page="2"', from(70, 50)],
          ['list page="3"', from(20, 20)],
          ['list page="4"', found()],
          ['list page="9007199254740991"', found()],
          ['search text="bolt"', from(120, 50)],
          ['search text="STEV"', from(120, 50, 2)],
          ['search text="even BOL 77"', found()],
          ['search text="12 bo"', found(item(120), item(12))],
          ['search text="olt"', found()],
          ['search text="bolt bolt -- \' * OR NEAR( 99"', found()],
          ['search text="%"', found()]
        )
        for (const line of [
          "list ",
          "list 1",
          'list page="0"',
          'list page=""',
          'search text=""',
          "search",
          "search bolt"
        ]) {
          yield* converseWith(server, [line, protocolError])
        }
      })
    )

    it.effect("see what was asked for before them in the same breath, and no more what was deleted", () =>
      converse(
        [login("ada"), welcome("ada")],
        ['add name="Éclair"', registered(1)],
        ['search text="eclair"', found(itemText(1, "Éclair", "", "Ada"))],
        ['comment id="1"::comments="of CHOCOLATE"', commented(1)],
        ['search text="choco"', found(itemText(1, "Éclair", "of CHOCOLATE", "Ada"))],
        ['search text="choco eclair"', found(itemText(1, "Éclair", "of CHOCOLATE", "Ada"))],
        ["list", found(itemText(1, "Éclair", "of CHOCOLATE", "Ada"))],
        ["del 1", deleted(1)],
        ['search text="eclair"', found()],
        ["list", found()]
      )
    )
  })

  it.effect("speaks with the typed client, whose requests may all be on their way at once", () =>
    Effect.gen(function* () {
      const server = yield* served
      const client = yield* Effect.provide(Client.make(Exon), Endpoint.layerClient(server.endpoint))
      const requests: ReadonlyArray<Request> = [
        { _tag: "add", name: "a", comments: "by nobody" },
        { _tag: "auth", username: "ada", passwd: Redacted.make(password) },
        { _tag: "del", id: 1 },
        { _tag: "add", name: "b" },
        { _tag: "search", text: "b" },
        { _tag: "list", page: 2 }
      ]
      const replies = yield* Effect.forEach(requests, (request) => client.send(request), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        replies.flat().map((reply) => [reply._tag, reply.data]),
        [
          ["Registered", 1],
          ["Authenticated", "ada"],
          ["Deleted", 1],
          ["Registered", 2],
          ["Found", [{ name: "b", id: 2, date, comments: "", author: "Ada" }]],
          ["Found", []]
        ]
      )
    })
  )

  it.effect(
    "gives one name to one of many who add it at the same moment, and tells the others its number",
    () =>
      Effect.gen(function* () {
        const server = yield* served
        const adders = ["one", "other", "third"]
        const names = Array.from({ length: 300 }, (_, i) => `Item ${i}`)
        const answers = yield* Effect.forEach(
          adders,
          (adder, i) =>
            Effect.map(
              answersOf(
                server,
                lines(
                  ...names.map(
                    (name) => `add name="${i === 0 ? name : name.toUpperCase()}"::comments="${adder}"`
                  )
                )
              ),
              (received) => received.trimEnd().split("\n")
            ),
          { concurrency: "unbounded" }
        )
        const ids = new Set<number>()
        for (const [at, name] of names.entries()) {
          const replies = answers.map((replies) => replies[at]!)
          const winners = replies.filter((reply) => reply.startsWith('{"status":"success"'))
          assert.strictEqual(winners.length, 1, name)
          const { data: id } = JSON.parse(winners[0]!) as { readonly data: number }
          ids.add(id)
          for (const reply of replies) assert.include([registered(id), exists(id)], reply)
          const winner = replies.indexOf(winners[0]!)
          yield* converseWith(server, [
            `id ${id}`,
            available(id, winner === 0 ? name : name.toUpperCase(), adders[winner])
          ])
        }
        assert.strictEqual(ids.size, names.length)
        assert.deepStrictEqual(
          [...ids].toSorted((a, b) => a - b),
          names.map((_, i) => i + 1)
        )
      })
  )
})
