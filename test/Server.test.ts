import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Context, Effect, Exit, Layer, Metric, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { SocketServer } from "effect/socket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { once } from "node:events"
import * as Endpoint from "../src/Endpoint.ts"
import {
  count,
  layer,
  open,
  type Options,
  Probe,
  serve,
  Session,
  Stage,
  tcp,
  unix,
  until
} from "./support/Probe.ts"
import { withLogs } from "./support/Happenings.ts"
import * as RawPeer from "./support/RawPeer.ts"
import { turn } from "./support/Time.ts"

type Address = Extract<Endpoint.Endpoint, { _tag: "Tcp" | "Unix" }>

/** A test with a stage and with what it logs. */
const staged = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, Stage.layer, { local: true })

/** Sends what is answered with one line, and waits for it. */
const ask = (peer: RawPeer.RawPeer, line: string) =>
  Effect.andThen(
    peer.send(`${line}\n`),
    Effect.map(peer.lines(1), ([reply]) => reply!)
  )

/** By now the server has read what other connections had sent before. */
const settle = (bystander: RawPeer.RawPeer) => Effect.repeat(ask(bystander, "say x"), { times: 3 })

/** A peer that does not read. */
const connectDeaf = (endpoint: Address) =>
  Effect.tap(RawPeer.connect(endpoint), ({ socket }) => Effect.sync(() => socket.pause()))

/** Waits until the kernel has taken all that was sent. */
const sent = (peer: RawPeer.RawPeer) =>
  Effect.promise(async () => {
    if (peer.socket.writableLength > 0) await once(peer.socket, "drain")
  })

const closed = (peer: RawPeer.RawPeer) =>
  Effect.promise(async () => {
    if (!peer.socket.closed) await once(peer.socket, "close")
  })

const both = [
  ["a Unix socket", unix],
  ["TCP", Effect.succeed(tcp)]
] as const

const metric = (id: string) =>
  Effect.map(Metric.snapshot, (metrics) =>
    metrics.flatMap(({ attributes, id: other, state }) =>
      id === other && attributes?.["protocol"] === "probe" ? [state] : []
    )
  )
const refused = Effect.map(metric("wireline_connections_refused_total"), ([state]) =>
  state !== undefined && "count" in state ? Number(state.count) : 0
)
const opened = Effect.map(metric("wireline_connections_open"), ([state]) =>
  state !== undefined && "value" in state ? Number(state.value) : 0
)

const readable = (text: string): boolean => {
  const lines = text.split("\n")
  return lines.pop() === "" && lines.every((line) => "_tag" in Probe.decodeReply(line) && isReply(line))
}
const isReply = (line: string): boolean => Schema.is(Probe.reply)(Probe.decodeReply(line))

