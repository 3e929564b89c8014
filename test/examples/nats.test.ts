import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { layer, Nats } from "../../examples/nats.ts"
import { Client, Endpoint, type Protocol } from "../../src/index.ts"
import { withPositiveZeros } from "../support/Leaves.ts"
import { serveOn, tcp } from "../support/Probe.ts"
import * as RawPeer from "../support/RawPeer.ts"

type Request = Protocol.Request<typeof Nats>

const serve = Effect.map(serveOn(tcp, layer), ({ endpoint }) => endpoint)

/** A client that is not verbose. */
const connect = Effect.fnUntraced(function* (endpoint: typeof tcp) {
  const client = yield* Effect.provide(Client.make(Nats), Endpoint.layerClient(endpoint))
  yield* client.send({ _tag: "CONNECT", options: { verbose: false, headers: true, no_responders: true } })
  return client
})

const sub = (sid: string, subject: string, queue?: string): Request =>
  queue === undefined ? { _tag: "SUB", subject, sid } : { _tag: "SUB", subject, queue, sid }
const pub = (subject: string, payload: string): Request => ({ _tag: "PUB", subject, payload })

/** Waits until the server has carried out what was sent before. */
const flush = (client: Client.Of<typeof Nats>) =>
  Effect.map(client.send({ _tag: "PING" }), (replies) => assert.deepStrictEqual(replies, [{ _tag: "PONG" }]))

/** The next messages, each as `SID SUBJECT PAYLOAD`, or what else it is. */
const take = (client: Client.Of<typeof Nats>, count: number) =>
  Effect.map(Stream.runCollect(Stream.take(client.pushes, count)), (messages) =>
    messages.map((message) =>
      message._tag === "MSG" || message._tag === "HMSG"
        ? `${message.sid} ${message.subject} ${message.payload}`
        : message._tag === "error"
          ? message.reason
          : message._tag
    )
  )

/** What a server says to these bytes after its greeting, until it closes the connection. */
const speak = Effect.fnUntraced(function* (bytes: string) {
  const peer = yield* RawPeer.connect(yield* serve)
  yield* peer.send(bytes)
  const [info] = yield* peer.lines(1)
  assert.match(info!, /^INFO \{.*"max_payload":1048576.*\}\r$/)
  return (yield* peer.rest).replaceAll("\r\n", "|")
})

const token = Schema.Literals(["a", "b", "c"])
const patternToken = Schema.Literals(["a", "b", "*", ">"])

/** Whether a pattern matches a subject, as the documentation of NATS says. */
const matches = (pattern: ReadonlyArray<string>, subject: ReadonlyArray<string>): boolean => {
  const [first, ...patterns] = pattern
  if (first === undefined) return subject.length === 0
  if (subject.length === 0) return false
  return first === ">" || ((first === "*" || first === subject[0]) && matches(patterns, subject.slice(1)))
}

