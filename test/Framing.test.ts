import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Channel, Effect, Schema, Stream } from "effect"
import * as Framing from "../src/Framing.ts"
import * as Frames from "./support/Frames.ts"
import { assemble, cut, notUtf8, Places, show, singly } from "./support/Frames.ts"

interface Options {
  readonly maxLength: number
  readonly escape?: string
  readonly carriageReturn: "drop" | "keep"
}

const encoder = new TextEncoder()

/** The framing as its documentation words it, byte by byte over the whole input. */
const model = ({ carriageReturn, escape, maxLength }: Options, bytes: Uint8Array): ReadonlyArray<string> => {
  const frames: Array<string> = []
  let line: Array<number> = []
  const lengthOf = (line: ReadonlyArray<number>) =>
    carriageReturn === "drop" && line.at(-1) === 0x0d ? line.length - 1 : line.length
  const end = (complete: boolean) => {
    const content = Buffer.from(line.slice(0, lengthOf(line)))
    line = []
    if (content.length > maxLength) frames.push("TooLong")
    else if (complete && content.length > 0) {
      const text = content.toString("utf8")
      frames.push(Buffer.from(text).equals(content) ? `= ${text}` : "NotText")
    }
  }
  for (const byte of bytes) {
    const escapes =
      escape === undefined ? 0 : line.length - 1 - line.findLastIndex((byte) => byte !== escape.charCodeAt(0))
    if (byte === 0x0a && escapes % 2 === 0) end(true)
    else line.push(byte)
  }
  end(false)
  return frames
}

const framesOf = (options: Options, chunks: ReadonlyArray<Uint8Array>): ReadonlyArray<string> =>
  Frames.framesOf(Framing.lines(options), chunks)

/** What means something to a framing, and what only looks as if it did. */
const pieces: Frames.Pieces = {
  lf: () => "\n",
  backslash: () => "\\",
  escapedLf: () => "\\\n",
  backslashes: () => "\\\\\\",
  cr: () => "\r",
  crlf: () => "\r\n",
  escapedCrLf: () => "\\\r\n",
  nul: () => "\0",
  letter: () => "a",
  space: () => " ",
  twoBytes: () => "é",
  threeBytes: () => "€",
  fourBytes: () => "😀",
  byteOrderMark: () => "\ufeff",
  replacement: () => "\ufffd",
  ...notUtf8,
  underLimit: (maxLength) => "x".repeat(maxLength - 1),
  atLimit: (maxLength) => "x".repeat(maxLength),
  overLimit: (maxLength) => "x".repeat(maxLength + 1),
  backslashesAtLimit: (maxLength) => "\\".repeat(maxLength),
  backslashesOverLimit: (maxLength) => "\\".repeat(maxLength + 1)
}

const Piece = Schema.Literals(Object.keys(pieces))
const Names = Arbitrary.array(Arbitrary.schema(Piece), { maxLength: 40 })
const AnyOptions: Arbitrary.Arbitrary<Options> = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(Schema.Literals([1, 2, 3, 7, 64, 200])),
    Arbitrary.schema(Schema.Boolean),
    Arbitrary.schema(Schema.Literals(["drop", "keep"]))
  ]),
  ([maxLength, escaped, carriageReturn]) => ({
    maxLength,
    carriageReturn,
    ...(escaped ? { escape: "\\" } : {})
  })
)

const many = { arbitrary: { runs: 1500 } }