describe("The requests of a connection", () => {
  const Line = Schema.Literals([
    "say a",
    "say b\\ c",
    "wait open",
    "silent",
    "many 3",
    "many 0",
    "count",
    "die throwing",
    "die effect",
    "die unsayable",
    "nonsense",
    "",
    "say \0",
    "say a\\",
    "x".repeat(1001)
  ])

  it.effect.prop(
    "are answered in order, however their bytes are cut",
    [
      Arbitrary.array(Arbitrary.schema(Line), { maxLength: 20 }),
      Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))), {
        minLength: 1
      })
    ],
    ([lines, cuts]) =>
      staged(
        withLogs(() =>
          Effect.gen(function* () {
            const { endpoint } = yield* serve(yield* unix)
            yield* open("open")
            let asked = 0
            const expected = `${lines.join("\n")}\n`
              .split(/(?<!\\)\n/)
              .slice(0, -1)
              .flatMap((line): ReadonlyArray<string> => {
                if (line.startsWith("die")) return ["failed internal"]
                if (line.length > 1000) return ["failed too-long"]
                const answers: Record<string, ReadonlyArray<string>> = {
                  "say a": ["said a"],
                  "say b\\ c": ["said b\\ c"],
                  "wait open": ["said open"],
                  silent: [],
                  "many 3": ["said 0", "said 1", "said 2"],
                  "many 0": [],
                  "": []
                }
                if (line === "count") return [`said ${++asked}`]
                if (answers[line] !== undefined) return answers[line]
                const request = Probe.decodeRequest(line)
                return request._tag === "say" ? [`said ${line.slice(4)}`] : ["failed syntax"]
              })
            const peer = yield* RawPeer.connect(endpoint)
            const bytes = Buffer.from(`${lines.join("\n")}\n`)
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const length = cuts[i % cuts.length]! * (1 + (i % 7))
              yield* peer.send(bytes.subarray(at, at + length))
              if (i % 3 === 0) yield* turn
              at += length
            }
            yield* peer.end
            assert.strictEqual(yield* peer.rest, expected.map((line) => `${line}\n`).join(""))
          })
        )
      ),
    { arbitrary: { runs: 60 } }
  )

  it.effect("wait for the one before, and not for those of other connections", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const [one, two] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
        yield* one.send("say a\nwait first\nsay b\nwait second\nsay c\n")
        yield* until("wait first")
        yield* settle(two)
        assert.strictEqual(yield* count("wait second"), 0)
        yield* open("second")
        yield* settle(two)
        assert.strictEqual(yield* count("wait second"), 0)
        yield* open("first")
        assert.deepStrictEqual(yield* one.lines(5), [
          "said a",
          "said first",
          "said b",
          "said second",
          "said c"
        ])
      })
    )
  )

  it.effect("let other connections have their turn, however long each takes", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const busy = yield* RawPeer.connect(endpoint)
        const other = yield* RawPeer.connect(endpoint)
        yield* busy.send("spin 0\nsay loaded\n")
        yield* busy.lines(1)
        yield* busy.send(`${"spin 1\n".repeat(1000)}say done\n`)
        const done = yield* Effect.forkChild(busy.lines(1))
        // Were it all of one stretch, a question or two would be answered before it is over.
        let asked = 0
        for (; done.pollUnsafe() === undefined; asked++) yield* ask(other, "say x")
        assert.isAbove(asked, 20)
      })
    )
  )

  it.effect("do not keep other connections waiting, however many they are", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const [flood, other] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
        const requests = Buffer.from("silent\n".repeat(1_000_000))
        yield* flood.send(Buffer.concat([requests, Buffer.from("wait end\n")]))
        for (let i = 0; i < 10; i++) assert.strictEqual(yield* ask(other, `say ${i}`), `said ${i}`)
        assert.strictEqual(yield* count("wait end"), 0)
        yield* open("end")
        assert.deepStrictEqual(yield* flood.lines(1), ["said end"])
      })
    )
  )

  it.effect(
    "are begun while earlier answers are still to come later, and answered in order all the same",
    () =>
      staged(
        Effect.gen(function* () {
          const { endpoint } = yield* serve(yield* unix)
          const [peer, other] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
          // Loading a command is something to wait for.
          yield* open("loaded")
          assert.strictEqual(yield* ask(other, "later loaded"), "said loaded")
          yield* settle(other)
          yield* peer.send("later a\nsay b\nlater c\nwhat\nwait d\nlater e\nsay f\n")
          yield* peer.end
          yield* until("later a")
          yield* until("later c")
          yield* open("c")
          yield* settle(other)
          assert.strictEqual(yield* count("wait d"), 0)
          yield* open("a")
          yield* until("wait d")
          assert.strictEqual(yield* count("later e"), 0)
          yield* open("d")
          yield* until("later e")
          yield* open("e")
          assert.strictEqual(
            yield* peer.rest,
            "said a\nsaid b\nsaid c\nfailed syntax\nsaid d\nsaid e\nsaid f\n"
          )
        })
      )
  )

  it.effect("have what is long made when it is its turn, after all before it and before all behind it", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const [peer, other] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
        yield* open("loaded")
        assert.strictEqual(yield* ask(other, "later loaded"), "said loaded")
        yield* settle(other)
        yield* peer.send("later a\nlater long\nlater c\nlater long\nsay d\n")
        yield* peer.end
        yield* until("later c")
        yield* open("long")
        yield* open("c")
        yield* settle(other)
        assert.strictEqual(yield* count("long made"), 0)
        yield* open("a")
        assert.strictEqual(yield* peer.rest, "said a\nsaid long\nsaid c\nsaid long\nsaid d\n")
        assert.strictEqual(yield* count("long made"), 2)
      })
    )
  )

  it.effect("are answered when those before die later, and when one after closes the connection", () =>
    staged(
      withLogs((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serve(yield* unix)
          const peer = yield* RawPeer.connect(endpoint)
          yield* peer.send("later thrown\nsay a\nlater dead\nlater b\nbye c\nlater never\n")
          yield* until("later b")
          yield* open("dead")
          yield* open("b")
          assert.strictEqual(yield* peer.rest, "failed internal\nsaid a\nfailed internal\nsaid b\nsaid c\n")
          assert.strictEqual(yield* count("later never"), 0)
          assert.strictEqual(logs.count(/level=ERROR.*thrown by a command/), 1)
          assert.strictEqual(logs.count(/level=ERROR.*a command gave up/), 1)
        })
      )
    )
  )

  it.effect("may come one byte at a time", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(tcp)
        const peer = yield* RawPeer.connect(endpoint)
        peer.socket.setNoDelay(true)
        for (const byte of Buffer.from("say a\\ b\r\nsay €\n")) {
          yield* peer.send(Uint8Array.of(byte))
          yield* turn
        }
        assert.deepStrictEqual(yield* peer.lines(2), ["said a\\ b", "said €"])
      })
    )
  )

  it.effect("are all answered when the peer half-closes, and then the connection ends", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send("say a\nwait gate\nmany 1000\nsay b\n")
        yield* peer.end
        yield* until("wait gate")
        yield* open("gate")
        const numbers = Array.from({ length: 1000 }, (_, i) => `said ${i}\n`).join("")
        assert.strictEqual(yield* peer.rest, `said a\nsaid gate\n${numbers}said b\n`)
      })
    )
  )

  it.effect("do not include a last line without its end", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send("say a\nsay b")
        yield* peer.end
        assert.strictEqual(yield* peer.rest, "said a\n")
      })
    )
  )

  it.effect("know who the peer is", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(tcp)
        const peer = yield* RawPeer.connect(endpoint)
        assert.strictEqual(yield* ask(peer, "who"), `said tcp://127.0.0.1:${peer.socket.localPort}`)
        const local = yield* serve(yield* unix)
        assert.strictEqual(yield* ask(yield* RawPeer.connect(local.endpoint), "who"), "said unix")
      })
    )
  )

  it.effect("are seen by an observer as they come and go, while there is one", () =>
    staged(
      withLogs(() =>
        Effect.gen(function* () {
          const seen: Array<string> = []
          let watching = true
          const { endpoint } = yield* serve(yield* unix, {
            observer: () =>
              watching
                ? (direction, frame) => Effect.sync(() => seen.push(`${direction} ${frame}`))
                : undefined
          })
          const peer = yield* RawPeer.connect(endpoint)
          yield* peer.send("say a\\ b\nmany 2\nsilent\ndie effect\nnonsense\n")
          yield* peer.lines(5)
          watching = false
          assert.strictEqual(yield* ask(peer, "say secret"), "said secret")
          watching = true
          assert.strictEqual(yield* ask(peer, "bye c"), "said c")
          assert.deepStrictEqual(seen, [
            "received say a\\ b",
            "sent said a\\ b",
            "received many 2",
            "sent said 0",
            "sent said 1",
            "received silent",
            "received die effect",
            "sent failed internal",
            "received nonsense",
            "sent failed syntax",
            "received bye c",
            "sent said c"
          ])
        })
      )
    )
  )
})

