/** What every codec is, whichever syntax made it: a Schema, a fast path that agrees with it, and reasons. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Exit, Redacted, Schema, SchemaGetter } from "effect"
import * as Framing from "../src/Framing.ts"
import * as Message from "../src/Message.ts"
import * as Protocol from "../src/Protocol.ts"
import * as Syntax from "../src/Syntax.ts"

const Get = Message.make("get", { key: Syntax.Quotable })
const Move = Message.make("move", {
  x: Syntax.Integer,
  y: Syntax.Integer,
  by: Schema.optionalKey(Syntax.Unsigned)
})
const Login = Message.make("login", {
  user: Syntax.Quotable,
  password: Schema.RedactedFromValue(
    Syntax.Quotable.check(
      Schema.makeFilter((text: string) => (text.length < 4 ? `${text} is short` : undefined))
    )
  )
})
const messages = [Get, Move, Login] as const

/** The same messages in each syntax. */
const codecs = {
  words: Syntax.words(messages),
  plain: Syntax.words(messages, { escape: "none", separator: "|" }),
  pairs: Syntax.pairs(messages),
  colonPairs: Syntax.colonPairs(messages),
  positional: Syntax.positional(messages, {
    split: (frame) => (frame === "" ? undefined : frame.split("\t")),
    join: (words) => (words.some((word) => word.includes("\t")) ? undefined : words.join("\t"))
  }),
  make: Syntax.make({
    read: (frame: string): Syntax.Parts | Syntax.MalformedReason => {
      const [tag, ...fields] = frame.split("&")
      if (!/^(get|move|login)$/.test(tag!)) return { _tag: "UnknownMessage", keyword: tag! }
      return { _tag: tag!, ...Object.fromEntries(fields.map((field) => field.split("="))), extra: undefined }
    },
    write: ({ _tag, ...fields }: Syntax.Parts) => {
      const texts = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)
      return texts.some((text) => /[&=]/.test(text.slice(text.indexOf("=") + 1)))
        ? undefined
        : [_tag, ...texts].join("&")
    }
  })(messages),
  json: Syntax.json(messages)
}
type Value = (typeof codecs)["words"]["Type"]

const number = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 99 }))
const text = Schema.Literals(["a", "ab", "é😀", "abcd", "1e3", "\\", "[x]"])
const anyMessage = Arbitrary.map(
  Arbitrary.schema(Schema.Struct({ pick: Schema.Literals([0, 1, 2, 3]), number, text })),
  ({ number, pick, text }): Value => {
    const all: ReadonlyArray<Value> = [
      { _tag: "get", key: text },
      { _tag: "move", x: -number, y: 0 },
      { _tag: "move", x: number, y: -1, by: number },
      { _tag: "login", user: text, password: Redacted.make(`${text}-secret`) }
    ]
    return all[pick]!
  }
)

/** What is covered looks equal to all that is. */
const uncovered = (message: Value | Syntax.Malformed): unknown =>
  message._tag === "login" ? { ...message, password: Redacted.value(message.password) } : message

const edits = Schema.Array(
  Schema.Struct({
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
    text: Schema.Literals([
      "",
      "a",
      "-",
      "0",
      "1e3",
      " ",
      '"',
      ":",
      "=",
      "|",
      "\t",
      "\\",
      "&",
      "\n",
      "\0",
      "\ud800",
      "{"
    ])
  })
).check(Schema.isMaxLength(3))

const many = { arbitrary: { runs: 600 } }

for (const [name, codec] of Object.entries<Syntax.Codec<Value>>(codecs)) {
  describe(`A codec of Syntax.${name}`, () => {
    it.prop(
      "brings every message through, with its Schema and without",
      [anyMessage],
      ([message]) => {
        const frame = codec.encodeFrame(message)
        assert.deepStrictEqual(uncovered(codec.decodeFrame(frame)), uncovered(message))
        assert.strictEqual(Schema.encodeSync(codec)(message), frame)
        assert.deepStrictEqual(uncovered(Schema.decodeUnknownSync(codec)(frame)), uncovered(message))
      },
      many
    )

    it.prop(
      "reads of any frame what the Schema reads, with the Schema's error, and never throws",
      [anyMessage, edits],
      ([message, edits]) => {
        let frame = codec.encodeFrame(message)
        for (const { at, text } of edits) frame = frame.slice(0, at) + text + frame.slice(at + 1)
        const read = codec.decodeFrame(frame)
        const exit = Schema.decodeUnknownExit(codec)(frame)
        if (read instanceof Syntax.Malformed) {
          assert.isTrue(Exit.isFailure(exit))
          const [reason] = Exit.isFailure(exit) ? exit.cause.reasons : []
          assert.strictEqual(reason?._tag === "Fail" ? reason.error.message : "", read.error.message)
          assert.notInclude(JSON.stringify(read.reason), "-secret is short")
        } else {
          assert.deepStrictEqual(uncovered(read), Exit.isSuccess(exit) ? uncovered(exit.value) : undefined)
        }
      },
      many
    )

    it("refuses to write what is no message, as the Schema does", () => {
      for (const stranger of [null, {}, { _tag: "other" }, { _tag: "move", x: 1.5, y: 0 }, { _tag: "get" }]) {
        assert.throws(() => codec.encodeFrame(stranger as never), Schema.SchemaError as never)
        assert.isTrue(Exit.isFailure(Schema.encodeUnknownExit(codec)(stranger)))
      }
    })
  })
}

