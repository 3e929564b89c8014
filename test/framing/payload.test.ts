import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Framing from "../../src/Framing.ts"
import {
  assemble,
  cutText,
  framesAnyway,
  framesOf,
  type Pieces,
  Places,
  showAll,
  written,
  writtenInPieces
} from "../support/Frames.ts"

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** What follows a line of the tests: `put 3` announces three bytes, `post` a block that a dot ends. */
const length = (line: string): number | "dot" | undefined => {
  const [, count] = /^put (\S+)$/.exec(line) ?? []
  return line === "post" ? "dot" : count === undefined ? undefined : Number(count)
}

interface Options {
  readonly maxLength: number
  readonly maxPayload: number
  readonly delimiter: "\n" | "\r\n" | "aab"
  readonly encoding: "latin1" | "ascii"
}

const framingOf = ({ delimiter, encoding, maxLength, maxPayload }: Options): Framing.Framing =>
  Framing.lines({ maxLength, delimiter, encoding, payload: { length, maxLength: maxPayload } })

/** The framing as its documentation words it, over the whole input; a character is a byte. */
const model = (options: Options, bytes: Uint8Array): ReadonlyArray<unknown> => {
  const { delimiter, encoding, maxLength, maxPayload } = options
  const input = Buffer.from(bytes).toString("latin1")
  const end = delimiter === "\n" ? /\r?\n/g : new RegExp(delimiter, "g")
  const isText = (text: string) => encoding === "latin1" || !/[\u0080-\u00ff]/.test(text)
  const frames: Array<unknown> = []
  const invalid = (reason: string, maxLength: number, length: number, head?: string) =>
    frames.push({ _tag: "InvalidFrame", reason, maxLength, length, ...(head === undefined ? {} : { head }) })
  let at = 0
  const nextLine = (): string | undefined => {
    end.lastIndex = at
    const found = end.exec(input)
    const line = input.slice(at, found?.index ?? input.length)
    at = found === null ? input.length : end.lastIndex
    if (found !== null) return line
    // A delimiter may be under way.
    const under = delimiter === "aab" ? line.replace(/aa?$/, "") : line.replace(/\r$/, "")
    if (under.length > maxLength) invalid("TooLong", maxLength, maxLength + 1)
    return undefined
  }
  while (at < input.length) {
    const line = nextLine()
    if (line === undefined) break
    if (line.length > maxLength) {
      invalid("TooLong", maxLength, maxLength + 1)
      continue
    }
    if (line === "") continue
    const readable = isText(line)
    if (!readable) invalid("NotText", maxLength, line.length)
    const announced = length(line)
    if (announced === "dot") {
      const rest = input.slice(at)
      const terminator = /^\.\r\n|\r\n\.\r\n/.exec(rest)
      const stuffed =
        terminator === null
          ? rest
          : rest.slice(0, terminator.index + (terminator.index === 0 && rest.startsWith(".\r\n") ? 0 : 2))
      at = terminator === null ? input.length : at + terminator.index + terminator[0].length
      // What may be the terminator when it ends does not count yet.
      const complete = terminator === null ? stuffed.replace(/(^|\r\n)\.\r?$/, "$1") : stuffed
      const text = complete.replaceAll(/^\.|(?<=\r\n)\./g, "")
      if (text.length > maxPayload) invalid("TooLong", maxPayload, maxPayload + 1, line)
      else if (terminator !== null) {
        if (isText(text)) frames.push(`= ${line}\n${text}`)
        else invalid("NotText", maxPayload, text.length, line)
      }
    } else if (
      announced !== undefined &&
      (Number.isInteger(announced) || announced === Infinity) &&
      announced >= 0
    ) {
      if (readable && announced > maxPayload) invalid("TooLong", maxPayload, announced, line)
      if (input.length - at < announced) break
      const payload = input.slice(at, at + announced)
      at += announced
      end.lastIndex = at
      const found = end.exec(input)
      const rest = input.slice(at)
      const underWay =
        found?.index !== at &&
        [delimiter, ...(delimiter === "\n" ? ["\r\n"] : [])].some((d) => d.startsWith(rest))
      if (found?.index === at) {
        at = end.lastIndex
        if (readable && announced <= maxPayload) {
          if (isText(payload)) frames.push(`= ${line}\n${payload}`)
          else invalid("NotText", maxPayload, payload.length, line)
        }
      } else if (!underWay) {
        if (readable && announced <= maxPayload) invalid("BadPayload", maxPayload, announced, line)
        at = found === null ? input.length : end.lastIndex
      } else break
    } else if (readable) frames.push(`= ${line}`)
  }
  return frames
}