describe("The session of a connection", () => {
  it.effect("is its own, for two hundred peers at once", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const peers = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, i) => i),
          (i) =>
            Effect.gen(function* () {
              const peer = yield* RawPeer.connect(endpoint)
              for (let asked = 1; asked <= (i % 5) + 1; asked++) {
                assert.strictEqual(yield* ask(peer, "count"), `said ${asked}`)
              }
              return peer
            }),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(yield* count(/^session \d+ built$/), 200)
        assert.strictEqual(yield* count(/released$/), 0)
        yield* Effect.forEach(peers, ({ end }) => end)
        assert.deepStrictEqual(new Set(yield* Effect.forEach(peers, ({ rest }) => rest)), new Set([""]))
        yield* until(/released$/, 200)
      })
    )
  )

  it.effect("is built when the peer connects, before it says a word", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        yield* RawPeer.connect(endpoint)
        yield* until("session 1 built")
      })
    )
  )

  const endings: Record<
    string,
    (peer: RawPeer.RawPeer, server: { readonly stop: Effect.Effect<void> }) => Effect.Effect<unknown>
  > = {
    "the peer half-closes": ({ end }) => end,
    "the peer is gone": ({ socket }) => Effect.sync(() => socket.destroy()),
    "the peer resets": ({ socket }) => Effect.sync(() => socket.resetAndDestroy()),
    "an answer closes the connection": (peer) =>
      Effect.andThen(
        ask(peer, "bye a"),
        Effect.sync(() => peer.socket.end())
      ),
    "the server stops": (_, { stop }) => stop
  }
  for (const [ending, bringAbout] of Object.entries(endings)) {
    it.effect(`is released when ${ending}`, () =>
      staged(
        Effect.gen(function* () {
          const server = yield* serve(tcp)
          const peer = yield* RawPeer.connect(server.endpoint)
          assert.strictEqual(yield* ask(peer, "count"), "said 1")
          yield* bringAbout(peer, server)
          yield* until("session 1 released")
        })
      )
    )
  }

  it.effect("is released when the peer that reset during a command cannot be answered", () =>
    staged(
      withLogs((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serve(tcp)
          const [peer, other] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
          yield* peer.send("wait gate\nsay a\nbig 100000\nbig 100000\n")
          yield* until("wait gate")
          peer.socket.resetAndDestroy()
          yield* settle(other)
          yield* open("gate")
          yield* until("session 1 released")
          assert.strictEqual(yield* ask(other, "say b"), "said b")
          assert.strictEqual(logs.count(/level=ERROR/), 0)
        })
      )
    )
  )

  it.effect("that cannot be built ends its own connection, is logged, and harms nobody else", () =>
    staged(
      withLogs((logs) =>
        Effect.gen(function* () {
          let failing = true
          const { endpoint } = yield* serve(yield* unix, {
            session: Layer.unwrap(
              Effect.suspend(() =>
                failing ? Effect.fail("no session today") : Effect.succeed(Session.layer)
              )
            )
          })
          const refused = yield* RawPeer.connect(endpoint)
          assert.strictEqual(yield* refused.rest, "")
          yield* logs.until(/level=ERROR.*protocol=probe|protocol=probe.*level=ERROR/)
          assert.strictEqual(logs.count(/no session today/), 1)
          failing = false
          assert.strictEqual(yield* ask(yield* RawPeer.connect(endpoint), "say a"), "said a")
        })
      )
    )
  )
})

