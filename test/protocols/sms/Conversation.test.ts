/** The protocol of the SMS shell's gateways, byte for byte, over a real socket. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Deferred, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Client from "../../../src/Client.ts"
import * as Endpoint from "../../../src/Endpoint.ts"
import { SmsShell } from "../../../src/protocols/sms/Protocol.ts"
import { Shell } from "../../../src/protocols/sms/shell/Shell.ts"
import { cut, Places } from "../../support/Frames.ts"
import { Happenings } from "../../support/Happenings.ts"
import * as RawPeer from "../../support/RawPeer.ts"
import { message, now, repliesIn, said, serveSms, steps } from "../../support/ServedSms.ts"
import { answersOf, lastWordsOf, type Served } from "../../support/Talk.ts"

const asked = (served: Served, sent: string | Uint8Array) => Effect.map(answersOf(served, sent), repliesIn)

/** A shell that answers what it is texted, and waits at `wait GATE` until that is opened. */
const gated = () => {
  const happenings = new Happenings()
  const gates = new Map<string, Deferred.Deferred<void>>()
  const gate = (name: string) => {
    const gate = gates.get(name) ?? Deferred.makeUnsafe<void>()
    gates.set(name, gate)
    return gate
  }
  const shell = Layer.succeed(Shell, {
    execute: ({ text }) =>
      Effect.gen(function* () {
        happenings.note(text)
        if (text === "die") return yield* Effect.die(new Error("the shell is broken"))
        if (text.startsWith("wait ")) yield* Deferred.await(gate(text.slice(5)))
        return { output: text, isError: false, command: undefined }
      })
  })
  return { shell, happenings, open: (name: string) => Deferred.succeed(gate(name), undefined) }
}