describe("Framing", () => {
  it.prop(
    "cuts the same frames however the bytes are cut into chunks",
    [AnyOptions, Names, Places],
    ([options, names, places]) => {
      const bytes = assemble(pieces, names, options.maxLength)
      const expected = model(options, bytes)
      assert.deepStrictEqual(framesOf(options, [bytes]), expected, "in one chunk")
      assert.deepStrictEqual(framesOf(options, cut(bytes, places)), expected, "in chunks")
      assert.deepStrictEqual(framesOf(options, singly(bytes)), expected, "byte by byte")
    },
    many
  )

  it.effect.prop(
    "cuts the same frames as a channel of a stream",
    [AnyOptions, Names, Places],
    ([options, names, places]) =>
      Effect.gen(function* () {
        const bytes = assemble(pieces, names, options.maxLength)
        const frames = yield* Stream.fromIterable(cut(bytes, places)).pipe(
          Stream.rechunk(3),
          Stream.pipeThroughChannel(Framing.decode(Framing.lines(options))),
          Stream.runCollect
        )
        assert.deepStrictEqual(frames.map(show), model(options, bytes))
      }),
    { arbitrary: { runs: 300 } }
  )

  it.prop(
    "reads back what it wrote",
    [AnyOptions, Names, Places],
    ([options, names, places]) => {
      const bytes = assemble(pieces, names, options.maxLength)
      const framing = Framing.lines(options)
      const frames = framing
        .decoder()
        .push(bytes)
        // A CR at the end of a frame is the one thing that a framing that drops it cannot carry.
        .filter((frame) => typeof frame === "string")
        .filter((frame) => options.carriageReturn === "keep" || !frame.endsWith("\r"))
      const written = encoder.encode(frames.map(framing.encode).join(""))
      // Where LF is escaped, what ends in an odd number of escapes has lost the CR that came after them.
      const whole = frames.every((frame) => options.escape === undefined || !/(?<!\\)(\\\\)*\\$/.test(frame))
      if (whole) assert.deepStrictEqual(framesOf(options, cut(written, places)), frames.map(show))
    },
    many
  )

  it("ends a line at every LF where there is no escape", () => {
    const options: Options = { maxLength: 10, carriageReturn: "drop" }
    assert.deepStrictEqual(framesOf(options, [encoder.encode("a\\\nb\n")]), ["= a\\", "= b"])
  })

  it("keeps an escaped LF and its escape in the frame, and ends a line after an even number of escapes", () => {
    const options: Options = { maxLength: 10, escape: "\\", carriageReturn: "keep" }
    const bytes = encoder.encode("a\\\nb\nc\\\\\nd\\\\\\\ne\n")
    assert.deepStrictEqual(framesOf(options, [bytes]), ["= a\\\nb", "= c\\\\", "= d\\\\\\\ne"])
  })

  it("drops one CR before the LF, or keeps all", () => {
    const bytes = encoder.encode("a\r\nb\r\r\n\r\n\rc\n")
    assert.deepStrictEqual(framesOf({ maxLength: 10, carriageReturn: "drop" }, [bytes]), [
      "= a",
      "= b\r",
      "= \rc"
    ])
    assert.deepStrictEqual(framesOf({ maxLength: 10, carriageReturn: "keep" }, [bytes]), [
      "= a\r",
      "= b\r\r",
      "= \r",
      "= \rc"
    ])
  })

  it("ignores empty lines, and drops what has no LF at the end", () => {
    const options: Options = { maxLength: 10, carriageReturn: "drop" }
    assert.deepStrictEqual(framesOf(options, [encoder.encode("\n\na\n\nb")]), ["= a"])
  })

  it("counts bytes, not characters", () => {
    const options: Options = { maxLength: 4, carriageReturn: "drop" }
    assert.deepStrictEqual(framesOf(options, [encoder.encode("😀\n😀a\néé\néée\n")]), [
      "= 😀",
      "TooLong",
      "= éé",
      "TooLong"
    ])
  })

  it("does not count a CR that it drops", () => {
    const options: Options = { maxLength: 2, carriageReturn: "drop" }
    assert.deepStrictEqual(framesOf(options, [encoder.encode("ab\r\n")]), ["= ab"])
    assert.deepStrictEqual(framesOf(options, [encoder.encode("ab\r"), encoder.encode("\n")]), ["= ab"])
    assert.deepStrictEqual(framesOf({ ...options, carriageReturn: "keep" }, [encoder.encode("ab\r\n")]), [
      "TooLong"
    ])
  })

  it("says what limit was passed, as soon as it is", () => {
    const decoder = Framing.lines({ maxLength: 3 }).decoder()
    assert.deepStrictEqual(decoder.push(encoder.encode("abc")), [])
    assert.deepStrictEqual(decoder.push(encoder.encode("d")), [
      new Framing.InvalidFrame({ reason: "TooLong", maxLength: 3, length: 4 })
    ])
    assert.deepStrictEqual(decoder.push(encoder.encode("efg\nh\n")), ["h"])
  })

  it("takes another limit and keeps the rest", () => {
    const framing = Framing.lines({ maxLength: 3, escape: "\\", carriageReturn: "keep" }).withMaxLength(5)
    assert.strictEqual(framing.maxLength, 5)
    assert.deepStrictEqual(framing.decoder().push(encoder.encode("a\\\nb\r\nabcdef\n")).map(show), [
      "= a\\\nb\r",
      "TooLong"
    ])
  })

  for (const [size, content, text] of [
    ["a gigabyte", "letters", "x"],
    ["64 MiB", "backslashes", "\\"],
    ["16 MiB", "escaped line feeds", "\\\n"]
  ] as const) {
    it(`holds no more than the limit of a line that is ${size} of ${content}`, () => {
      const decoder = Framing.lines({ maxLength: 65_536, escape: "\\" }).decoder()
      const chunk = Buffer.alloc(65_536, text)
      const pushes = { "a gigabyte": 16_384, "64 MiB": 1024, "16 MiB": 256 }[size]
      const before = process.memoryUsage()
      let peak = 0
      const frames: Array<string | Framing.InvalidFrame> = []
      for (let i = 0; i < pushes; i++) {
        frames.push(...decoder.push(chunk))
        if (i % 64 === 0) {
          const { arrayBuffers, heapUsed } = process.memoryUsage()
          peak = Math.max(peak, arrayBuffers - before.arrayBuffers, heapUsed - before.heapUsed)
        }
      }
      assert.deepStrictEqual(frames.map(show), ["TooLong"])
      assert.isBelow(peak, 14 * 1024 * 1024)
      assert.deepStrictEqual(decoder.push(encoder.encode("\nnext\n")).map(show), ["= next"])
    })
  }

  it("gives frames that hold on to nothing of the chunk that they came in", () => {
    const decoder = Framing.lines({ maxLength: 100 }).decoder()
    const held = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
    const before = held()
    const kept: Array<string | Framing.InvalidFrame> = []
    const line = "x".repeat(99) + "\n"
    for (let i = 0; i < 256; i++) {
      const chunk = encoder.encode(line.repeat(10_000) + `a frame that is kept: ${i}\n`)
      kept.push(...decoder.push(chunk).slice(-1))
    }
    assert.strictEqual(kept.length, 256)
    assert.strictEqual(kept[255], "a frame that is kept: 255")
    assert.isBelow(held() - before, 160 * 1024 * 1024)
  })
})