describe("A command that dies", () => {
  for (const [how, problem] of [
    ["throwing", "thrown by a command"],
    ["effect", "a command gave up"],
    ["unsayable", "text without NUL"]
  ] as const) {
    it.effect(`(${how}) is answered and logged with its cause, and ends nothing`, () =>
      staged(
        withLogs((logs) =>
          Effect.gen(function* () {
            const { endpoint } = yield* serve(yield* unix)
            const [peer, other] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
            yield* peer.send(`count\ndie ${how}\ncount\ndie ${how}\n`)
            assert.deepStrictEqual(yield* peer.lines(4), [
              "said 1",
              "failed internal",
              "said 2",
              "failed internal"
            ])
            assert.strictEqual(yield* ask(other, "count"), "said 1")
            assert.strictEqual(logs.count(/level=ERROR/), 2)
            assert.strictEqual(logs.count(new RegExp(problem)), 2)
          })
        )
      )
    )
  }
})

describe("Bytes that are no request", () => {
  const piece = Schema.Literals([
    "\n",
    "\\",
    " ",
    "\0",
    "\r",
    "a",
    "say ",
    "many 2",
    "count",
    "die effect",
    "bye",
    "é"
  ])
  const Bytes = Arbitrary.map(
    Arbitrary.array(
      Arbitrary.map(
        Arbitrary.all([
          Arbitrary.schema(Schema.Boolean),
          Arbitrary.schema(piece),
          Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
        ]),
        ([text, piece, byte]) => (text ? Buffer.from(piece) : Uint8Array.of(byte))
      ),
      { maxLength: 200 }
    ),
    (pieces) => Buffer.concat(pieces)
  )

  it.effect.prop(
    "get replies that can be read, and never end the server",
    [Arbitrary.array(Bytes, { minLength: 1, maxLength: 4 })],
    ([inputs]) =>
      staged(
        withLogs(() =>
          Effect.gen(function* () {
            const { endpoint } = yield* serve(yield* unix)
            const outputs = yield* Effect.forEach(
              inputs,
              (bytes) =>
                Effect.gen(function* () {
                  const peer = yield* RawPeer.connect(endpoint)
                  yield* peer.send(bytes)
                  yield* peer.end
                  return yield* peer.rest
                }),
              { concurrency: "unbounded" }
            )
            for (const output of outputs) assert.isTrue(readable(output), JSON.stringify(output))
            assert.strictEqual(
              yield* ask(yield* RawPeer.connect(endpoint), "say still here"),
              "failed syntax"
            )
            assert.strictEqual(yield* ask(yield* RawPeer.connect(endpoint), "count"), "said 1")
          })
        )
      ),
    { arbitrary: { runs: 60 } }
  )

  it.effect("are answered in their place", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send(
          Buffer.from(`say a\n\xff\nsay b\n${"x".repeat(1001)}\nsay c\nwhat\nsay d\n`, "latin1")
        )
        assert.deepStrictEqual(yield* peer.lines(7), [
          "said a",
          "failed not-utf8",
          "said b",
          "failed too-long",
          "said c",
          "failed syntax",
          "said d"
        ])
      })
    )
  )

  it.effect("are too long from the limit on that the server is given", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { maxFrame: 9 })
        const peer = yield* RawPeer.connect(endpoint)
        assert.strictEqual(yield* ask(peer, "say 12345"), "said 12345")
        assert.strictEqual(yield* ask(peer, "say 123456"), "failed too-long")
        const wide = yield* serve(yield* unix, { maxFrame: 100_000 })
        const other = yield* RawPeer.connect(wide.endpoint)
        assert.strictEqual(yield* ask(other, `say ${"x".repeat(99_996)}`), `said ${"x".repeat(99_996)}`)
        assert.strictEqual(yield* ask(other, `say ${"x".repeat(99_997)}`), "failed too-long")
      })
    )
  )

  it.effect(
    "are answered once for a line of 256 MiB, and the connection goes on where the protocol lets it",
    () =>
      staged(
        Effect.gen(function* () {
          const { endpoint } = yield* serve(yield* unix)
          const peer = yield* RawPeer.connect(endpoint)
          const before = process.memoryUsage.rss()
          const chunk = Buffer.alloc(65_536, "x")
          for (let i = 0; i < 4096; i++) {
            yield* peer.send(chunk)
            if (i % 16 === 15) yield* sent(peer)
          }
          yield* peer.send("\ncount\n")
          assert.deepStrictEqual(yield* peer.lines(2), ["failed too-long", "said 1"])
          assert.isBelow(process.memoryUsage.rss() - before, 200 * 1024 * 1024)
        })
      )
  )
})

