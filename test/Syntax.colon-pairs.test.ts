import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Exit, Schema } from "effect"
import * as Message from "../src/Message.ts"
import * as Syntax from "../src/Syntax.ts"

const Hello = Message.make("hello", {}, { keyword: "HELLO THERE" })
const Point = Message.make(
  "point",
  { x: Syntax.ColonFree, y: Syntax.ColonFree, note: Schema.optionalKey(Syntax.ColonFree) },
  { keyword: "POINT" }
)
const Call = Message.make(
  "call",
  { id: Syntax.ColonFree, param: Schema.Array(Syntax.ColonFree) },
  { keyword: "CALL" }
)
const Count = Message.make("count", { n: Schema.FiniteFromString }, { keyword: "COUNT" })
const Rows = Message.make(
  "rows",
  { rows: Schema.NonEmptyArray(Schema.Struct({ name: Syntax.ColonFree, n: Schema.FiniteFromString })) },
  { keyword: "" }
)

const messages = [Hello, Point, Call, Count, Rows] as const
const codec = Syntax.colonPairs(messages)
const decode = Schema.decodeSync(codec)
const encode = Schema.encodeSync(codec)

const refuses = (...lines: ReadonlyArray<string>) => {
  for (const line of lines) {
    assert.isTrue(Exit.isFailure(Schema.decodeUnknownExit(codec)(line)), JSON.stringify(line))
  }
}

/** Values of the characters that mean something on a line, save those that no value can have. */
const value = Arbitrary.map(
  Arbitrary.array(
    Arbitrary.schema(Schema.Literals(["=", " ", '"', "\\", "A", "1", "é", "😀", "\t", "PARAM1="])),
    { maxLength: 5 }
  ),
  (all) => all.join("")
)
const whole = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))

const anyMessage = Arbitrary.map(
  Arbitrary.all({
    x: value,
    y: value,
    n: Arbitrary.schema(whole),
    param: Arbitrary.array(value, { maxLength: 12 }),
    pick: Arbitrary.schema(Schema.Literals([0, 1, 2, 3, 4, 5]))
  }),
  ({ n, param, pick, x, y }): (typeof codec)["Type"] => {
    const all: ReadonlyArray<(typeof codec)["Type"]> = [
      { _tag: "hello" },
      { _tag: "point", x, y },
      { _tag: "point", x, y, note: x },
      { _tag: "call", id: x, param },
      { _tag: "count", n },
      { _tag: "rows", rows: [{ name: x, n }, ...param.map((name) => ({ name, n }))] }
    ]
    return all[pick]!
  }
)

const shuffled = <A>(items: ReadonlyArray<A>): Arbitrary.Arbitrary<ReadonlyArray<A>> =>
  Arbitrary.map(Arbitrary.all(items.map(() => Arbitrary.schema(Schema.Finite))), (keys) =>
    items
      .map((item, i) => [keys[i]!, item] as const)
      .toSorted(([one], [other]) => one - other)
      .map(([, item]) => item)
  )