const pieces: Pieces = {
  lf: () => "\n",
  cr: () => "\r",
  crlf: () => "\r\n",
  dot: () => ".",
  aab: () => "aab",
  a: () => "a",
  get: () => "get\n",
  getCrlf: () => "get\r\n",
  put: () => "put 3\nabc\n",
  putCrlf: () => "put 3\r\nabc\r\n",
  putAab: () => "put 3aababcaab",
  putDelimiters: () => "put 4\r\n\r\n\r\n\r\n",
  putNothing: () => "put 0\r\n\r\n",
  putShort: () => "put 3\nab\n",
  putLong: () => "put 3\r\nabcd\r\n",
  putLongAab: () => "put 3aababcaaabx",
  putNegative: () => "put -1\n",
  putFraction: () => "put 1.5\n",
  putNaN: () => "put NaN\n",
  putHuge: () => "put 9007199254740993\n",
  putInfinity: () => "put Infinity\n",
  putBinary: () => Uint8Array.from([...bytesOf("put 3\r\n"), 0xff, 0x0a, 0x93, 0x0d, 0x0a]),
  putTooLong: (maxLength) => `put ${maxLength + 1}\r\n${"y".repeat(maxLength + 1)}\r\n`,
  post: () => "post\r\n",
  postAab: () => "postaab",
  emptyBlock: () => ".\r\n",
  block: () => "one\r\n..two\r\n.\r\n",
  lfBlock: () => "one\n.\ntwo\r\n.\r.\r\n.\r\n",
  longLine: () => "x".repeat(70)
}
const Names = Arbitrary.array(Arbitrary.schema(Schema.Literals(Object.keys(pieces))), { maxLength: 25 })
const AnyOptions: Arbitrary.Arbitrary<Options> = Arbitrary.schema(
  Schema.Struct({
    maxLength: Schema.Literals([6, 64]),
    maxPayload: Schema.Literals([0, 2, 3, 8, 64]),
    delimiter: Schema.Literals(["\n", "\r\n", "aab"]),
    encoding: Schema.Literals(["latin1", "ascii"])
  })
)

const memcached = Framing.lines({
  maxLength: 2048,
  write: "\r\n",
  encoding: "latin1",
  payload: {
    length: (line) => {
      const [, bytes] = /^(?:set|add|replace|append|prepend|VALUE) \S+ \d+(?: -?\d+)? (\d+)/.exec(line) ?? []
      return bytes === undefined ? undefined : Number(bytes)
    },
    maxLength: 1024
  }
})