describe("An answer that closes the connection", () => {
  for (const [name, where] of both) {
    it.effect(
      `reaches a peer that is still sending megabytes on ${name}, and nothing after it is answered`,
      () =>
        staged(
          Effect.gen(function* () {
            const { endpoint } = yield* serve(yield* where)
            const peer = yield* RawPeer.connect(endpoint)
            let problem: Error | undefined
            peer.socket.on("error", (error) => (problem = error))
            yield* peer.send("say a\nbye b\nsay c\n")
            const chunk = Buffer.alloc(65_536, "say d\n")
            for (let i = 0; i < 512; i++) yield* peer.send(chunk)
            yield* peer.end
            assert.strictEqual(yield* peer.rest, "said a\nsaid b\n")
            yield* until("session 1 released")
            assert.isUndefined(problem)
          })
        )
    )
  }

  it.effect("lets a peer that goes on sending for ever have one second, and then closes", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const peer = yield* RawPeer.connect(endpoint)
        const chunk = Buffer.alloc(65_536, "say d\n")
        const babble = () => {
          if (peer.socket.writable) peer.socket.write(chunk, babble)
        }
        yield* peer.send("bye a\n")
        babble()
        assert.strictEqual(yield* peer.rest, "said a\n")
        yield* TestClock.adjust("999 millis")
        assert.strictEqual(yield* count("session 1 released"), 0)
        yield* TestClock.adjust("1 millis")
        yield* until("session 1 released")
        yield* closed(peer)
      })
    )
  )

  it.effect("comes after all answers before it, large ones too", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const peer = yield* RawPeer.connect(endpoint)
        yield* peer.send("big 5000000\nmany 3\nbye a\nsay b\n")
        assert.strictEqual(
          yield* peer.rest,
          `said ${"x".repeat(5_000_000)}\nsaid 0\nsaid 1\nsaid 2\nsaid a\n`
        )
      })
    )
  )

  it.effect("comes as soon as a line is too long, be it a gigabyte, and the connection closes", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(tcp, { strict: true })
        const [peer, other] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
        const before = process.memoryUsage.rss()
        const chunk = Buffer.alloc(65_536, "x")
        let chunks = 0
        const babble = () => {
          if (peer.socket.writable && chunks++ < 16_384) peer.socket.write(chunk, babble)
        }
        babble()
        assert.deepStrictEqual(yield* peer.lines(1), ["failed too-long"])
        assert.strictEqual(yield* ask(other, "count"), "said 1")
        yield* TestClock.adjust("1 second")
        yield* closed(peer)
        assert.strictEqual(yield* peer.rest, "")
        assert.isBelow(chunks, 16_384)
        assert.isBelow(process.memoryUsage.rss() - before, 200 * 1024 * 1024)
        assert.strictEqual(yield* ask(other, "count"), "said 2")
      })
    )
  )
})

