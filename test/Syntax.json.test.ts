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
