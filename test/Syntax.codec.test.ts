/** What every codec is, whichever syntax made it: a Schema, a fast path that agrees with it, and reasons. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Exit, Redacted, Schema } from "effect"
import * as Message from "../src/Message.ts"
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