describe("Framing.lines with payloads", () => {
  it.prop(
    "cuts the lines and payloads that the options describe, however the bytes are cut and pulled",
    [AnyOptions, Names, Places],
    ([options, names, places]) => {
      const bytes = assemble(pieces, names, options.maxPayload)
      assert.deepStrictEqual(framesAnyway(framingOf(options), bytes, places), model(options, bytes))
    },
    { arbitrary: { runs: 3000 } }
  )

  it.prop(
    "reads back any payload that it wrote, whole or in pieces",
    [Arbitrary.schema(Schema.Array(Schema.Uint8Array)), Places],
    ([contents, places]) => {
      const framing = Framing.lines({
        maxLength: 100,
        write: "\r\n",
        encoding: "latin1",
        payload: { length, maxLength: 1000 }
      })
      const frames = contents.flatMap((content) => {
        const text = Buffer.from(content).toString("latin1")
        return ["get", `put ${content.length}\n${text}`, `post\n${text}\r\n`, "post\n"]
      })
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

  it("reads the storage commands of memcached's protocol.txt", () => {
    const bytes = bytesOf("set k 0 0 5\r\nab\r\nc\r\nget k\r\nset e 0 0 0\r\n\r\nincr k 1\r\n")
    const frames = ["set k 0 0 5\nab\r\nc", "get k", "set e 0 0 0\n", "incr k 1"]
    assert.deepStrictEqual(
      framesOf(memcached, [bytes]),
      frames.map((frame) => `= ${frame}`)
    )
    assert.deepStrictEqual(written(memcached, frames), new Uint8Array(bytes))
  })

  it("says which line announced a payload that is longer, and continues with the next line", () => {
    assert.deepStrictEqual(memcached.decoder().push(bytesOf("set k 0 0 2\r\nabcdef\r\nget k\r\n")), [
      new Framing.InvalidFrame({ reason: "BadPayload", maxLength: 1024, length: 2, head: "set k 0 0 2" }),
      "get k"
    ])
  })

  it("reports a payload that is too long before it comes, and skips it", () => {
    const decoder = memcached.decoder()
    const tooLong = new Framing.InvalidFrame({
      reason: "TooLong",
      maxLength: 1024,
      length: 1025,
      head: "set k 0 0 1025"
    })
    assert.deepStrictEqual(decoder.push(bytesOf("set k 0 0 1025\r\n")), [tooLong])
    assert.deepStrictEqual(decoder.push(bytesOf("get k\r\n".repeat(146) + "abc")), [])
    assert.deepStrictEqual(decoder.push(bytesOf("\r\nget k\r\n")), ["get k"])
  })

  it("does not read the payload of a line that is not text as lines", () => {
    const framing = Framing.lines({
      maxLength: 100,
      payload: { length: (line) => (line.startsWith("PUB") ? 4 : undefined), maxLength: 100 }
    })
    assert.deepStrictEqual(framesOf(framing, [bytesOf("PUB \xff 4\r\nQUIT\r\nPING\r\n")]), [
      "NotText",
      "= PING"
    ])
  })

  it("writes LF in a line that announces nothing as it is, so that no line follows from it", () => {
    const framing = Framing.lines({
      maxLength: 100,
      delimiter: "\r\n",
      encoding: "latin1",
      payload: { length, maxLength: 100 }
    })
    assert.strictEqual(framing.encode("get a\nflush"), "get a\nflush\r\n")
    assert.deepStrictEqual(framesOf(framing, [bytesOf("get a\nflush\r\n")]), ["= get a\nflush"])
  })

  it("takes a last line without a delimiter, but not one whose payload does not follow", () => {
    const framing = Framing.lines({
      maxLength: 100,
      unterminated: "keep",
      payload: { length, maxLength: 100 }
    })
    assert.deepStrictEqual(framesOf(framing, [bytesOf("put 1\na\nget")], showAll), ["= put 1\na", "= get"])
    assert.deepStrictEqual(framesOf(framing, [bytesOf("get\nput 1")], showAll), ["= get"])
    assert.deepStrictEqual(framesOf(framing, [bytesOf("get\nput 4\nget")], showAll), ["= get"])
  })

  it("holds no more of a payload than has come", () => {
    const size = 64 * 1024 * 1024
    const framing = Framing.lines({ maxLength: 100, payload: { length, maxLength: size } })
    const before = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 100 }, () => framing.decoder())
    for (const decoder of decoders) decoder.push(bytesOf(`put ${size}\nabc`))
    assert.isBelow(process.memoryUsage().arrayBuffers - before, size)
    assert.strictEqual(decoders.length, 100)
  })
})