describe("A peer that does not read its replies", () => {
  it.effect("is not read either, while others are served", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const other = yield* RawPeer.connect(endpoint)
        const deaf = yield* connectDeaf(endpoint)
        const before = process.memoryUsage.rss()
        // 200 MB of requests with 200 GB of replies; all in the memory of one chunk.
        const chunk = Buffer.from("big 10000\n".repeat(6400))
        for (let i = 0; i < 3200; i++) deaf.socket.write(chunk)
        yield* until("big")
        yield* settle(other)
        const answered = yield* count("big")
        for (let i = 0; i < 300; i++) assert.strictEqual(yield* ask(other, `say ${i}`), `said ${i}`)
        assert.strictEqual(yield* count("big"), answered)
        assert.isBelow(answered * 10_000, 16 * 1024 * 1024)
        assert.isAbove(deaf.socket.writableLength, 150 * 1024 * 1024)
        assert.isBelow(process.memoryUsage.rss() - before, 200 * 1024 * 1024)

        deaf.socket.destroy()
        yield* until("session 2 released")
      })
    )
  )

  it.effect("gets them all, in order, when it reads at last", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const other = yield* RawPeer.connect(endpoint)
        const deaf = yield* connectDeaf(endpoint)
        const requests = Array.from({ length: 300 }, (_, i) => `say ${i}\nbig 20000\n`).join("")
        yield* deaf.send(requests)
        yield* deaf.end
        yield* until("big")
        yield* settle(other)
        assert.isBelow(yield* count("big"), 300)
        deaf.socket.resume()
        const long = `said ${"x".repeat(20_000)}\n`
        const replies = Array.from({ length: 300 }, (_, i) => `said ${i}\n${long}`).join("")
        assert.isTrue((yield* deaf.rest) === replies, "the replies are not those of the requests in order")
      })
    )
  )
})

describe("What is still to be flushed when a connection ends", () => {
  const reply = `said ${"x".repeat(30_000)}\n`

  /** A deaf peer that was answered so often, and has half-closed. */
  const answered = (endpoint: Address, other: RawPeer.RawPeer, times: number) =>
    Effect.gen(function* () {
      const deaf = yield* connectDeaf(endpoint)
      const before = yield* count("big")
      for (let i = 1; i <= times; i++) {
        yield* deaf.send("big 30000\n")
        yield* settle(other)
        if ((yield* count("big")) < before + i) return { deaf, times: i - 1 }
      }
      yield* deaf.end
      yield* settle(other)
      return { deaf, times }
    })

  /** How many replies the server writes before it waits for the peer: the last one or two are not flushed. */
  const capacity = (endpoint: Address, other: RawPeer.RawPeer) =>
    Effect.map(answered(endpoint, other, 1000), ({ deaf, times }) => {
      deaf.socket.destroy()
      return times - 1
    })

  it.effect("reaches the peer that reads only then", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const other = yield* RawPeer.connect(endpoint)
        const most = yield* capacity(endpoint, other)
        for (const times of [most - 1, most]) {
          const { deaf } = yield* answered(endpoint, other, times)
          deaf.socket.resume()
          assert.strictEqual((yield* deaf.rest).length, times * reply.length)
        }
      })
    )
  )

  it.effect("is given up after five seconds where the peer never reads", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const other = yield* RawPeer.connect(endpoint)
        const most = yield* capacity(endpoint, other)
        while ((yield* opened) > 1) yield* turn
        const { deaf } = yield* answered(endpoint, other, most)
        yield* TestClock.adjust("4999 millis")
        yield* settle(other)
        assert.strictEqual(yield* opened, 2)
        yield* TestClock.adjust("1 millis")
        while ((yield* opened) > 1) yield* turn
        deaf.socket.resume()
        assert.isBelow((yield* deaf.rest).length, most * reply.length)
      })
    ).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})

