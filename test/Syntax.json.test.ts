import { assert, describe, it } from "@effect/vitest"
import { Exit, Schema } from "effect"
import * as Syntax from "../src/Syntax.ts"

// Tagged in the program and on the wire, in the program alone, and with fields that look different there.
const Plain = Schema.TaggedStruct("plain", { text: Schema.String, more: Schema.Array(Schema.Int) })
const Untagged = Schema.Struct({
  _tag: Schema.tagDefaultOmit("Untagged"),
  zulu: Schema.String,
  alpha: Schema.NullOr(Schema.Finite)
})
const Same = Schema.Struct({
  _tag: Schema.tagDefaultOmit("Same"),
  zulu: Schema.String,
  alpha: Schema.Boolean
})
const Dated = Schema.TaggedStruct("dated", {
  number: Schema.NumberFromString.check(Schema.isFinite()),
  note: Schema.optionalKey(Schema.String)
})

const codec = Syntax.json([Plain, Untagged, Same, Dated])
const decode = Schema.decodeSync(codec)
const encode = Schema.encodeSync(codec)

describe("Syntax.json", () => {
  it.prop("brings every message through one line", [Schema.toType(codec)], ([message]) => {
    const line = encode(message)
    assert.notInclude(line, "\n")
    // JSON has no -0.
    const [there] = JSON.parse(JSON.stringify([message])) as [typeof message]
    assert.deepStrictEqual(decode(line), there)
  })

  it.prop("is compact, in whatever way JSON is that", [Schema.toType(codec)], ([message]) => {
    const line = encode(message)
    assert.strictEqual(JSON.stringify(JSON.parse(line)), line)
  })

  it.prop("reads any text at all without a defect", [Schema.String], ([text]) => {
    const exit = Schema.decodeUnknownExit(codec)(text)
    if (Exit.isSuccess(exit)) assert.deepStrictEqual(decode(encode(exit.value)), exit.value)
    else assert.strictEqual(exit.cause.reasons[0]?._tag, "Fail")
  })

  it("keeps the keys in the order of the Schema, whatever that of the value is", () => {
    assert.strictEqual(encode({ alpha: 1, zulu: "z", _tag: "Untagged" }), '{"zulu":"z","alpha":1}')
    assert.strictEqual(
      encode({ more: [1, 2], text: "", _tag: "plain" }),
      '{"_tag":"plain","text":"","more":[1,2]}'
    )
    assert.strictEqual(
      encode({ note: "n", number: 5, _tag: "dated" }),
      '{"_tag":"dated","number":"5","note":"n"}'
    )
  })

  it("escapes what would end the line or the string, and nothing that JSON lets stand", () => {
    assert.strictEqual(
      encode({ _tag: "Untagged", zulu: 'a"b\\\n\r\t\0\u2028é😀/', alpha: null }),
      '{"zulu":"a\\"b\\\\\\n\\r\\t\\u0000\u2028é😀/","alpha":null}'
    )
  })

  it("finds the message by what it looks like where there is no tag, in any order of its keys", () => {
    assert.deepStrictEqual(decode('{"alpha":null,"zulu":"z"}'), { _tag: "Untagged", zulu: "z", alpha: null })
    assert.deepStrictEqual(decode(' { "alpha" : true , "zulu" : "z" } '), {
      _tag: "Same",
      zulu: "z",
      alpha: true
    })
  })

  for (const line of [
    "",
    "{",
    "nothing",
    "null",
    "[]",
    '"plain"',
    "{}",
    '{"_tag":"plain","text":"a"}',
    '{"_tag":"other","text":"a","more":[]}',
    '{"zulu":"z","alpha":"a"}',
    '{"zulu":"z","alpha":1}x',
    '{"_tag":"dated","number":5}'
  ]) {
    it(`has no place for ${JSON.stringify(line)}`, () => {
      assert.isTrue(Exit.isFailure(Schema.decodeUnknownExit(codec)(line)))
    })
  }

  it("refuses to write what is none of its messages", () => {
    const strangers: ReadonlyArray<unknown> = [
      null,
      {},
      { _tag: "other" },
      { _tag: "plain", text: 1, more: [] }
    ]
    for (const stranger of strangers) {
      assert.isTrue(Exit.isFailure(Schema.encodeUnknownExit(codec)(stranger)))
    }
  })
})

describe("Syntax.json with exact integers", () => {
  const Digits = Schema.String.check(Schema.isPattern(/^[1-9][0-9]{16,30}$/))
  // Only a field for raw numbers takes an integer that has to be read with all of its digits.
  const isExact = (ratio: number): boolean =>
    !Number.isInteger(ratio) || Number.isSafeInteger(ratio) || String(ratio).includes("e")
  const Count = Schema.TaggedStruct("count", {
    count: Syntax.field({
      schema: Schema.Union([Schema.Int, Digits]),
      encoded: Schema.Union([Schema.Int, Syntax.RawNumber]),
      expected: "a number",
      read: (count) => (typeof count === "number" ? count : count.rawJSON),
      write: (count) => (typeof count === "number" ? count : Syntax.rawNumber(count))
    }),
    ratio: Schema.optionalKey(Schema.Finite.check(Schema.makeFilter(isExact)))
  })
  const exact = Syntax.json([Count, Plain], { exactIntegers: true })

  it.prop("brings numbers of any length through as numbers", [Schema.toType(Count)], ([message]) => {
    const line = exact.encodeFrame(message)
    assert.include(line, `"count":${String(message.count)}`)
    assert.strictEqual(Schema.encodeSync(exact)(message), line)
    // JSON has no -0.
    const [there] = JSON.parse(JSON.stringify([message])) as [typeof message]
    assert.deepStrictEqual(exact.decodeFrame(line), there)
  })

  it("rounds neither what it reads nor what it writes, wherever white space is", () => {
    const message = { _tag: "count", count: "90071992547409931" } as const
    assert.deepStrictEqual(exact.decodeFrame('{"_tag":"count","count": 90071992547409931 }'), message)
    assert.strictEqual(exact.encodeFrame(message), '{"_tag":"count","count":90071992547409931}')
    assert.deepStrictEqual(exact.decodeFrame('{"_tag":"count","count":9007199254740991,"ratio":1e300}'), {
      _tag: "count",
      count: 9_007_199_254_740_991,
      ratio: 1e300
    })
  })

  it("takes digits that are a number, and only in fields for them", () => {
    for (const line of [
      '{"_tag":"count","count":"90071992547409931"}',
      '{"_tag":"count","count":{"rawJSON":"90071992547409931"}}',
      '{"_tag":"count","count":1,"ratio":90071992547409931}',
      '{"_tag":"plain","text":"","more":[90071992547409931]}'
    ]) {
      assert.instanceOf(exact.decodeFrame(line), Syntax.Malformed, line)
    }
    const text = { _tag: "plain", text: "90071992547409931", more: [] } as const
    assert.deepStrictEqual(exact.decodeFrame(exact.encodeFrame(text)), text)
  })
})
