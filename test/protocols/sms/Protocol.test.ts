import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Redacted, Schema } from "effect"
import * as Framing from "../../../src/Framing.ts"
import { type Answer, Closing, Malformed } from "../../../src/Protocol.ts"
import {
  maxLength,
  type Reply,
  Reply as ReplyCodec,
  SmsShell,
  Text
} from "../../../src/protocols/sms/Protocol.ts"
import { cuts, transmit } from "../../support/Transmission.ts"

const texts = Schema.Array(Schema.toType(Text))
const replies = Schema.Array(Schema.toType(ReplyCodec))

/** A message with its token uncovered, for what is covered looks equal to all that is; no attributes are none. */
const uncovered = (message: Text | Malformed) => {
  if (message instanceof Malformed) return message
  const { attributes, auth, ...rest } = message
  return {
    ...rest,
    ...(auth === undefined ? {} : { auth: { ...auth, token: Redacted.value(auth.token) } }),
    ...(attributes === undefined || Object.keys(attributes).length === 0 ? {} : { attributes })
  }
}

/** The attributes as digits tell them, for these have no -0. */
const positive = ({ attributes, ...text }: Text): Text => ({
  ...text,
  ...(attributes === undefined ? {} : { attributes: JSON.parse(JSON.stringify(attributes)) })
})

/** JSON that is almost a message. */
const pieces = [
  ...['"sms_number":"+33612345678"', '"sms_text":"help"', '"sms_text":""', '"sms_number":33612345678'],
  ...['"auth":{"token":"t","role":"USER"}', '"auth":{"token":"t","role":"GUEST"}', '"auth":null'],
  ...['"transmit":false', '"transmit":"no"', '"_tag":"text"', '"length":3', '"attributes":{"a":1}'],
  ...['"smsc":"+33609001390"', '"parts":[1,{"of":null}]', '"__proto__":{"a":1}', '"constructor":1'],
  ...['"received_length":2', '"output":"x"', '"error":"x"', '"chain":[["received",1]]', '"chain":[[1]]'],
  ...["{", "}", ",", '"', "[]", "null", "\\u0000", "\ud800"]
] as const
const almostObjects = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { maxLength: 7 }),
  (all) => `{${all.join(",")}}`
)

const decoded = (document: unknown): unknown =>
  SmsShell.decodeRequest(typeof document === "string" ? document : JSON.stringify(document))

const number = "+33612345678"
const help = { sms_number: number, sms_text: "help" }