describe("The limit of connections", () => {
  it.effect("closes those beyond it at once, counts them, and logs them once a second", () =>
    staged(
      withLogs((logs) =>
        Effect.gen(function* () {
          const { endpoint } = yield* serve(yield* unix, { maxConnections: 2 })
          const one = yield* RawPeer.connect(endpoint)
          const two = yield* RawPeer.connect(endpoint)
          assert.strictEqual(yield* ask(one, "count"), "said 1")
          assert.strictEqual(yield* ask(two, "count"), "said 1")
          assert.strictEqual(yield* opened, 2)
          assert.strictEqual(yield* refused, 0)

          const refuse = Effect.flatMap(RawPeer.connect(endpoint), ({ rest }) => rest)
          assert.strictEqual(yield* refuse, "")
          assert.strictEqual(yield* refuse, "")
          assert.strictEqual(yield* refuse, "")
          assert.strictEqual(yield* refused, 3)
          assert.strictEqual(logs.count(/level=WARN.*refused a connection/), 1)
          assert.strictEqual(logs.count(/2 are open.*1 refused/), 1)

          yield* TestClock.adjust("999 millis")
          assert.strictEqual(yield* refuse, "")
          assert.strictEqual(logs.count(/refused a connection/), 1)
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* refuse, "")
          assert.strictEqual(logs.count(/refused a connection/), 2)
          assert.strictEqual(logs.count(/5 refused/), 1)
          assert.strictEqual(yield* refused, 5)

          assert.strictEqual(yield* ask(one, "count"), "said 2")
          assert.strictEqual(yield* ask(two, "count"), "said 2")
          assert.strictEqual(yield* count(/built$/), 2)
        })
      )
    ).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("leaves a place to the next when a connection ends, however it ends", () =>
    staged(
      withLogs(() =>
        Effect.gen(function* () {
          const { endpoint } = yield* serve(tcp, { maxConnections: 1 })
          /** The server may still be at the end of the connection before. */
          const admitted: Effect.Effect<RawPeer.RawPeer, never, Stage | Scope.Scope> = Effect.gen(
            function* () {
              const peer = yield* RawPeer.connect(endpoint)
              yield* peer.send("many 1\n")
              // It dies when the connection ends before.
              const answered = Exit.isSuccess(yield* Effect.exit(peer.lines(1)))
              return answered ? peer : yield* admitted
            }
          )
          const one = yield* admitted
          yield* one.end
          assert.strictEqual(yield* one.rest, "")
          const two = yield* admitted
          two.socket.resetAndDestroy()
          const three = yield* admitted
          assert.strictEqual(yield* ask(three, "bye a"), "said a")
          yield* three.end
          const four = yield* admitted
          assert.strictEqual(yield* ask(four, "count"), "said 1")
        })
      )
    )
  )
})