describe("Framing.decode", () => {
  it.effect("takes a chunk of any number of frames", () =>
    Effect.gen(function* () {
      const chunk = new TextEncoder().encode("a\n".repeat(300_000))
      const count = yield* Stream.make(chunk).pipe(
        Stream.pipeThroughChannel(Framing.decode(Framing.lines({ maxLength: 100 }))),
        Stream.runCount
      )
      assert.strictEqual(count, 300_000)
    })
  )

  it.effect(
    "gives a last line without a delimiter where the framing keeps it, and the value that the bytes end with",
    () =>
      Effect.gen(function* () {
        const frames: Array<string | Framing.InvalidFrame> = []
        const framing = Framing.lines({ maxLength: 100, unterminated: "keep" })
        const done = yield* Channel.fromArray([
          [encoder.encode("a\nb")],
          [encoder.encode("c")]
        ] as const).pipe(
          Channel.mapDone(() => "the end"),
          Channel.pipeTo(Framing.decode(framing)),
          Channel.runForEach((batch) => Effect.sync(() => frames.push(...batch)))
        )
        assert.deepStrictEqual(frames, ["a", "bc"])
        assert.strictEqual(done, "the end")
      })
  )

  it.effect("fails with the error of the bytes, after the frames that came before it", () =>
    Effect.gen(function* () {
      const frames: Array<string | Framing.InvalidFrame> = []
      const error = yield* Stream.make(encoder.encode("a\nb")).pipe(
        Stream.concat(Stream.fail("lost")),
        Stream.pipeThroughChannel(Framing.decode(Framing.lines({ maxLength: 100, unterminated: "keep" }))),
        Stream.runForEach((frame) => Effect.sync(() => frames.push(frame))),
        Effect.flip
      )
      assert.strictEqual(error, "lost")
      assert.deepStrictEqual(frames, ["a"])
    })
  )
})

describe("Framing.encode", () => {
  it.effect.prop(
    "is the inverse of decode for a stream, in each kind of frame",
    [Arbitrary.schema(Schema.Array(Schema.Uint8Array))],
    ([contents]) =>
      Effect.gen(function* () {
        const frames = contents.map((content) => content.filter((byte) => byte !== 0x0a && byte !== 0x0d))
        const framing = Framing.lines({ maxLength: 1000, encoding: "bytes", emptyLines: "keep" })
        const texts = frames.map((frame) => Buffer.from(frame).toString("latin1"))
        const readBytes = yield* Stream.fromIterable(frames).pipe(
          Stream.pipeThroughChannel(Framing.encode(framing)),
          Stream.pipeThroughChannel(Framing.decode(framing)),
          Stream.runCollect
        )
        assert.deepStrictEqual(readBytes, frames)
        const textFraming = Framing.lines({ maxLength: 1000, emptyLines: "keep" })
        const readTexts = yield* Stream.fromIterable(texts).pipe(
          Stream.pipeThroughChannel(Framing.encode(textFraming)),
          Stream.pipeThroughChannel(Framing.decode(textFraming)),
          Stream.runCollect
        )
        assert.deepStrictEqual(readTexts, texts)
      }),
    { arbitrary: { runs: 300 } }
  )
})