describe("The codec of the SMS shell", () => {
  it.prop("brings every text through, cut anywhere", { texts, cuts }, ({ cuts, texts }) => {
    const frames = texts.map((text) => SmsShell.encodeRequest(text))
    assert.deepStrictEqual([...transmit(SmsShell.grammar.framing, frames, cuts)], frames)
    assert.deepStrictEqual(
      frames.map((frame) => uncovered(SmsShell.decodeRequest(frame))),
      texts.map((text, at) => uncovered({ ...positive(text), length: Buffer.byteLength(frames[at]!) }))
    )
  })

  it.prop("brings every reply through, cut anywhere", { cuts, replies }, ({ cuts, replies }) => {
    const frames = replies.map((reply) => SmsShell.encodeReply(reply))
    assert.deepStrictEqual([...transmit(SmsShell.grammar.framing, frames, cuts)], frames)
    // Digits have no -0.
    const expected = JSON.parse(JSON.stringify(replies)) as ReadonlyArray<Reply>
    assert.deepStrictEqual(
      frames.map((frame) => SmsShell.decodeReply(frame)),
      [...expected]
    )
  })

  it.prop(
    "reads of any object a message that it writes back, or none, and never throws",
    [almostObjects],
    ([document]) => {
      const message = SmsShell.decodeRequest(document)
      if (message instanceof Malformed) assert.strictEqual(message.frame, document)
      else {
        const again = SmsShell.encodeRequest(message)
        assert.deepStrictEqual(
          uncovered(SmsShell.decodeRequest(again)),
          uncovered({ ...message, length: Buffer.byteLength(again) })
        )
      }
      const reply = SmsShell.decodeReply(document)
      if (!(reply instanceof Malformed)) {
        assert.deepStrictEqual(SmsShell.decodeReply(SmsShell.encodeReply(reply)), reply)
      }
    },
    { arbitrary: { runs: 4000 } }
  )

  it("reads a number, a text, and how many bytes they came in", () => {
    const document = '{"sms_number":"+33612345678","sms_text":"help"}'
    assert.deepStrictEqual(decoded(document), { _tag: "text", ...help, length: 47 })
    assert.deepStrictEqual(decoded({ sms_number: "€", sms_text: "😀" }), {
      _tag: "text",
      sms_number: "€",
      sms_text: "😀",
      length: 38
    })
  })

  it("reads whether the answer is to be sent, and keeps whatever else the gateway says", () => {
    const attributes = {
      sms_class: 1,
      _tag: "x",
      length: [{}],
      attributes: null,
      toString: "x",
      ["__proto__"]: { a: 1 }
    }
    const document = JSON.stringify({ ...help, transmit: false, ...attributes })
    const text = SmsShell.decodeRequest(document)
    assert.deepStrictEqual(text, {
      _tag: "text",
      ...help,
      transmit: false,
      attributes,
      length: document.length
    })
    assert.deepStrictEqual(JSON.parse(SmsShell.encodeRequest(text as Text)), JSON.parse(document))
  })

  it("reads a token, and keeps it covered", () => {
    const text = SmsShell.decodeRequest(
      JSON.stringify({ ...help, auth: { token: "hunter2hunter2", role: "ADMIN" } })
    )
    assert.notInclude(inspect(text, { depth: 9, showHidden: true }), "hunter2")
    assert.notInclude(JSON.stringify(text), "hunter2")
    assert.strictEqual(
      text instanceof Malformed ? undefined : Redacted.value(text.auth!.token),
      "hunter2hunter2"
    )
    const malformed = decoded({ ...help, auth: { token: "hunter2hunter2", role: "ROOT" } })
    assert.instanceOf(malformed, Malformed)
    assert.notInclude(malformed.error.message, "hunter2")
  })

  it("writes a reply as the specification has it", () => {
    assert.strictEqual(
      SmsShell.encodeReply({
        _tag: "Answer",
        received_length: 47,
        output: "#Err: command not found",
        chain: [
          ["received", 1_767_323_045],
          ["parsed", 1_767_323_045]
        ]
      }),
      '{"received_length":47,"output":"#Err: command not found","chain":[["received",1767323045],["parsed",1767323045]]}'
    )
  })
})

describe("What is no message", () => {
  const error = (problem: Malformed | Framing.InvalidFrame): Answer<Reply> =>
    SmsShell.onInvalid(problem, 1_767_323_045_678)

  const chain = [["received", 1_767_323_045]] as const

  it("is answered with what is wrong, and nothing of what it says", () => {
    for (const [document, reason] of [
      ["hello", "not a JSON object"],
      ["{]}", "not a JSON object"],
      ["[{}]", "not a JSON object"],
      ["null", "not a JSON object"],
      ["{}", "sms_number: missing"],
      ['{"sms_number":"+33612345678"}', "sms_text: missing"],
      ['{"sms_number":"","sms_text":"secret"}', "sms_number: Expected text that is not empty"],
      ['{"sms_number":"+33612345678","sms_text":""}', "sms_text: Expected text that is not empty"],
      ['{"sms_number":33,"sms_text":"secret"}', "sms_number: Expected string"],
      ['{"sms_number":"1","sms_text":"a","transmit":"secret"}', "transmit: Expected boolean"],
      ['{"sms_number":"1","sms_text":"a","auth":{"token":"secret"}}', "auth.role: missing"],
      [
        '{"sms_number":"1","sms_text":"a","auth":{"token":"secret","role":"GUEST"}}',
        'auth.role: Expected "USER" | "ADMIN"'
      ]
    ] as const) {
      const malformed = SmsShell.decodeRequest(document)
      assert.instanceOf(malformed, Malformed, document)
      assert.deepStrictEqual(error(malformed), {
        _tag: "Failure",
        received_length: document.length,
        error: reason,
        chain
      })
    }
  })

  it("is answered by its length where it is not UTF-8, and closes the connection where it is too long", () => {
    assert.deepStrictEqual(error(new Framing.InvalidFrame({ reason: "NotText", maxLength, length: 12 })), {
      _tag: "Failure",
      received_length: 12,
      error: "not UTF-8",
      chain
    })
    const tooLong = error(Framing.tooLong(maxLength))
    assert.instanceOf(tooLong, Closing)
    assert.deepStrictEqual(tooLong.replies, [
      { _tag: "Failure", received_length: 65_537, error: "longer than 65536 bytes", chain }
    ])
  })
})
