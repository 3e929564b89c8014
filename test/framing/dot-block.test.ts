import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Framing from "../../src/Framing.ts"
import {
  assemble,
  cut,
  cutText,
  framesAnyway,
  framesOf,
  notUtf8,
  type Pieces,
  Places,
  written,
  writtenInPieces
} from "../support/Frames.ts"

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** The framing as RFC 5321 words it, over the whole input; a character is a byte. */
const model = (maxLength: number, bytes: Uint8Array): ReadonlyArray<unknown> => {
  const frames: Array<unknown> = []
  let text = ""
  const end = (complete: boolean) => {
    const content = Buffer.from(text, "latin1")
    if (complete && text.length > maxLength) {
      frames.push({ _tag: "InvalidFrame", reason: "TooLong", maxLength, length: maxLength + 1 })
    } else if (complete) {
      const decoded = content.toString("utf8")
      frames.push(
        Buffer.from(decoded).equals(content)
          ? `= ${decoded}`
          : { _tag: "InvalidFrame", reason: "NotText", maxLength, length: text.length }
      )
    }
    text = ""
  }
  const lines = Buffer.from(bytes)
    .toString("latin1")
    .split(/(?<=\r\n)/)
  for (const [i, line] of lines.entries()) {
    if (line === ".\r\n") end(true)
    // What may be the terminator when it has come is not text yet.
    else if (i < lines.length - 1 || (line !== "." && line !== ".\r")) text += line.replace(/^\./, "")
  }
  end(false)
  return frames
}

const pieces: Pieces = {
  lf: () => "\n",
  cr: () => "\r",
  crlf: () => "\r\n",
  dot: () => ".",
  terminator: () => ".\r\n",
  end: () => "\r\n.\r\n",
  lfEnd: () => "\n.\n",
  crEnd: () => "\r.\r",
  mixedEnd: () => "\n.\r\n",
  stuffed: () => "\r\n..",
  dotCr: () => ".\r",
  lineDotCr: () => "\r\n.\r",
  letter: () => "a",
  twoBytes: () => "é",
  notUtf8: notUtf8.neverUtf8,
  underLimit: (maxLength) => "x".repeat(maxLength - 1),
  atLimit: (maxLength) => "x".repeat(maxLength),
  overLimit: (maxLength) => "x".repeat(maxLength + 1)
}
const Names = Arbitrary.array(Arbitrary.schema(Schema.Literals(Object.keys(pieces))), { maxLength: 40 })
const Limit = Arbitrary.schema(Schema.Literals([1, 2, 3, 7, 64, 2000]))
const Texts = Arbitrary.array(
  Arbitrary.map(
    Arbitrary.array(Arbitrary.schema(Schema.Literals(["\r\n", "\r", "\n", ".", "a", "é", "😀"])), {
      maxLength: 20
    }),
    (parts) => parts.join("")
  ),
  { maxLength: 5 }
)
const many = { arbitrary: { runs: 1500 } }

