import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Framing from "../../src/Framing.ts"
import {
  assemble,
  cutText,
  framesAnyway,
  framesOf,
  notUtf8,
  type Pieces,
  Places,
  written,
  writtenInPieces
} from "../support/Frames.ts"

type Options = Framing.LineOptions & {
  readonly encoding?: "utf-8" | "latin1" | "ascii" | "bytes" | Framing.TextCodec
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** An encoding that the library does not know: ASCII, with the case of letters swapped. */
const swapped: Framing.TextCodec = {
  decode: (bytes) => {
    if (bytes.some((byte) => byte > 0x7f)) throw new Error("not in this encoding")
    return swapCase(Buffer.from(bytes).toString("latin1"))
  },
  encode: (text) => Buffer.from(swapCase(text), "latin1")
}
const swapCase = (text: string): string =>
  text.replaceAll(/[a-zA-Z]/g, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
  )

/** A framing of either kind of frame. */
const framingOf = (options: Options): Framing.Framing | Framing.Framing<Uint8Array> =>
  options.encoding === "bytes"
    ? Framing.lines({ ...options, encoding: "bytes" })
    : Framing.lines({ ...options, encoding: options.encoding ?? "utf-8" })

const framesIn = (options: Options, bytes: Uint8Array, places: ReadonlyArray<number> = []) =>
  options.encoding === "bytes"
    ? framesAnyway(Framing.lines({ ...options, encoding: "bytes" }), bytes, places)
    : framesAnyway(Framing.lines({ ...options, encoding: options.encoding ?? "utf-8" }), bytes, places)

const textOf = (encoding: Options["encoding"], content: Buffer): string | undefined => {
  const text = content.toString("latin1")
  if (encoding === "latin1" || encoding === "bytes") return text
  if (encoding === undefined || encoding === "utf-8") {
    const utf8 = content.toString("utf8")
    return Buffer.from(utf8).equals(content) ? utf8 : undefined
  }
  if (/[\u0080-\u00ff]/.test(text)) return undefined
  return encoding === "ascii" ? text : swapCase(text)
}

/** The framing as its documentation words it, over the whole input; a character is a byte. */
const model = (options: Options, bytes: Uint8Array): ReadonlyArray<unknown> => {
  const { delimiter = "\n", emptyLines, encoding, escape, maxLength, unterminated } = options
  const drops = (options.carriageReturn ?? (delimiter === "\n" ? "drop" : "keep")) === "drop"
  const frames: Array<unknown> = []
  const invalid = (reason: string, length: number) =>
    frames.push({ _tag: "InvalidFrame", reason, maxLength, length })
  const end = (line: string) => {
    const content = Buffer.from(drops ? line.replace(/\r$/, "") : line, "latin1")
    if (content.length > maxLength) invalid("TooLong", maxLength + 1)
    else if (content.length > 0 || emptyLines === "keep") {
      const text = textOf(encoding, content)
      if (text === undefined) invalid("NotText", content.length)
      else frames.push(`= ${text}`)
    }
  }
  let line = ""
  for (const character of Buffer.from(bytes).toString("latin1")) {
    line += character
    if (!line.endsWith(delimiter)) continue
    const content = line.slice(0, -delimiter.length)
    const escapes = escape === undefined ? 0 : content.length - content.replace(/\\+$/, "").length
    if (escapes % 2 === 1) continue
    end(content)
    line = ""
  }
  // Whatever ends it, the line is too long as soon as it is.
  let tooLong = line
  for (let part = delimiter.length - 1; part > 0; part--) {
    if (!line.endsWith(delimiter.slice(0, part))) continue
    tooLong = line.slice(0, -part)
    break
  }
  if (drops) tooLong = tooLong.replace(/\r$/, "")
  if (tooLong.length > maxLength) invalid("TooLong", maxLength + 1)
  else if (unterminated === "keep" && line.length > 0) end(line)
  return frames
}

const pieces: Pieces = {
  lf: () => "\n",
  cr: () => "\r",
  crlf: () => "\r\n",
  backslash: () => "\\",
  escapedCrlf: () => "\\\r\n",
  nul: () => "\0",
  semicolon: () => ";",
  a: () => "a",
  aab: () => "aab",
  ab: () => "ab",
  space: () => " ",
  letters: () => "Word",
  twoBytes: () => "é",
  ...notUtf8,
  c1: () => Uint8Array.of(0x93),
  underLimit: (maxLength) => "x".repeat(maxLength - 1),
  atLimit: (maxLength) => "x".repeat(maxLength),
  overLimit: (maxLength) => "x".repeat(maxLength + 1),
  escapesAtLimit: (maxLength) => "\\".repeat(maxLength)
}
const Names = Arbitrary.array(Arbitrary.schema(Schema.Literals(Object.keys(pieces))), { maxLength: 40 })

const Delimiter = Schema.Literals(["\n", "\r\n", "\0", ";", "aab", "abab", "\n\n"])
const AnyOptions: Arbitrary.Arbitrary<Options> = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(Schema.Literals([1, 2, 3, 7, 64, 2000])),
    Arbitrary.schema(Delimiter),
    Arbitrary.schema(Schema.Boolean),
    Arbitrary.schema(Schema.Literals(["drop", "keep", "default"])),
    Arbitrary.schema(Schema.Literals(["ignore", "keep"])),
    Arbitrary.schema(Schema.Literals(["drop", "keep"])),
    Arbitrary.schema(Schema.Literals(["utf-8", "latin1", "ascii", "bytes", "swapped"]))
  ]),
  ([maxLength, delimiter, escaped, carriageReturn, emptyLines, unterminated, encoding]) => ({
    maxLength,
    delimiter,
    emptyLines,
    unterminated,
    encoding: encoding === "swapped" ? swapped : encoding,
    ...(escaped ? { escape: "\\" } : {}),
    ...(carriageReturn === "default" || delimiter.includes("\r") ? {} : { carriageReturn })
  })
)

