import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Equivalence, Schema } from "effect"
import * as Framing from "../src/Framing.ts"
import { Message, Protocol, Syntax, Testing } from "../src/index.ts"
import { Exon } from "../src/protocols/exon/Protocol.ts"
import { Rscp } from "../src/protocols/rscp/Protocol.ts"
import { SecLsmManager } from "../src/protocols/sec-lsm-manager/Protocol.ts"
import { SmsShell, Text } from "../src/protocols/sms/Protocol.ts"
import { Kv } from "./fifth-protocol/Protocol.ts"

/** Whether a law holds for this number of examples. */
const holds = (law: Testing.Law, runs = 500) =>
  Effect.map(
    Arbitrary.checkEffect(
      law.arbitraries[0],
      (example) => {
        try {
          law.property([example])
          return true
        } catch {
          return false
        }
      },
      { runs }
    ),
    ({ _tag }) => _tag === "Passed"
  )

/** The names of the laws that a protocol breaks. */
const broken = (protocol: Protocol.Any) =>
  Effect.map(
    Effect.forEach(Object.entries(Testing.laws(protocol)), ([name, law]) =>
      Effect.map(holds(law), (holds) => (holds ? [] : [name]))
    ),
    (names) => names.flat()
  )

/** A text counts its bytes only when it was decoded, and has no attributes rather than none in them. */
const sameText = Equivalence.mapInput(Schema.toEquivalence(Text), (text: Text): Text => {
  const { attributes, length: _, ...rest } = text
  return attributes === undefined || Object.keys(attributes).length === 0 ? rest : { ...rest, attributes }
})

const protocols = [
  ["sec-lsm-manager", Testing.laws(SecLsmManager)],
  ["Exon", Testing.laws(Exon)],
  ["RSCP", Testing.laws(Rscp)],
  ["the SMS shell", Testing.laws(SmsShell, { requestEquivalence: sameText })],
  ["the fifth protocol", Testing.laws(Kv)]
] as const

const Say = Message.make("say", { text: Syntax.Word, to: Syntax.Word })
const Data = Message.make("data", { text: Syntax.Word })
const Plain = Message.make("data", { text: Syntax.Word.check(Schema.isPattern(/^\w*$/)) })
const framing = Framing.lines({ maxLength: 100, escape: "\\", carriageReturn: "keep" })

const Sound = Protocol.make({
  name: "sound",
  framing,
  request: Syntax.words([Say]),
  modes: { data: { request: Syntax.words([Data]) } },
  reply: Syntax.words([Say])
})