describe("Framing.dotBlock", () => {
  it.prop(
    "cuts the same blocks however the bytes are cut and pulled",
    [Limit, Names, Places],
    ([maxLength, names, places]) => {
      const bytes = assemble(pieces, names, maxLength)
      assert.deepStrictEqual(
        framesAnyway(Framing.dotBlock({ maxLength }), bytes, places),
        model(maxLength, bytes)
      )
    },
    many
  )

  it.prop(
    "reads back any text that it wrote, with the line end that it may have lacked",
    [Texts, Places],
    ([texts, places]) => {
      const framing = Framing.dotBlock({ maxLength: 1000 })
      assert.deepStrictEqual(
        framesAnyway(framing, written(framing, texts), places),
        texts.map((text) => `= ${text}${text === "" || text.endsWith("\r\n") ? "" : "\r\n"}`)
      )
    },
    many
  )

  it.prop(
    "writes the same bytes wherever text is cut into pieces",
    [Texts, Places],
    ([texts, places]) => {
      const framing = Framing.dotBlock({ maxLength: 1000 })
      for (const text of texts) {
        assert.deepStrictEqual(writtenInPieces(framing, cutText(text, places)), written(framing, [text]))
      }
    },
    many
  )

  it.prop(
    "carries any bytes",
    [Arbitrary.schema(Schema.Array(Schema.Uint8Array)), Places],
    ([contents, places]) => {
      const framing = Framing.dotBlock({ maxLength: 1000, encoding: "bytes" })
      const frames = contents.map((content) => Buffer.concat([content, bytesOf("\r\n")]))
      assert.deepStrictEqual(
        framesAnyway(framing, written(framing, frames), places),
        frames.map((frame) => `= ${frame.toString("latin1")}`)
      )
      for (const frame of frames) {
        assert.deepStrictEqual(writtenInPieces(framing, cut(frame, places)), written(framing, [frame]))
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it("stuffs and removes the dots of RFC 5321 4.5.2", () => {
    const framing = Framing.dotBlock({ maxLength: 100 })
    assert.strictEqual(framing.encode("a\r\n.\r\n..b\r\n"), "a\r\n..\r\n...b\r\n.\r\n")
    assert.strictEqual(framing.encode(""), ".\r\n")
    assert.strictEqual(framing.encode("a"), "a\r\n.\r\n")
    assert.deepStrictEqual(framesOf(framing, [bytesOf(".a\r\n...b\r\n.\r\n.\r\n")]), ["= a\r\n..b\r\n", "= "])
  })

  for (const end of ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r\n\0.\r\n"]) {
    it(`does not end at ${JSON.stringify(end)}, which smuggles mail past others`, () => {
      const framing = Framing.dotBlock({ maxLength: 100 })
      const frames = framesOf(framing, [bytesOf(`a${end}MAIL FROM:<x>\r\n.\r\n`)])
      assert.strictEqual(frames.length, 1)
      assert.include(frames[0], "MAIL FROM")
    })
  }

  it("says that a block is too long at its end, and continues after it", () => {
    const decoder = Framing.dotBlock({ maxLength: 4 }).decoder()
    assert.deepStrictEqual(decoder.push(bytesOf("abcd\r\nNOOP\r\n")), [])
    assert.deepStrictEqual(decoder.push(bytesOf("d\r\n.\r\nef\r\n.\r\n")), [Framing.tooLong(4), "ef\r\n"])
  })

  it("copies a mail of 4 MB a few times at most, whatever its chunks are", () => {
    const line = "." + "x".repeat(76) + "\r\n"
    const text = line.repeat(52_000)
    const framing = Framing.dotBlock({ maxLength: text.length, encoding: "latin1" })
    const bytes = written(framing, [text])
    const chunks = (size: number) =>
      cut(
        bytes,
        Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => i * size)
      )
    for (const size of [10, 1000, 65_536]) {
      const decoder = framing.decoder()
      const frames = chunks(size).flatMap((chunk) => decoder.push(chunk))
      assert.isTrue(frames.length === 1 && frames[0] === text, `in chunks of ${size}`)
    }
  })

  it("holds no more than the limit of a block of 16 MiB", () => {
    const decoder = Framing.dotBlock({ maxLength: 65_536 }).decoder()
    const chunk = Buffer.alloc(65_536, "..x\r\n")
    const before = process.memoryUsage().arrayBuffers
    const frames: Array<unknown> = []
    let peak = 0
    for (let i = 0; i < 256; i++) {
      frames.push(...decoder.push(chunk))
      if (i % 16 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
    }
    assert.deepStrictEqual(frames, [])
    assert.deepStrictEqual(decoder.push(bytesOf("x\r\n.\r\n")), [Framing.tooLong(65_536)])
    assert.isBelow(peak, 14 * 1024 * 1024)
  })
})
