import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema, Stream } from "effect"
import * as Framing from "../src/Framing.ts"
import {
  assemble,
  cut,
  cutText,
  framesAnyway,
  framesOf,
  notUtf8,
  type Pieces,
  Places,
  show,
  singly,
  written,
  writtenInPieces
} from "./support/Frames.ts"

const encoder = new TextEncoder()

/** What a frame is made of: strings, braces, and whatever else. */
const token = /"(?:[^"\\]|\\[^])*"|[^]/y

/** The framing as its documentation words it, over the whole input; a character of `latin1` is a byte. */
const model = (maxLength: number, bytes: Uint8Array): ReadonlyArray<string> => {
  const input = Buffer.from(bytes).toString("latin1")
  const frames: Array<string> = []
  const end = (from: number, to: number, complete: boolean) => {
    const content = Buffer.from(input.slice(from, to), "latin1")
    if (content.length > maxLength) frames.push("TooLong")
    else if (complete) {
      const text = content.toString("utf8")
      frames.push(Buffer.from(text).equals(content) ? `= ${text}` : "NotText")
    }
  }
  let at = 0
  while (at < input.length) {
    if (" \t\r\n".includes(input[at]!)) at++
    else if (input[at] === "{") {
      const from = at
      let depth = 0
      do {
        token.lastIndex = at
        const [text] = token.exec(input)!
        // A quote alone is a string without an end, which is all that is left.
        at = text === '"' ? input.length : at + text.length
        depth += text === "{" ? 1 : text === "}" ? -1 : 0
      } while (depth > 0 && at < input.length)
      end(from, at, depth === 0)
    } else {
      const lf = input.indexOf("\n", at)
      end(at, lf < 0 ? input.length : lf, lf >= 0)
      at = lf < 0 ? input.length : lf + 1
    }
  }
  return frames
}

/** What means something to the framing, and what only looks as if it did. */
const pieces: Pieces = {
  open: () => "{",
  close: () => "}",
  quote: () => '"',
  escapedQuote: () => '\\"',
  backslash: () => "\\",
  backslashes: () => "\\\\\\",
  bracket: () => "[",
  lf: () => "\n",
  crlf: () => "\r\n",
  space: () => " \t",
  formFeed: () => "\f",
  letter: () => "a",
  empty: () => "{}",
  object: () => '{"a":{"b":"}"}}',
  braceInString: () => '{"{":"\\"{\\\\"}',
  message: () => '{"sms_number":"+33612345678","sms_text":"é€😀"}',
  garbage: () => "hello world\n",
  byteOrderMark: () => "\ufeff",
  ...notUtf8,
  underLimit: (maxLength) => `{${"x".repeat(Math.max(0, maxLength - 3))}}`,
  atLimit: (maxLength) => `{${"x".repeat(Math.max(0, maxLength - 2))}}`,
  overLimit: (maxLength) => `{${"x".repeat(maxLength - 1)}}`,
  lineAtLimit: (maxLength) => `${"x".repeat(maxLength)}\n`,
  lineOverLimit: (maxLength) => `${"x".repeat(maxLength + 1)}\n`
}

const Names = Arbitrary.array(Arbitrary.schema(Schema.Literals(Object.keys(pieces))), { maxLength: 40 })
const Limit = Arbitrary.schema(Schema.Literals([1, 2, 3, 7, 64, 200]))
const many = { arbitrary: { runs: 1500 } }