describe("The laws of a protocol", () => {
  for (const [name, laws] of protocols) {
    describe(name, () => {
      for (const [name, { arbitraries, property }] of Object.entries(laws))
        it.prop(name, arbitraries, property)
    })
  }

  it("are those of its requests in each of its modes, and of its replies", () => {
    const names = Object.keys(Testing.laws(Sound))
    const laws = names.filter((name) => /survives/.test(name))
    assert.deepStrictEqual(laws, [
      "every request survives encoding and decoding",
      "every request in the mode data survives encoding and decoding",
      "every reply survives encoding and decoding"
    ])
    assert.strictEqual(names.length, 12)
  })

  it("are those of its requests where it has no replies", () => {
    const laws = Testing.laws(Protocol.make({ name: "silent", framing, request: Syntax.words([Say]) }))
    assert.strictEqual(Object.keys(laws).length, 4)
  })

  it.effect("are kept by a protocol of words", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* broken(Sound), [])
    })
  )

  it.effect("are broken by a codec that loses a field", () =>
    Effect.gen(function* () {
      const losing = Syntax.make({
        read: (frame) => ({ _tag: "say", text: frame.slice(4), to: "" }),
        write: ({ text }) => `say ${text.replaceAll("\n", " ")}`
      })
      const laws = yield* broken(Protocol.make({ name: "losing", framing, request: losing([Say]) }))
      assert.include(laws, "every request survives encoding and decoding")
    })
  )

  it.effect("are broken by a codec that decodes what is no message", () =>
    Effect.gen(function* () {
      const strange = { ...Sound, decodeReply: () => JSON.parse('{"_tag":"say"}') as typeof Say.Type }
      const laws = Testing.laws(strange, { replyEquivalence: () => true })
      assert.isFalse(yield* holds(laws["every reply survives encoding and decoding"]!))
    })
  )

  it.effect("are broken by a field that the framing cannot carry", () =>
    Effect.gen(function* () {
      const framing = Framing.lines({ maxLength: 100, escape: "\\" })
      const laws = yield* broken(Protocol.make({ name: "return", framing, request: Syntax.words([Data]) }))
      assert.deepStrictEqual(laws, [
        "every request survives encoding and decoding",
        "every request is one frame, whole or in pieces"
      ])
    })
  )

  it.effect("show the frame that was written and the one that was read where these differ", () =>
    Effect.gen(function* () {
      const framing = Framing.lines({ maxLength: 100, escape: "\\" })
      const Returning = Message.make("data", { text: Schema.Literals(["", "\r"]) })
      const protocol = Protocol.make({ name: "return", framing, request: Syntax.words([Returning]) })
      const law = Testing.laws(protocol)["every request survives encoding and decoding"]!
      const problems = new Set<string>()
      yield* Arbitrary.checkEffect(law.arbitraries[0], (example) => {
        try {
          example.check()
        } catch (violation) {
          problems.add(String(violation))
        }
        return true
      })
      assert.deepStrictEqual(
        [...problems],
        ['Violation: "data \\r", read as "data ", is decoded as another message']
      )
    })
  )

  it.effect("are broken by a syntax that does not escape the delimiter", () =>
    Effect.gen(function* () {
      const bare = Syntax.make({
        read: (frame) => ({ _tag: "data", text: frame.slice(5) }),
        write: ({ text }) => `data ${text}`
      })
      const laws = yield* broken(Protocol.make({ name: "bare", framing, request: bare([Data]) }))
      assert.include(laws, "every request survives encoding and decoding")
      assert.include(laws, "every request is one frame, whole or in pieces")
    })
  )

  it.effect("are broken by a framing that forgets what precedes a chunk", () =>
    Effect.gen(function* () {
      const forgetful: Framing.Framing = {
        ...framing,
        withMaxLength: () => forgetful,
        decoder: () => {
          let decoder = framing.decoder()
          return {
            push: (chunk, start, max) => {
              if (start === 0) decoder = framing.decoder()
              return decoder.push(chunk, start, max)
            },
            get consumed() {
              return decoder.consumed
            },
            finish: () => []
          }
        }
      }
      const laws = yield* broken(
        Protocol.make({ name: "forgetful", framing: forgetful, request: Syntax.words([Say]) })
      )
      assert.deepStrictEqual(laws, ["cutting the bytes of a request anywhere gives the same frames"])
    })
  )

  it.effect("are broken by a framing that does not know the escape of the syntax", () =>
    Effect.gen(function* () {
      const plain = Framing.lines({ maxLength: 100 })
      const unescaped: Framing.Framing = { ...plain, withMaxLength: () => unescaped }
      const laws = yield* broken(
        Protocol.make({ name: "unescaped", framing: unescaped, request: Syntax.words([Say]) })
      )
      assert.include(laws, "every request is one frame, whole or in pieces")
    })
  )

  it.effect("are broken by a framing whose pieces are another frame", () =>
    Effect.gen(function* () {
      const split: Framing.Framing = {
        ...framing,
        withMaxLength: () => split,
        pieces: () => ({ push: (piece) => `${piece}\n`, end: () => "" })
      }
      const laws = yield* broken(
        Protocol.make({ name: "split", framing: split, request: Syntax.words([Say]) })
      )
      assert.deepStrictEqual(laws, ["every request is one frame, whole or in pieces"])
    })
  )

  it.effect("are broken by a framing that loses frames when few are taken at a time", () =>
    Effect.gen(function* () {
      const losing: Framing.Framing = {
        ...framing,
        withMaxLength: (maxLength) => ({
          ...losing,
          decoder: () => decoderOf(framing.withMaxLength(maxLength))
        })
      }
      const decoderOf = (framing: Framing.Framing): Framing.Decoder => {
        const decoder = framing.decoder()
        return {
          push: (chunk, start, max) => decoder.push(chunk, start).slice(0, max),
          get consumed() {
            return decoder.consumed
          },
          finish: () => decoder.finish()
        }
      }
      const laws = yield* broken(
        Protocol.make({ name: "losing", framing: losing, request: Syntax.words([Say]) })
      )
      assert.deepStrictEqual(laws, ["cutting the bytes of a request anywhere gives the same frames"])
    })
  )

  it.effect("are broken by a framing that keeps chunks whose memory is used again", () =>
    Effect.gen(function* () {
      const lines = Framing.lines({ maxLength: 100_000 })
      const keeping: Framing.Framing = {
        ...lines,
        withMaxLength: () => keeping,
        decoder: () => {
          let chunks: Array<Uint8Array> = []
          return {
            push: (chunk, start = 0) => {
              chunks.push(chunk.subarray(start))
              const joined = Buffer.concat(chunks)
              const end = joined.lastIndexOf(0x0a) + 1
              if (end > 0) chunks = [joined.subarray(end)]
              return end === 0 ? [] : lines.decoder().push(joined.subarray(0, end))
            },
            get consumed() {
              return Infinity
            },
            finish: () => []
          }
        }
      }
      const laws = yield* broken(
        Protocol.make({ name: "keeping", framing: keeping, request: Syntax.words([Plain]) })
      )
      assert.deepStrictEqual(laws, ["cutting the bytes of a request anywhere gives the same frames"])
    })
  )

  for (const [name, head, expected] of [
    ["kept", "data ", []],
    [
      "broken",
      "data\n",
      ["every request survives encoding and decoding", "every request is one frame, whole or in pieces"]
    ]
  ] as const) {
    it.effect(`are ${name} by frames of bytes, too`, () =>
      Effect.gen(function* () {
        const bytes = Syntax.make({
          frame: "bytes",
          read: (frame) => ({ _tag: "data", text: Buffer.from(frame.subarray(5)).toString("latin1") }),
          write: ({ text }) => new Uint8Array(Buffer.from(head + text, "latin1"))
        })
        const framing = Framing.lines({ maxLength: 100, encoding: "bytes" })
        const laws = yield* broken(Protocol.make({ name: "bytes", framing, request: bytes([Plain]) }))
        assert.deepStrictEqual(laws, [...expected])
      })
    )
  }

  it.effect("are broken by a codec that throws", () =>
    Effect.gen(function* () {
      const words = Syntax.words([Say])
      const throwing = Syntax.make({
        read: (frame) => {
          const parts = frame.split(" ")
          if (parts.length > 2) throw new Error("too many words")
          return { _tag: "data", text: parts[1] ?? "" }
        },
        write: ({ text }) => (/[ \n\\]/.test(text) ? undefined : `data ${text}`)
      })
      const laws = yield* broken(
        Protocol.make({ name: "throwing", framing, request: words, reply: throwing([Plain]) })
      )
      assert.deepStrictEqual(laws, ["garbage in place of a reply never throws"])
    })
  )
})
