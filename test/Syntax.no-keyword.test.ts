/** A message with the keyword `""` among others that have one. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Message from "../src/Message.ts"
import * as Syntax from "../src/Syntax.ts"

const Get = Message.make("get", { key: Syntax.Word })
const GetAll = Message.make("get all", {})
const Count = Message.make("count", { value: Syntax.Unsigned }, { keyword: "" })
const Rest = Message.make("rest", { words: Schema.Array(Syntax.Word) }, { keyword: "" })

const spellings: ReadonlyArray<Syntax.WordsOptions> = [
  {},
  { collapse: true },
  { escape: "none" },
  { escape: "none", collapse: true, caseInsensitive: true },
  { quotes: true },
  { trailing: ":" }
]

describe("a message without a keyword", () => {
  it("is read off a line that begins with no other keyword", () => {
    const { decodeFrame, encodeFrame } = Syntax.words([Get, GetAll, Count], { escape: "none" })
    assert.deepStrictEqual(decodeFrame("17"), { _tag: "count", value: 17 })
    assert.deepStrictEqual(decodeFrame("get a"), { _tag: "get", key: "a" })
    assert.deepStrictEqual(decodeFrame("get all"), { _tag: "get all" })
    assert.strictEqual(encodeFrame({ _tag: "count", value: 17 }), "17")
  })

  it("says what is wrong with a line that is none of the messages", () => {
    const { decodeFrame } = Syntax.words([Get, Count], { escape: "none" })
    const reasons = ["got a", "x", "get"].map((line) => {
      const read = decodeFrame(line)
      return read instanceof Syntax.Malformed ? read.reason._tag : read._tag
    })
    assert.deepStrictEqual(reasons, ["TooManyFields", "InvalidField", "TooFewFields"])
  })

  const words = Schema.Array(Schema.Literals(["get", "GET", "all", "a", "", " ", ":", '"', "\\"]))

  it.prop(
    "is decoded as it was, or fails to encode",
    [words, Schema.Literals(spellings.keys().toArray())],
    ([words, i]) => {
      const { decodeFrame, encodeFrame } = Syntax.words([Get, GetAll, Rest], spellings[i]!)
      let line: string
      try {
        line = encodeFrame({ _tag: "rest", words })
      } catch (error) {
        assert(Schema.isSchemaError(error))
        return
      }
      assert.deepStrictEqual(decodeFrame(line), { _tag: "rest", words })
    }
  )

  it("is one at most", () => {
    assert.throws(() => Syntax.words([Count, Rest]), "the same tag or keyword")
  })
})