describe("Framing.jsonObjects", () => {
  it.prop(
    "cuts the same frames however the bytes are cut into chunks",
    [Limit, Names, Places],
    ([maxLength, names, places]) => {
      const framing = Framing.jsonObjects({ maxLength })
      const bytes = assemble(pieces, names, maxLength)
      const expected = model(maxLength, bytes)
      assert.deepStrictEqual(framesOf(framing, [bytes]), expected, "in one chunk")
      assert.deepStrictEqual(framesOf(framing, cut(bytes, places)), expected, "in chunks")
      assert.deepStrictEqual(framesOf(framing, singly(bytes)), expected, "byte by byte")
      assert.strictEqual(framesAnyway(framing, bytes, places).length, expected.length)
    },
    many
  )

  it.prop(
    "cuts any JSON objects apart, with an LF between them or nothing",
    [Arbitrary.schema(Schema.Array(Schema.JsonObject)), Schema.Literals(["", "\n", " \r\n\t"]), Places],
    ([objects, between, places]) => {
      const documents = objects.map((object) => JSON.stringify(object))
      const bytes = encoder.encode(documents.join(between))
      const framing = Framing.jsonObjects({ maxLength: 1_000_000 })
      assert.deepStrictEqual(
        framesOf(framing, cut(bytes, places)),
        documents.map((document) => `= ${document}`)
      )
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop(
    "reads back what it wrote, one object a line",
    [Arbitrary.schema(Schema.Array(Schema.JsonObject)), Places],
    ([objects, places]) => {
      const framing = Framing.jsonObjects({ maxLength: 1_000_000 })
      const frames = objects.map((object) => JSON.stringify(object, undefined, 2))
      const written = encoder.encode(frames.map(framing.encode).join(""))
      assert.deepStrictEqual(
        framesOf(framing, cut(written, places)),
        frames.map((frame) => `= ${frame}`)
      )
    },
    { arbitrary: { runs: 300 } }
  )

  it.effect("cuts the same frames as a channel of a stream", () =>
    Effect.gen(function* () {
      const bytes = encoder.encode('{"a":1}{"b":"}"}\nno object\n{"c":{}}{"d"')
      const frames = yield* Stream.fromIterable(singly(bytes)).pipe(
        Stream.pipeThroughChannel(Framing.decode(Framing.jsonObjects({ maxLength: 100 }))),
        Stream.runCollect
      )
      assert.deepStrictEqual(frames, ['{"a":1}', '{"b":"}"}', "no object", '{"c":{}}'])
    })
  )

  it.prop(
    "writes the same bytes wherever an object is cut into pieces",
    [Arbitrary.schema(Schema.JsonObject), Places],
    ([object, places]) => {
      const framing = Framing.jsonObjects({ maxLength: 1_000_000 })
      const frame = JSON.stringify(object)
      assert.deepStrictEqual(writtenInPieces(framing, cutText(frame, places)), written(framing, [frame]))
    },
    { arbitrary: { runs: 300 } }
  )

  it("takes an object that no LF follows", () => {
    const decoder = Framing.jsonObjects({ maxLength: 100 }).decoder()
    assert.deepStrictEqual(decoder.push(encoder.encode('{"sms_text":"a}\\"}')), [])
    assert.deepStrictEqual(decoder.push(encoder.encode('"}')), ['{"sms_text":"a}\\"}"}'])
  })

  it("makes a frame of whatever else there is, up to the next LF", () => {
    const framing = Framing.jsonObjects({ maxLength: 100 })
    assert.deepStrictEqual(framesOf(framing, [encoder.encode('hi {}\n[{}]\n}\n"{"\n{}rest\n{}')]), [
      "= hi {}",
      "= [{}]",
      "= }",
      '= "{"',
      "= {}",
      "= rest",
      "= {}"
    ])
  })

  it("says that an object is too long as soon as it is, and goes on after it", () => {
    const decoder = Framing.jsonObjects({ maxLength: 4 }).decoder()
    assert.deepStrictEqual(decoder.push(encoder.encode("{abc")), [])
    assert.deepStrictEqual(decoder.push(encoder.encode("d")), [
      new Framing.InvalidFrame({ reason: "TooLong", maxLength: 4, length: 5 })
    ])
    assert.deepStrictEqual(decoder.push(encoder.encode('{"}"}')), [])
    assert.deepStrictEqual(decoder.push(encoder.encode("}{}")), ["{}"])
  })

  it("takes another limit", () => {
    const framing = Framing.jsonObjects({ maxLength: 3 }).withMaxLength(5)
    assert.strictEqual(framing.maxLength, 5)
    assert.deepStrictEqual(framesOf(framing, [encoder.encode("{abc}{abcd}")]), ["= {abc}", "TooLong"])
  })

  it("looks at each byte of a large object once, in whatever chunks it comes", () => {
    const size = 4 * 1024 * 1024
    const decoder = Framing.jsonObjects({ maxLength: size }).decoder()
    // A chunk of its own for each byte but the first: to begin anew at each of them would take for ever.
    const chunk = encoder.encode('"')
    decoder.push(encoder.encode("{"))
    for (let at = 0; at < size - 2; at++) decoder.push(chunk)
    const [frame] = decoder.push(encoder.encode("}"))
    assert.strictEqual(typeof frame === "string" ? frame.length : frame?.reason, size)
  })

  for (const [content, text] of [
    ["braces", "{"],
    ["strings", '"\\"'],
    ["no object", "x"]
  ] as const) {
    it(`holds no more than the limit of 64 MiB of ${content}`, () => {
      const decoder = Framing.jsonObjects({ maxLength: 65_536 }).decoder()
      const chunk = Buffer.alloc(65_536, text)
      const before = process.memoryUsage()
      const frames: Array<string | Framing.InvalidFrame> = [
        ...decoder.push(encoder.encode(text === "x" ? "" : "{"))
      ]
      let peak = 0
      for (let i = 0; i < 1024; i++) {
        frames.push(...decoder.push(chunk))
        if (i % 16 === 0) {
          const { arrayBuffers, heapUsed } = process.memoryUsage()
          peak = Math.max(peak, arrayBuffers - before.arrayBuffers, heapUsed - before.heapUsed)
        }
      }
      assert.deepStrictEqual(frames.map(show), ["TooLong"])
      assert.isBelow(peak, 14 * 1024 * 1024)
    })
  }
})