describe("Colon pairs", () => {
  it.prop("bring every message through", [anyMessage], ([message]) => {
    const line = encode(message)
    assert.notInclude(line, "\n")
    assert.deepStrictEqual(decode(line), message)
  })

  it.prop(
    "may come in any order",
    [
      Arbitrary.flatMap(Arbitrary.all([value, Arbitrary.array(value, { maxLength: 12 })]), ([id, param]) =>
        Arbitrary.map(
          shuffled([`ID=${id}`, ...param.map((value, i) => `PARAM${i + 1}=${value}`)]),
          (pairs) => ({ id, param, line: ["CALL", ...pairs].join(":") })
        )
      )
    ],
    ([{ id, line, param }]) => {
      assert.deepStrictEqual(decode(line), { _tag: "call", id, param })
    }
  )

  it("stand after the keyword, which may be several words", () => {
    assert.deepStrictEqual(decode("HELLO THERE"), { _tag: "hello" })
    assert.deepStrictEqual(decode("POINT:X=1:Y=2"), { _tag: "point", x: "1", y: "2" })
    assert.deepStrictEqual(decode("CALL:ID=2"), { _tag: "call", id: "2", param: [] })
    assert.deepStrictEqual(decode("CALL:ID=2:PARAM1=90"), { _tag: "call", id: "2", param: ["90"] })
    assert.deepStrictEqual(decode("COUNT:N=5"), { _tag: "count", n: 5 })
    assert.deepStrictEqual(decode("NAME=a(B, C):N=1:NAME=:N=-2"), {
      _tag: "rows",
      rows: [
        { name: "a(B, C)", n: 1 },
        { name: "", n: -2 }
      ]
    })
    refuses("HELLO", "HELLO  THERE", "hello there", " HELLO THERE", "HELLO THERE ", "HELLO THERE:", "")
  })

  it("end their key with the first `=`", () => {
    assert.deepStrictEqual(decode("POINT:X==:Y=a=b"), { _tag: "point", x: "=", y: "a=b" })
    refuses("POINT:X:Y=1", "POINT:=1:X=1:Y=1", "POINT:x=1:Y=1")
  })

  it("have each key once, all that are required, and no other", () => {
    refuses("POINT:X=1", "POINT:X=1:X=1", "POINT:X=1:Y=1:X=1", "POINT:X=1:NOTE=1", "POINT:X=1:Y=1:Z=1")
    refuses("POINT", "POINT:", "POINT:X=1:Y=1:", "POINT::X=1:Y=1", "HELLO THERE:X=1", "CALL:PARAM1=1")
    refuses("POINT:X=1:Y=1:_TAG=call", "POINT:X=1:__PROTO__=1", "POINT:X=1:CONSTRUCTOR=1", "constructor")
  })

  it("are numbered from 1 without a gap", () => {
    refuses("CALL:ID=1:PARAM0=1", "CALL:ID=1:PARAM2=1", "CALL:ID=1:PARAM1=1:PARAM3=1", "CALL:ID=1:PARAM=1")
    refuses(
      "CALL:ID=1:PARAM1=1:PARAM1=2",
      "CALL:ID=1:PARAM01=1",
      "CALL:ID=1:PARAM1.0=1",
      "CALL:ID=1:PARAM+1=1"
    )
    refuses(`CALL:ID=1:PARAM${"9".repeat(400)}=1`, "CALL:ID=1:PARAM4294967296=1", "CALL:ID=1:PARAM-1=1")
  })

  it("of a list come in whole groups, in the order of their fields", () => {
    refuses("NAME=a", "N=1:NAME=a", "NAME=a:N=1:NAME=b", "NAME=a:N=1:", "NAME=a:N=x", "NAME=a:N=1:NOTE=b:N=2")
  })

  it("of which one list cannot be told from another are a defect when the codec is made", () => {
    const Twice = Message.make("twice", { a: Schema.Array(Schema.String), b: Schema.Array(Schema.String) })
    assert.throws(() => Syntax.colonPairs([Hello, { ...Hello }]), /same tag or keyword/)
    assert.throws(() => Syntax.colonPairs([Twice]), /only one field can be numbered/)
    const Groups = Schema.Array(Schema.Struct({ a: Schema.String }))
    assert.throws(() => Syntax.colonPairs([Message.make("m", { groups: Groups })]), /empty keyword/)
    assert.throws(() => Syntax.colonPairs([Message.make("m", {}, { keyword: "" })]), /empty keyword/)
  })

  it("refuses to write a field of any text where a line cannot carry it, and says which", () => {
    const Tell = Message.make(
      "tell",
      { text: Schema.String, more: Schema.Array(Schema.String) },
      { keyword: "TELL" }
    )
    const All = Message.make(
      "all",
      { all: Schema.NonEmptyArray(Schema.Struct({ text: Schema.String })) },
      { keyword: "" }
    )
    const write = Schema.encodeSync(Syntax.colonPairs([Tell, All]))
    for (const text of ["a:MORE1=b", "a\nTELL", "\ud800"]) {
      assert.throws(() => write({ _tag: "tell", text, more: [] }), /in the message tell[^]*"text"/)
      assert.throws(
        () => write({ _tag: "tell", text: "", more: ["a", text] }),
        /in the message tell[^]*"more"/
      )
      assert.throws(() => write({ _tag: "all", all: [{ text }] }), /in the message all[^]*"all"/)
    }
    assert.strictEqual(write({ _tag: "tell", text: "a=b", more: [""] }), "TELL:TEXT=a=b:MORE1=")
  })
})