describe("the example nats.ts", () => {
  it.effect.prop("reads back every request and every reply", [Nats.request, Nats.reply], ([request, reply]) =>
    Effect.sync(() => {
      assert.deepStrictEqual(Nats.decodeRequest(Nats.encodeRequest(request)), withPositiveZeros(request))
      assert.deepStrictEqual(Nats.decodeReply(Nats.encodeReply(reply)), withPositiveZeros(reply))
    })
  )

  it.effect("acknowledges what a verbose client sends", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* speak(
          'CONNECT {"verbose":true}\r\nsub a 1\r\nPUB b 2\r\nhi\r\nPING\r\nUNSUB 1\r\nSUB a..b 2\r\nPUB a.* 0\r\n\r\nnone\r\n'
        ),
        "+OK|+OK|+OK|PONG|+OK|-ERR 'Invalid Subject'|-ERR 'Invalid Publish Subject'|+OK|" +
          "-ERR 'Unknown Protocol Operation'|"
      )
    })
  )

  it.effect("closes the connection at what it cannot carry out", () =>
    Effect.gen(function* () {
      const connected = 'CONNECT {"verbose":false}\r\n'
      assert.strictEqual(
        yield* speak(`${connected}PUB a 2\r\nhixx\r\nPING\r\n`),
        "-ERR 'Unknown Protocol Operation'|"
      )
      assert.strictEqual(yield* speak(`${connected}PUB a 1048577\r\n`), "-ERR 'Maximum Payload Violation'|")
      assert.strictEqual(yield* speak(`SUB ${"a".repeat(5000)}`), "-ERR 'maximum control line exceeded'|")
      assert.strictEqual(yield* speak(`${connected}PING\r\nSUB a b c d\r\nPING\r\n`), "PONG|")
      assert.strictEqual(yield* speak(`${connected}CONNECT {no\r\nPING\r\n`), "")
      assert.strictEqual(yield* speak(`${connected}HPUB a 5 4\r\nNATS\r\nPING\r\n`), "")
    })
  )

  it.effect.prop(
    "delivers a message to the subscriptions whose patterns match its subject",
    [
      Schema.Array(Schema.NonEmptyArray(patternToken)).check(Schema.isMaxLength(8)),
      Schema.Array(Schema.NonEmptyArray(token).check(Schema.isMaxLength(4))).check(Schema.isMaxLength(8))
    ],
    ([patterns, subjects]) =>
      Effect.gen(function* () {
        const client = yield* connect(yield* serve)
        const valid = patterns.filter((pattern) => !pattern.slice(0, -1).includes(">"))
        for (const [at, pattern] of valid.entries()) yield* client.send(sub(String(at), pattern.join(".")))
        for (const subject of subjects) yield* client.send(pub(subject.join("."), ""))
        yield* client.send(sub("end", "end"))
        yield* client.send(pub("end", ""))
        const expected = subjects.flatMap((subject) =>
          valid.flatMap((pattern, at) => (matches(pattern, subject) ? [`${at} ${subject.join(".")} `] : []))
        )
        const messages = yield* take(
          client,
          expected.length + (valid.some(([first]) => first === "*" || first === ">") ? 0 : 1)
        )
        assert.deepStrictEqual(
          messages.filter((message) => !message.endsWith(" end ")).toSorted(),
          expected.toSorted()
        )
      }),
    { arbitrary: { runs: 30 } }
  )

  it.effect("keeps any bytes of a payload, and any line in it", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve)
      const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, at) => at)).toString("latin1")
      yield* client.send(sub("1", "a"))
      for (const payload of [bytes, "", "\r\nMSG a 1 0\r\n"]) yield* client.send(pub("a", payload))
      assert.deepStrictEqual(yield* take(client, 3), [`1 a ${bytes}`, "1 a ", "1 a \r\nMSG a 1 0\r\n"])
    })
  )

  it.effect("gives a message to one member of a queue group, each of which has a share", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve
      const members = yield* Effect.all([connect(endpoint), connect(endpoint), connect(endpoint)])
      const [audit, publisher] = yield* Effect.all([connect(endpoint), connect(endpoint)])
      // Members of a group may have different patterns.
      for (const [at, pattern] of ["work.*", "work.>", "work.a"].entries()) {
        yield* members[at]!.send(sub("1", pattern, "workers"))
        yield* members[at]!.send(sub("2", "end"))
        yield* flush(members[at]!)
      }
      yield* audit.send(sub("1", "work.a"))
      yield* flush(audit)
      const payloads = Array.from({ length: 300 }, (_, at) => String(at))
      for (const payload of payloads) yield* publisher.send(pub("work.a", payload))
      yield* publisher.send(pub("end", ""))
      const shares = yield* Effect.forEach(members, (member) =>
        member.pushes.pipe(
          Stream.takeWhile((message) => message._tag === "MSG" && message.subject !== "end"),
          Stream.runCollect,
          Effect.map((messages) => messages.map((message) => (message._tag === "MSG" ? message.payload : "")))
        )
      )
      assert.deepStrictEqual(
        shares.flat().toSorted((a, b) => Number(a) - Number(b)),
        payloads
      )
      for (const share of shares) assert.isAbove(share.length, 50)
      assert.deepStrictEqual(
        yield* take(audit, 300),
        payloads.map((payload) => `1 work.a ${payload}`)
      )
    })
  )

  it.effect("ends a subscription after as many messages as UNSUB says", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve)
      yield* client.send(sub("1", "a"))
      yield* client.send(pub("a", "1"))
      yield* client.send({ _tag: "UNSUB", sid: "1", max: 3 })
      for (const payload of ["2", "3", "4"]) yield* client.send(pub("a", payload))
      yield* client.send(sub("2", "a"))
      yield* client.send({ _tag: "UNSUB", sid: "2" })
      yield* client.send(sub("3", "a"))
      yield* client.send(pub("a", "5"))
      assert.deepStrictEqual(yield* take(client, 4), ["1 a 1", "1 a 2", "1 a 3", "3 a 5"])
    })
  )

  it.effect("carries requests and replies, and says where nobody is to reply", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve
      const [service, client] = yield* Effect.all([connect(endpoint), connect(endpoint)])
      yield* service.send(sub("s", "upper"))
      yield* flush(service)
      yield* Effect.forkChild(
        Stream.runForEach(service.pushes, (message) =>
          message._tag === "MSG" && message.replyTo !== undefined
            ? service.send(pub(message.replyTo, message.payload.toUpperCase()))
            : Effect.void
        )
      )
      yield* client.send(sub("1", "inbox.*"))
      yield* client.send({ _tag: "PUB", subject: "upper", replyTo: "inbox.1", payload: "hi" })
      assert.deepStrictEqual(yield* take(client, 1), ["1 inbox.1 HI"])
      yield* client.send({ _tag: "PUB", subject: "lower", replyTo: "inbox.2", payload: "hi" })
      assert.deepStrictEqual(yield* take(client, 1), ["1 inbox.2 NATS/1.0 503\r\n\r\n"])
    })
  )

  it.effect("gives headers to clients that take them, and only the payload to others", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve)
      const message: Request = {
        _tag: "HPUB",
        subject: "a",
        headerLength: 18,
        payload: "NATS/1.0\r\nA: b\r\n\r\nhi"
      }
      yield* client.send(sub("1", "a"))
      yield* client.send(message)
      assert.deepStrictEqual(yield* take(client, 1), ["1 a NATS/1.0\r\nA: b\r\n\r\nhi"])
      yield* client.send({ _tag: "CONNECT", options: { headers: false } })
      yield* client.send(message)
      assert.deepStrictEqual(yield* take(client, 1), ["1 a hi"])
    })
  )

  it.effect("answers 1000 requests that are sent at once, with messages between the replies", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve)
      yield* client.send(sub("1", "a"))
      yield* Effect.forEach(
        Array.from({ length: 500 }, (_, at) => at),
        (at) => Effect.all([client.send(pub("a", String(at))), flush(client)], { concurrency: "unbounded" }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        yield* take(client, 500),
        Array.from({ length: 500 }, (_, at) => `1 a ${at}`)
      )
    })
  )

  it.effect("does not send a client its own messages where it wants no echo", () =>
    Effect.gen(function* () {
      const client = yield* connect(yield* serve)
      yield* client.send({ _tag: "CONNECT", options: { echo: false } })
      yield* client.send(sub("1", "a"))
      yield* client.send(pub("a", "own"))
      yield* client.send({ _tag: "CONNECT", options: { echo: true } })
      yield* client.send(pub("a", "echo"))
      assert.deepStrictEqual(yield* take(client, 1), ["1 a echo"])
    })
  )

  it.effect("disconnects a subscriber that does not read", () =>
    Effect.gen(function* () {
      const endpoint = yield* serve
      const peer = yield* RawPeer.connect(endpoint)
      yield* peer.send("SUB a 1\r\n")
      yield* peer.lines(2)
      peer.socket.pause()
      const publisher = yield* connect(endpoint)
      yield* publisher.send(sub("1", "inbox"))
      const publish: Request = { _tag: "PUB", subject: "a", replyTo: "inbox", payload: "x".repeat(1_000_000) }
      for (let at = 0; at < 40; at++) yield* Effect.andThen(publisher.send(publish), flush(publisher))
      // Since the subscriber is gone, nobody is there to reply.
      assert.deepStrictEqual(yield* take(publisher, 1), ["1 inbox NATS/1.0 503\r\n\r\n"])
      peer.socket.resume()
      assert.include(yield* peer.rest, "MSG a 1 inbox 1000000")
    })
  )
})