describe("The idle timeout", () => {
  const alive = (peer: RawPeer.RawPeer) => assert.isFalse(peer.socket.readableEnded || peer.socket.closed)

  it.effect("closes a connection that says nothing, and no other", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { idleTimeout: "10 seconds" })
        const idle = yield* RawPeer.connect(endpoint)
        const busy = yield* RawPeer.connect(endpoint)
        yield* until("session 2 built")
        for (let i = 0; i < 2; i++) {
          yield* TestClock.adjust("4999 millis")
          yield* settle(busy)
        }
        yield* TestClock.adjust("1 millis")
        yield* settle(busy)
        alive(idle)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* idle.rest, "")
        yield* until("session 1 released")
        assert.strictEqual(yield* ask(busy, "count"), "said 1")
      })
    )
  )

  it.effect("counts from the last complete frame, not from bytes of one", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { idleTimeout: "10 seconds" })
        const peer = yield* RawPeer.connect(endpoint)
        const drip = yield* RawPeer.connect(endpoint)
        const bystander = yield* serve(yield* unix)
        const other = yield* RawPeer.connect(bystander.endpoint)
        yield* until("session 3 built")
        yield* TestClock.adjust("9 seconds")
        assert.strictEqual(yield* ask(peer, "say a"), "said a")
        yield* drip.send("say")
        yield* settle(other)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* drip.rest, "")
        yield* until("session 2 released")
        yield* TestClock.adjust("8999 millis")
        yield* settle(other)
        alive(peer)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* peer.rest, "")
      })
    )
  )

  it.effect("does not count the time in which a command runs", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { idleTimeout: "10 seconds" })
        const peer = yield* RawPeer.connect(endpoint)
        const bystander = yield* serve(yield* unix)
        const other = yield* RawPeer.connect(bystander.endpoint)
        yield* peer.send("say a\nwait gate\n")
        yield* until("wait gate")
        yield* TestClock.adjust("1 hour")
        yield* settle(other)
        alive(peer)
        yield* open("gate")
        assert.deepStrictEqual(yield* peer.lines(2), ["said a", "said gate"])
        yield* TestClock.adjust("9999 millis")
        assert.strictEqual(yield* ask(peer, "say b"), "said b")
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* peer.rest, "")
      })
    )
  )

  it.effect("counts the time in which the peer does not take its replies", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix, { idleTimeout: "10 seconds" })
        const bystander = yield* serve(yield* unix)
        const other = yield* RawPeer.connect(bystander.endpoint)
        yield* until("session 1 built")
        const deaf = yield* connectDeaf(endpoint)
        yield* TestClock.adjust("9 seconds")
        yield* deaf.send("big 10000000\n")
        yield* until("big")
        yield* settle(other)
        yield* TestClock.adjust("9999 millis")
        yield* settle(other)
        assert.strictEqual(yield* count("session 2 released"), 0)
        yield* TestClock.adjust("1 millis")
        yield* until("session 2 released")
        deaf.socket.resume()
        assert.isBelow((yield* deaf.rest).length, 10_000_000)
      })
    )
  )

  it.effect("is for ever unless given", () =>
    staged(
      Effect.gen(function* () {
        const { endpoint } = yield* serve(yield* unix)
        const peer = yield* RawPeer.connect(endpoint)
        yield* until("session 1 built")
        yield* TestClock.adjust("1000 days")
        assert.strictEqual(yield* ask(peer, "count"), "said 1")
      })
    )
  )
})

describe("A server on a SocketServer of another make", () => {
  const elsewhere = (options: Options = {}) =>
    Effect.gen(function* () {
      const context = yield* Layer.build(
        Layer.provideMerge(
          layer(options),
          NodeSocketServer.layer({ host: "127.0.0.1", port: 0, allowHalfOpen: true })
        )
      )
      return Endpoint.bound(tcp, Context.get(context, SocketServer.SocketServer)) as typeof tcp
    }).pipe(Effect.orDie)

  it.effect("answers in order, what was pipelined before the end of the input too", () =>
    staged(
      Effect.gen(function* () {
        const peer = yield* RawPeer.connect(yield* elsewhere())
        yield* peer.send("say a\nwait gate\nbig 300000\nwhat\nsay b\nsay dropped")
        yield* peer.end
        yield* until("wait gate")
        yield* open("gate")
        assert.strictEqual(
          yield* peer.rest,
          `said a\nsaid gate\nsaid ${"x".repeat(300_000)}\nfailed syntax\nsaid b\n`
        )
        yield* until("session 1 released")
      })
    )
  )

  it.effect("closes with its last answer, and closes who is idle", () =>
    staged(
      Effect.gen(function* () {
        const endpoint = yield* elsewhere({ idleTimeout: "10 seconds" })
        const [leaving, idle] = [yield* RawPeer.connect(endpoint), yield* RawPeer.connect(endpoint)]
        yield* leaving.send("bye a\nsay b\n")
        assert.strictEqual(yield* leaving.rest, "said a\n")
        yield* leaving.end
        yield* until(/released$/)
        assert.strictEqual(yield* ask(idle, "count"), "said 1")
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* idle.rest, "")
        yield* until(/released$/, 2)
      })
    )
  )

  it.effect("does not read a peer that does not read its replies", () =>
    staged(
      Effect.gen(function* () {
        const endpoint = yield* elsewhere()
        const [deaf, other] = [yield* connectDeaf(endpoint), yield* RawPeer.connect(endpoint)]
        const chunk = Buffer.from("big 10000\n".repeat(6400))
        for (let i = 0; i < 500; i++) deaf.socket.write(chunk)
        yield* until("big")
        yield* settle(other)
        yield* settle(other)
        // What TCP on the loopback holds, and a batch.
        assert.isBelow((yield* count("big")) * 10_000, 64 * 1024 * 1024)
        deaf.socket.destroy()
        yield* until(/released$/)
      })
    )
  )
})