const many = { arbitrary: { runs: 1500 } }

describe("Framing.lines", () => {
  it.prop(
    "cuts the lines that the options describe, however the bytes are cut and pulled",
    [AnyOptions, Names, Places],
    ([options, names, places]) => {
      const bytes = assemble(pieces, names, options.maxLength)
      assert.deepStrictEqual(framesIn(options, bytes, places), model(options, bytes))
    },
    many
  )

  it.prop(
    "reads back the lines that it wrote, whole or in pieces",
    [
      Arbitrary.schema(Schema.Literals(["utf-8", "latin1", "ascii", "swapped"])),
      Arbitrary.schema(Schema.Array(Schema.String)),
      Arbitrary.schema(Delimiter),
      Places
    ],
    ([encoding, texts, delimiter, places]) => {
      const framing = Framing.lines({
        maxLength: 1000,
        delimiter,
        carriageReturn: "keep",
        emptyLines: "keep",
        encoding: encoding === "swapped" ? swapped : encoding
      })
      const fits =
        { "utf-8": /[\ud800-\udfff]/, latin1: /[\u0100-\uffff]/ }[encoding as string] ?? /[\u0080-\uffff]/
      // A frame has no bare delimiter, nor does it make one with that which ends it.
      const frames = texts
        .map((text) => text.replaceAll(new RegExp(fits, "g"), "?"))
        .map((text) => text.replaceAll(/[ab\r\n\0;AB]/g, "-"))
      const bytes = written(framing, frames)
      assert.deepStrictEqual(
        framesAnyway(framing, bytes, places),
        frames.map((frame) => `= ${frame}`)
      )
      for (const frame of frames) {
        assert.deepStrictEqual(writtenInPieces(framing, cutText(frame, places)), written(framing, [frame]))
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop(
    "writes the same bytes wherever text is cut, also within a character of two code units",
    [Arbitrary.schema(Schema.Array(Schema.Literals(["😀", "a", "é", "\ud83d", "\ude00"]))), Places],
    ([characters, places]) => {
      const framing = Framing.lines({ maxLength: 1000 })
      const frame = characters.join("")
      assert.deepStrictEqual(writtenInPieces(framing, cutText(frame, places)), written(framing, [frame]))
    },
    many
  )

  it.prop(
    "carries any bytes that do not contain the delimiter",
    [Arbitrary.schema(Schema.Array(Schema.Uint8Array)), Places],
    ([contents, places]) => {
      const framing = Framing.lines({
        maxLength: 1000,
        encoding: "bytes",
        emptyLines: "keep",
        carriageReturn: "keep"
      })
      const frames = contents.map((content) => content.filter((byte) => byte !== 0x0a))
      const expected = frames.map((frame) => `= ${Buffer.from(frame).toString("latin1")}`)
      assert.deepStrictEqual(framesAnyway(framing, written(framing, frames), places), expected)
    },
    { arbitrary: { runs: 300 } }
  )

  it("gives bytes that the next chunk does not overwrite, also where the chunk is a Buffer", () => {
    const decoder = Framing.lines({ maxLength: 10, encoding: "bytes" }).decoder()
    const chunk = Buffer.from("ab\ncd\n")
    const frames = decoder.push(chunk)
    chunk.fill(0)
    assert.deepStrictEqual(
      frames,
      [bytesOf("ab"), bytesOf("cd")].map((bytes) => new Uint8Array(bytes))
    )
  })

  it("takes LF from peers and sends CRLF, where told to", () => {
    const framing = Framing.lines({ maxLength: 10, write: "\r\n" })
    assert.strictEqual(framing.encode("a"), "a\r\n")
    assert.deepStrictEqual(framesOf(framing, [bytesOf("a\nb\r\n")]), ["= a", "= b"])
    assert.strictEqual(framing.withMaxLength(1).encode("a"), "a\r\n")
  })

  it("makes a bare CR or LF an ordinary character where the delimiter is CRLF", () => {
    const framing = Framing.lines({ maxLength: 10, delimiter: "\r\n" })
    assert.deepStrictEqual(framesOf(framing, [bytesOf("a\nb\rc\r\r\nd\r\n")]), ["= a\nb\rc\r", "= d"])
  })

  it("replaces characters that the encoding lacks, so that none becomes a delimiter", () => {
    const latin1 = Framing.lines({ maxLength: 10, encoding: "latin1" })
    assert.deepStrictEqual(written(latin1, ["é\u010a😀"]), new Uint8Array(bytesOf("é???\n")))
    const ascii = Framing.lines({ maxLength: 10, encoding: "ascii" })
    assert.deepStrictEqual(written(ascii, ["aé"]), new Uint8Array(bytesOf("a?\n")))
  })

  it("reports a line that is too long as soon as no delimiter can make it shorter", () => {
    const decoder = Framing.lines({ maxLength: 2, delimiter: "\r\n" }).decoder()
    assert.deepStrictEqual(decoder.push(bytesOf("ab\r")), [])
    assert.deepStrictEqual(decoder.push(bytesOf("\r")), [Framing.tooLong(2)])
    assert.deepStrictEqual(decoder.push(bytesOf("\nc\r\n")), ["c"])
  })

  it("leaves the rest of a chunk to another decoder", () => {
    const chunk = bytesOf("DATA\r\na\nb\r\n.\r\nQUIT\r\n")
    const lines = Framing.lines({ maxLength: 100 }).decoder()
    assert.deepStrictEqual(lines.push(chunk, 0, 1), ["DATA"])
    const block = Framing.dotBlock({ maxLength: 100 }).decoder()
    assert.deepStrictEqual(block.push(chunk, lines.consumed, 1), ["a\nb\r\n"])
    assert.deepStrictEqual(lines.push(chunk, block.consumed), ["QUIT"])
  })

  for (const [name, options] of [
    ["an empty delimiter", { delimiter: "" }],
    ["a delimiter that is not ASCII", { delimiter: "é" }],
    ["an escape of two characters", { escape: "\\\\" }],
    ["an escape in the delimiter", { escape: ";", delimiter: ";" }],
    ["a start mark in the delimiter", { start: ["\n"] }],
    ["escapes with start marks", { start: ["$"], escape: "\\" }],
    ["a CR that is dropped before one", { carriageReturn: "drop", delimiter: "\r\n" }],
    ["a payload with escapes", { escape: "\\", payload: { length: () => 1, maxLength: 1 } }],
    ["a payload with start marks", { start: ["$"], payload: { length: () => 1, maxLength: 1 } }]
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.throws(() => Framing.lines({ maxLength: 10, ...options }), RangeError)
    })
  }

  it("keeps its options under another limit", () => {
    const options: Options = {
      maxLength: 1,
      delimiter: ";",
      emptyLines: "keep",
      encoding: "latin1",
      unterminated: "keep"
    }
    const framing = framingOf(options).withMaxLength(3)
    assert.strictEqual(framing.maxLength, 3)
    assert.deepStrictEqual(framing.decoder().push(bytesOf(";é;abcd;")), ["", "é", Framing.tooLong(3)])
  })
})
