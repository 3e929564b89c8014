/** Codecs of syntaxes and Schemas of one's own, and field codecs. */
import { assert, describe, it } from "@effect/vitest"
import { Exit, Schema, SchemaGetter } from "effect"
import * as Framing from "../src/Framing.ts"
import * as Message from "../src/Message.ts"
import * as Protocol from "../src/Protocol.ts"
import * as Syntax from "../src/Syntax.ts"

const Get = Message.make("get", { key: Syntax.Word })
const Ping = Message.make("ping", {})

describe("A codec", () => {
  const words = Syntax.words([Get, Ping])

  it("stays one when it is annotated", () => {
    const annotated = words.annotate({ description: "requests" })
    assert.isTrue(Syntax.isCodec(annotated))
    assert.deepStrictEqual(annotated.decodeFrame("get a"), { _tag: "get", key: "a" })
  })

  it("applies a check that is added to it", () => {
    const short = words.check(
      Schema.makeFilter((message: (typeof words)["Type"]) => message._tag !== "get" || message.key.length < 3)
    )
    assert.deepStrictEqual(short.decodeFrame("get a"), { _tag: "get", key: "a" })
    assert.instanceOf(short.decodeFrame("get abc"), Syntax.Malformed)
    assert.throws(() => short.encodeFrame({ _tag: "get", key: "abc" }))
  })

  it("is recognised among other Schemas, and made of them", () => {
    const handwritten = Schema.String.pipe(
      Schema.decodeTo(Schema.TaggedStruct("say", { text: Schema.String.check(Schema.isMaxLength(3)) }), {
        decode: SchemaGetter.transform((text: string) => ({ _tag: "say" as const, text })),
        encode: SchemaGetter.transform(({ text }) => text)
      })
    )
    assert.isFalse(Syntax.isCodec(handwritten))
    const codec = Syntax.fromSchema(handwritten)
    assert.isTrue(Syntax.isCodec(codec))
    assert.strictEqual(Syntax.fromSchema(codec), codec)
    assert.deepStrictEqual(codec.decodeFrame("hi"), { _tag: "say", text: "hi" })
    assert.strictEqual(codec.encodeFrame({ _tag: "say", text: "hi" }), "hi")
    assert.deepStrictEqual((codec.decodeFrame("hello") as Syntax.Malformed).reason, {
      _tag: "InvalidField",
      message: "say",
      field: "text",
      problem: "Expected a value with a length of at most 3"
    })
    assert.throws(() => codec.encodeFrame({ _tag: "say", text: "hello" }), /length of at most 3/)
    const protocol = Protocol.make({
      name: "handwritten",
      framing: Framing.lines({ maxLength: 100 }),
      request: handwritten,
      reply: handwritten,
      onInvalid: [],
      onDefect: []
    })
    assert.deepStrictEqual(protocol.decodeRequest("hi"), { _tag: "say", text: "hi" })
  })

  it("lets an exception of its own syntax through", () => {
    const broken = Syntax.make({
      read: (): Syntax.Parts => {
        throw new RangeError("broken")
      },
      write: () => {
        throw new RangeError("broken")
      }
    })([Get])
    assert.throws(() => broken.decodeFrame("x"), RangeError)
    assert.throws(() => broken.encodeFrame({ _tag: "get", key: "a" }), RangeError)
  })

  it("has no message with the tag of a reason", () => {
    assert.throws(
      () => Syntax.words([Message.make("Unreadable", {})]),
      /no message can have the tag Unreadable/
    )
  })

  it("of bytes has frames of bytes", () => {
    const Byte = Message.make("byte", { value: Syntax.Integer })
    const codec = Syntax.make({
      frame: "bytes",
      read: (frame: Uint8Array): Syntax.Parts => ({ _tag: "byte", value: String(frame[0]) }),
      write: ({ value }: Syntax.Parts) => Uint8Array.of(Number(value))
    })([Byte])
    assert.deepStrictEqual(codec.decodeFrame(Uint8Array.of(7)), { _tag: "byte", value: 7 })
    assert.deepStrictEqual(codec.encodeFrame({ _tag: "byte", value: 7 }), Uint8Array.of(7))
    assert.deepStrictEqual(
      (codec.decodeFrame(new Uint8Array(0)) as Syntax.Malformed).frame,
      new Uint8Array(0)
    )
  })

  it("of a whole frame takes it as it is", () => {
    const Line = Message.make("line", { text: Schema.String.check(Schema.isMaxLength(5)) })
    const Body = Message.make("body", { content: Schema.Uint8Array })
    const line = Syntax.whole(Line)
    assert.deepStrictEqual(line.decodeFrame("a b\n"), { _tag: "line", text: "a b\n" })
    assert.strictEqual(line.encodeFrame({ _tag: "line", text: "" }), "")
    assert.deepInclude((line.decodeFrame("abcdef") as Syntax.Malformed).reason, {
      _tag: "InvalidField",
      field: "text"
    })
    const body = Syntax.whole(Body)
    const bytes = Uint8Array.of(0, 255)
    assert.deepStrictEqual(body.decodeFrame(bytes), { _tag: "body", content: bytes })
    assert.strictEqual(body.encodeFrame({ _tag: "body", content: bytes }), bytes)
    assert.throws(
      () => Syntax.whole(Message.make("two", { a: Schema.String, b: Schema.String })),
      /exactly one field/
    )
  })
})

describe("A field codec", () => {
  const read = (schema: Schema.Codec<unknown, string>, text: string) =>
    Exit.getSuccess(Schema.decodeUnknownExit(schema)(text))

  it("of a number takes decimal digits and nothing else", () => {
    const codec = Syntax.words([Message.make("n", { integer: Schema.optionalKey(Syntax.Integer) })])
    for (const [text, value] of [
      ["0", 0],
      ["-0", 0],
      ["-12", -12],
      ["007", 7],
      ["9007199254740991", 2 ** 53 - 1]
    ] as const) {
      assert.deepStrictEqual(codec.decodeFrame(`n ${text}`), { _tag: "n", integer: value })
    }
    for (const text of [
      "",
      "1e3",
      "0x10",
      "1.0",
      "+1",
      "--1",
      "-",
      "٥",
      "1\t",
      "9007199254740992",
      "Infinity"
    ]) {
      assert.instanceOf(codec.decodeFrame(`n ${text}`), Syntax.Malformed, text)
      assert.strictEqual(read(Syntax.Unsigned, text)._tag, "None", text)
    }
    assert.strictEqual(read(Syntax.Unsigned, "-1")._tag, "None")
    assert.throws(() => codec.encodeFrame({ _tag: "n", integer: 2 ** 53 }))
  })

  it("keeps its checks, and yields to another transformation", () => {
    const Small = Message.make("small", { n: Syntax.Integer.check(Schema.isLessThan(10)) })
    const Twice = Message.make("twice", {
      n: Syntax.Integer.pipe(
        Schema.decodeTo(Schema.Int, {
          decode: SchemaGetter.transform((n: number) => n * 2),
          encode: SchemaGetter.transform((n: number) => n / 2)
        })
      )
    })
    const codec = Syntax.words([Small, Twice])
    assert.deepStrictEqual(codec.decodeFrame("small 9"), { _tag: "small", n: 9 })
    assert.instanceOf(codec.decodeFrame("small 10"), Syntax.Malformed)
    assert.throws(() => codec.encodeFrame({ _tag: "small", n: 10 }))
    assert.deepStrictEqual(codec.decodeFrame("twice 10"), { _tag: "twice", n: 20 })
    assert.strictEqual(codec.encodeFrame({ _tag: "twice", n: 20 }), "twice 10")
  })
})
