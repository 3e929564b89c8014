import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Framing from "../../src/Framing.ts"
import { fromLatin1 } from "../../src/framing/encoding.ts"

const Bytes = Arbitrary.map(
  Arbitrary.all([Arbitrary.schema(Schema.Uint8Array), Arbitrary.schema(Schema.Literals([1, 2, 30, 500]))]),
  ([bytes, times]) => new Uint8Array(Buffer.concat(Array.from({ length: times }, () => bytes)))
)

describe("latin1", () => {
  it.prop(
    "is one character per byte in both directions, for any bytes",
    [Bytes],
    ([bytes]) => {
      const text = fromLatin1(bytes)
      assert.strictEqual(text, Buffer.from(bytes).toString("latin1"))
      assert.deepStrictEqual(Framing.toBytes(text, "latin1"), bytes)
    },
    { arbitrary: { runs: 1000 } }
  )

  it("is not windows-1252, for every byte and length", () => {
    for (let byte = 0; byte < 256; byte++) {
      for (const length of [1, 12, 13, 100, 10_000]) {
        const bytes = new Uint8Array(length).fill(byte)
        const text = String.fromCharCode(byte).repeat(length)
        assert.isTrue(fromLatin1(bytes) === text, `${length} times ${byte}`)
        assert.deepStrictEqual(Framing.toBytes(text, "latin1"), bytes)
      }
    }
  })

  it("replaces characters that it lacks, in short and long text", () => {
    for (const times of [1, 1000]) {
      const bytes = Framing.toBytes("a\u010a\u20ac".repeat(times), "latin1")
      assert.strictEqual(Buffer.from(bytes).toString("latin1"), "a??".repeat(times))
    }
  })
})

describe("utf-8", () => {
  it.prop("has the bytes of UTF-8", [Arbitrary.schema(Schema.String)], ([text]) => {
    assert.deepStrictEqual(Buffer.from(Framing.toBytes(text, "utf-8")), Buffer.from(text))
  })
})