describe("A codec", () => {
  const { words } = codecs

  it("stays one when it is annotated", () => {
    const annotated = words.annotate({ description: "requests" })
    assert.isTrue(Syntax.isCodec(annotated))
    assert.deepStrictEqual(annotated.decodeFrame("get a"), { _tag: "get", key: "a" })
  })

  it("applies a check that is added to it", () => {
    const short = words.check(
      Schema.makeFilter((message: Value) => message._tag !== "get" || message.key.length < 3)
    )
    assert.deepStrictEqual(short.decodeFrame("get a"), { _tag: "get", key: "a" })
    assert.instanceOf(short.decodeFrame("get abc"), Syntax.Malformed)
    assert.throws(() => short.encodeFrame({ _tag: "get", key: "abc" }))
  })

  it("is told from other Schemas, and made of them", () => {
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
      onUnreadable: [],
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

describe("What is wrong with a frame", () => {
  const reasonOf = (codec: Syntax.Codec<Value>, frame: string): Syntax.MalformedReason => {
    const read = codec.decodeFrame(frame)
    assert.instanceOf(read, Syntax.Malformed)
    return read.reason
  }
  const Many = Message.make("many", { all: Schema.NonEmptyArray(Syntax.Word) }, { keyword: "MANY" })

  for (const [syntax, frames] of [
    [codecs.words, ["got a", "move 1", "move 1 2 3 4", "move 1 x", "get a\nb"]],
    [codecs.pairs, ["got", 'move x="1"', 'move x="1"::x="1"', 'move x="1"::y="x"', "get key"]],
    [codecs.colonPairs, ["got:X=1", "move:X=1", "move:X=1:Y=2:Z=3", "move:X=1:Y=x", "get:KEY"]]
  ] as const) {
    it(`is its keyword, the number of its fields, one of them, or all of it: ${frames[0]}`, () => {
      const keyword = "got"
      assert.deepStrictEqual(reasonOf(syntax, frames[0]), { _tag: "UnknownMessage", keyword })
      const move = { message: "move", keyword: "move" }
      assert.deepStrictEqual(reasonOf(syntax, frames[1]), { _tag: "TooFewFields", ...move })
      assert.deepStrictEqual(reasonOf(syntax, frames[2]), { _tag: "TooManyFields", ...move })
      assert.deepStrictEqual(reasonOf(syntax, frames[3]), {
        _tag: "InvalidField",
        message: "move",
        field: "y",
        problem: "Expected a whole number in decimal digits"
      })
      assert.strictEqual(reasonOf(syntax, frames[4])._tag, "Unreadable")
    })
  }

  it("of JSON is the document, its tag, or a field", () => {
    assert.strictEqual(reasonOf(codecs.json, "{")._tag, "Unreadable")
    assert.deepStrictEqual(reasonOf(codecs.json, '{"_tag":"got"}'), {
      _tag: "UnknownMessage",
      keyword: "got"
    })
    assert.deepStrictEqual(reasonOf(codecs.json, '{"_tag":"get"}'), {
      _tag: "InvalidField",
      message: "get",
      field: "key",
      problem: "missing"
    })
  })

  it("is too few fields where a repeated one needs another", () => {
    const read = Syntax.words([Many]).decodeFrame("MANY")
    assert.deepStrictEqual((read as Syntax.Malformed).reason, {
      _tag: "TooFewFields",
      message: "many",
      keyword: "MANY"
    })
  })

  it("shows no secret, and is one line", () => {
    assert.deepStrictEqual(reasonOf(codecs.words, "login ada abc"), {
      _tag: "InvalidField",
      message: "login",
      field: "password",
      problem: "not a valid value"
    })
    const Lines = Message.make("lines", { text: Schema.String.check(Schema.makeFilter(() => "one\n  two")) })
    const read = Syntax.words([Lines]).decodeFrame("lines x")
    assert.deepInclude((read as Syntax.Malformed).reason, { field: "text", problem: "one two" })
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