describe("A gateway", () => {
  it.effect("that half-closes gets the answer to a message without an LF, its length, and its chain", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_767_323_045_678)
      const served = yield* serveSms({ outbox: "off" })
      assert.strictEqual(
        yield* answersOf(served, '{"sms_number":"+33612345678","sms_text":"help"}'),
        '{"received_length":47,"output":"desc help login role whoami","chain":[["received",1767323045],' +
          '["parsed",1767323045],["input_validated",1767323045],["executed",1767323045],' +
          '["output_validated",1767323045]]}\n'
      )
    })
  )

  it.effect(
    "gets an answer a message, in order, with LFs between them or none, and errors in their places",
    () =>
      Effect.gen(function* () {
        const served = yield* serveSms()
        const replies = yield* asked(
          served,
          [
            message("whoami"),
            message("role"),
            "\n\r\n \t",
            message('desc "whoami"', { sms_number: "+33612345679", more: { deep: ["}", '"{'] } }),
            "hello world\n[1]\n",
            "{}",
            '{"sms_number":"+33612345678"}',
            message("nothing like it"),
            '{"an": "unfinished object'
          ].join("")
        )
        assert.deepStrictEqual(replies.map(said), [
          { received_length: 49, output: "+33612345678" },
          { received_length: 47, output: "GUEST" },
          { received_length: 86, output: "tells your number" },
          { received_length: 11, error: "not a JSON object" },
          { received_length: 3, error: "not a JSON object" },
          { received_length: 2, error: "sms_number: missing" },
          { received_length: 29, error: "sms_text: missing" },
          { received_length: 58, output: "#Err: command not found" }
        ])
      })
  )

  const Sent = Arbitrary.array(
    Arbitrary.schema(
      Schema.Literals([
        message("whoami"),
        `${message("desc whoami", { "}": { '"': "\\{" } })}\n`,
        message("é€😀"),
        "not JSON\n",
        "{}\n",
        "\n"
      ])
    ),
    { maxLength: 8 }
  )
  it.effect.prop(
    "gets the same answers however the bytes are cut",
    [Sent, Places],
    ([sent, places]) =>
      Effect.gen(function* () {
        const served = yield* serveSms({ outbox: "off" })
        const bytes = Buffer.from(sent.join(""))
        const whole = yield* asked(served, bytes)
        const peer = yield* RawPeer.connect(served.endpoint)
        for (const piece of cut(bytes, places)) {
          yield* Effect.promise(
            () => new Promise<void>((resolve) => void peer.socket.write(piece, () => resolve()))
          )
        }
        yield* peer.end
        assert.deepStrictEqual(repliesIn(yield* peer.rest), whole)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 15 } }
  )

  it.effect("gets an error for what is not UTF-8, and goes on", () =>
    Effect.gen(function* () {
      const served = yield* serveSms()
      const bad = Buffer.from('{"sms_number":"+33612345678","sms_text":"\xff"}', "latin1")
      const replies = yield* asked(served, Buffer.concat([bad, Buffer.from(message("role"))]))
      assert.deepStrictEqual(replies.map(said), [
        { received_length: 44, error: "not UTF-8" },
        { received_length: 47, output: "GUEST" }
      ])
      assert.deepStrictEqual(steps(replies[0]!), [`received ${yield* now}`])
    })
  )

  it.effect("may send 64 KiB at a time; one byte more gets an error, and the connection closes", () =>
    Effect.gen(function* () {
      const served = yield* serveSms()
      const ofLength = (length: number) =>
        message("role", { padding: "x".repeat(length - message("role", { padding: "" }).length) })
      const [longest, tooLong] = [ofLength(65_536), ofLength(65_537)]
      const replies = repliesIn(yield* lastWordsOf(served, `${longest}\n${longest}${tooLong}${longest}`))
      assert.deepStrictEqual(replies.map(said), [
        { received_length: 65_536, output: "GUEST" },
        { received_length: 65_536, output: "GUEST" },
        { received_length: 65_537, error: "longer than 65536 bytes" }
      ])
    })
  )

  it.effect("is closed with an error as soon as a message is over the limit", () =>
    Effect.gen(function* () {
      const served = yield* serveSms({ limits: { maxFrame: 100 } })
      const replies = repliesIn(
        yield* lastWordsOf(served, `${message("role")}{"sms_text":"${"x".repeat(90)}`)
      )
      assert.deepStrictEqual(replies.map(said), [
        { received_length: 47, output: "GUEST" },
        { received_length: 101, error: "longer than 100 bytes" }
      ])
    })
  )

  it.effect("has its messages begun side by side, and gets the answers in their order", () =>
    Effect.gen(function* () {
      const { happenings, open, shell } = gated()
      const served = yield* serveSms({ shell })
      const peer = yield* RawPeer.connect(served.endpoint)
      // The first message of a server loads its command.
      yield* peer.send(message("first"))
      yield* peer.lines(1)
      yield* peer.send(["wait one", "two", "die", "four"].map((text) => message(text)).join(""))
      yield* happenings.until("four")
      assert.strictEqual(happenings.count("wait one"), 1)
      yield* open("one")
      assert.deepStrictEqual((yield* peer.lines(4)).map(said), [
        { received_length: 51, output: "wait one" },
        { received_length: 46, output: "two" },
        { received_length: 0, error: "internal error" },
        { received_length: 47, output: "four" }
      ])
    })
  )

  it.effect("that leaves before the answer has its message executed all the same", () =>
    Effect.gen(function* () {
      const { happenings, open, shell } = gated()
      const served = yield* serveSms({ shell })
      const peer = yield* RawPeer.connect(served.endpoint)
      yield* peer.send(message("wait one"))
      yield* happenings.until("wait one")
      yield* Effect.sync(() => peer.socket.destroy())
      yield* open("one")
      assert.deepStrictEqual((yield* asked(served, message("wait one"))).map(said), [
        { received_length: 51, output: "wait one" }
      ])
      assert.deepStrictEqual(served.sent, [
        { number: "+33612345678", text: "wait one" },
        { number: "+33612345678", text: "wait one" }
      ])
    })
  )

  it.effect("speaks through the typed client, too", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* serveSms({ outbox: "off" })
      const client = yield* Effect.provide(Client.make(SmsShell), Endpoint.layerClient(endpoint))
      const [reply] = yield* client.send({
        _tag: "text",
        sms_number: "+33612345678",
        sms_text: "whoami",
        attributes: { smsc: "+33609001390" }
      })
      assert.strictEqual(reply?._tag === "Answer" ? reply.output : undefined, "+33612345678")
    })
  )
})
