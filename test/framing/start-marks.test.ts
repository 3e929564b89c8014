import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Framing from "../../src/Framing.ts"
import { assemble, framesAnyway, framesOf, notUtf8, type Pieces, Places, written } from "../support/Frames.ts"

interface Options {
  readonly maxLength: number
  readonly delimiter: "\n" | "\r\n" | "aab"
  readonly unterminated: "drop" | "keep"
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** The framing as its documentation words it, over the whole input; a character is a byte. */
const model = ({ delimiter, maxLength, unterminated }: Options, bytes: Uint8Array) => {
  const frames: Array<unknown> = []
  const invalid = (reason: string, length: number) =>
    frames.push({ _tag: "InvalidFrame", reason, maxLength, length })
  const lines = Buffer.from(bytes).toString("latin1").split(delimiter)
  for (const [i, line] of lines.entries()) {
    const isLast = i === lines.length - 1
    const segments = line.split(/(?=[$!])/)
    for (const [j, raw] of segments.entries()) {
      const ends = j === segments.length - 1
      const segment = ends && delimiter === "\n" ? raw.replace(/\r$/, "") : raw
      const marked = /^[$!]/.test(raw)
      if (ends && isLast && unterminated === "drop") {
        // It is reported as soon as it is too long, whatever ends it.
        const under = delimiter === "\n" ? segment : segment.replace(delimiter === "aab" ? /aa?$/ : /\r$/, "")
        if (under.length > maxLength) invalid(marked ? "TooLong" : "NoStart", maxLength + 1)
      } else if (segment === "") continue
      else if (!marked) invalid("NoStart", Math.min(segment.length, maxLength + 1))
      else if (segment.length > maxLength) invalid("TooLong", maxLength + 1)
      else if (!ends) invalid("NoStart", segment.length)
      else {
        const content = Buffer.from(segment, "latin1")
        const text = content.toString("utf8")
        if (Buffer.from(text).equals(content)) frames.push(`= ${text}`)
        else invalid("NotText", content.length)
      }
    }
  }
  return frames
}

const pieces: Pieces = {
  lf: () => "\n",
  cr: () => "\r",
  crlf: () => "\r\n",
  aab: () => "aab",
  aa: () => "aa",
  a: () => "a",
  b: () => "b",
  dollar: () => "$",
  exclamation: () => "!",
  sentence: () => "$GPGLL,x*1\r\n",
  sentenceAab: () => "!AIVDMaab",
  letter: () => "x",
  twoBytes: () => "é",
  ...notUtf8,
  underLimit: (maxLength) => "x".repeat(maxLength - 1),
  atLimit: (maxLength) => "x".repeat(maxLength),
  overLimit: (maxLength) => "x".repeat(maxLength + 1)
}
const Names = Arbitrary.array(Arbitrary.schema(Schema.Literals(Object.keys(pieces))), { maxLength: 40 })
const AnyOptions = Arbitrary.schema(
  Schema.Struct({
    maxLength: Schema.Literals([1, 2, 3, 7, 82]),
    delimiter: Schema.Literals(["\n", "\r\n", "aab"]),
    unterminated: Schema.Literals(["drop", "keep"])
  })
)

const nmea = Framing.lines({ maxLength: 82, start: ["$", "!"], write: "\r\n", encoding: "ascii" })

describe("Framing.lines with start marks", () => {
  it.prop(
    "cuts the lines and the noise that the options describe, however the bytes are cut and pulled",
    [AnyOptions, Names, Places],
    ([options, names, places]) => {
      const bytes = assemble(pieces, names, options.maxLength)
      const framing = Framing.lines({ ...options, start: ["$", "!"] })
      assert.deepStrictEqual(framesAnyway(framing, bytes, places), model(options, bytes))
    },
    { arbitrary: { runs: 3000 } }
  )

  it("reads the sentences of NMEA 0183, and none of the noise around them", () => {
    const sentences = [
      "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
      "!AIVDM,1,1,,A,14eG;o@034o8sd<L9i:a;WF>062D,0*7D"
    ]
    const [first, second] = sentences
    const bytes = bytesOf(`038,N,01131*47\r\n${first}\r\n\r\n$GPGLL,4916.45,N,$GPGL${second}\r\n\xff\xff`)
    assert.deepStrictEqual(framesOf(nmea, [bytes]), [
      "NoStart",
      `= ${first}`,
      "NoStart",
      "NoStart",
      `= ${second}`
    ])
    assert.deepStrictEqual(
      framesAnyway(nmea, written(nmea, sentences), []),
      sentences.map((s) => `= ${s}`)
    )
  })

  it("reports a line of noise once, as soon as it is longer than a frame may be", () => {
    const decoder = nmea.withMaxLength(4).decoder()
    assert.deepStrictEqual(decoder.push(bytesOf("xxxx")), [])
    assert.deepStrictEqual(decoder.push(bytesOf("x")), [
      new Framing.InvalidFrame({ reason: "NoStart", maxLength: 4, length: 5 })
    ])
    assert.deepStrictEqual(decoder.push(bytesOf("x".repeat(1000) + "$a\r\n")), ["$a"])
  })

  it("resynchronises within a line that is too long", () => {
    const framing = nmea.withMaxLength(4)
    assert.deepStrictEqual(framesOf(framing, [bytesOf("$aaaaaaaa$b\r\n")]), ["TooLong", "= $b"])
  })
})
