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

interface Options {
  readonly maxLength: number
  readonly maxDepth: number
  readonly inline: boolean
}

/** Where a value ends, that it is incomplete, or what is wrong with it and where. */
type End = number | "incomplete" | { readonly problem: string; readonly at: number }

const line = (input: string, at: number): End => {
  const lf = input.indexOf("\n", at)
  if (lf < 0) return "incomplete"
  return input[lf - 1] === "\r" && lf > at ? lf + 1 : { problem: "expected CRLF after a line", at: lf }
}

/** The framing as its documentation words it, by recursion over the whole input; a character is a byte. */
const model = ({ inline, maxDepth, maxLength }: Options, bytes: Uint8Array): ReadonlyArray<unknown> => {
  const input = Buffer.from(bytes).toString("latin1")
  const frames: Array<unknown> = []
  let start = 0
  let reported = false
  const limit = (length: number) => {
    if (length > maxLength && !reported) {
      frames.push({ _tag: "InvalidFrame", reason: "TooLong", maxLength, length: maxLength + 1 })
      reported = true
    }
  }
  const header = (at: number, isBulk: boolean): End | { readonly count: number; readonly end: number } => {
    const problem = isBulk ? "invalid bulk length" : "invalid multibulk length"
    const [text] = /^-?(?:0|[1-9]\d{0,9})?/.exec(input.slice(at))!
    const end = at + text.length
    if (end === input.length) return "incomplete"
    if (input[end] !== "\r" || !/\d/.test(text)) return { problem, at: end }
    if (end + 1 === input.length) return "incomplete"
    if (input[end + 1] !== "\n") return { problem, at: end + 1 }
    const count = Number(text)
    const mayBeNull = input[at - 1] === "*" || (input[at - 1] === "$" && !inline)
    const most = isBulk ? 512 * 1024 * 1024 : 2 ** 31 - 1
    return (text.startsWith("-") && !(text === "-1" && mayBeNull)) || count > most
      ? { problem, at: end + 2 }
      : { count, end: end + 2 }
  }
  const value = (at: number, depth: number): End => {
    const type = input[at]
    if (type === undefined) return "incomplete"
    if (inline && depth > 0 && type !== "$") return { problem: `expected '$', got '${show(type)}'`, at }
    if ("+-:_#,(".includes(type)) {
      const end = line(input, at + 1)
      // It is too long when its line end has not come within the limit.
      if (end === "incomplete") limit(input.length - start)
      else limit((typeof end === "number" ? end : end.at + 1) - start)
      return end
    }
    const isBulk = "$!=".includes(type)
    if (!isBulk && !"*~>%|".includes(type)) {
      return { problem: inline ? `expected '$', got '${show(type)}'` : `unknown type '${show(type)}'`, at }
    }
    const head = header(at + 1, isBulk)
    if (typeof head !== "object" || "problem" in head) return head
    const { count, end } = head
    limit(end - start + (isBulk && count >= 0 ? count + 2 : 0))
    if (count < 0) return end
    if (isBulk) {
      for (const [i, expected] of ["\r", "\n"].entries()) {
        const found = input[end + count + i]
        if (found === undefined) return "incomplete"
        if (found !== expected) return { problem: "expected CRLF after a bulk string", at: end + count + i }
      }
      return end + count + 2
    }
    const isAttribute = type === "|"
    if (!isAttribute && count > 0 && depth >= maxDepth) return { problem: "nested too deep", at: end }
    // An attribute is on the level of the value that it precedes.
    const inner = isAttribute ? Math.max(depth, 1) : depth + 1
    let next: End = end
    for (let missing = "%|".includes(type) ? 2 * count : count; missing > 0; missing--) {
      if (typeof next === "number") next = value(next, inner)
    }
    return isAttribute && typeof next === "number" ? value(next, inner) : next
  }
  const show = (type: string) => (/[!-~]/.test(type) ? type : "?")
  while (start < input.length) {
    reported = false
    if (inline && input[start] !== "*") {
      const lf = input.indexOf("\n", start)
      const text = input.slice(start, lf < 0 ? undefined : lf).replace(/\r$/, "")
      limit(text.length)
      if (lf < 0) break
      if (!reported && text !== "") frames.push(`= ${text}`)
      start = lf + 1
      continue
    }
    const end = value(start, 0)
    if (end === "incomplete") break
    if (typeof end === "object") {
      const { at, problem } = end
      frames.push({ _tag: "InvalidFrame", reason: "Malformed", maxLength, length: at - start, problem })
      break
    }
    const text = input.slice(start, end)
    if (!reported && !(inline && /^\*(?:0|-1)\r\n$/.test(text))) frames.push(`= ${text}`)
    start = end
  }
  return frames
}

const pieces: Pieces = {
  ok: () => "+OK\r\n",
  error: () => "-ERR no\r\n",
  integer: () => ":-1000\r\n",
  bulk: () => "$5\r\na\r\nbc\r\n",
  emptyBulk: () => "$0\r\n\r\n",
  nullBulk: () => "$-1\r\n",
  nullArray: () => "*-1\r\n",
  emptyArray: () => "*0\r\n",
  array: () => "*2\r\n",
  array1: () => "*1\r\n",
  command: () => "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n",
  map: () => "%1\r\n",
  set: () => "~2\r\n",
  push: () => ">1\r\n",
  attribute: () => "|1\r\n",
  emptyAttribute: () => "|0\r\n",
  verbatim: () => "=7\r\ntxt:abc\r\n",
  bool: () => "#t\r\n",
  double: () => ",1.5\r\n",
  null: () => "_\r\n",
  big: () => "(12345678901234567890\r\n",
  inline: () => "PING\r\n",
  inlineLf: () => "PING\n",
  crlf: () => "\r\n",
  lf: () => "\n",
  cr: () => "\r",
  letter: () => "a",
  binary: () => Uint8Array.of(0x24, 0x32, 0x0d, 0x0a, 0xff, 0x93, 0x0d, 0x0a),
  lfBulk: () => "$1\r\nab\r\n",
  leadingZero: () => "$01\r\n",
  minus: () => "*-\r\n",
  negative: () => "$-2\r\n",
  hugeBulk: () => "$536870913\r\n",
  hugeArray: () => "*2147483648\r\n",
  manyDigits: () => "$12345678901\r\n",
  lfHeader: () => "$1\na\r\n",
  streamed: () => "$?\r\n",
  underLimit: (maxLength) => `+${"x".repeat(Math.max(0, maxLength - 4))}\r\n`,
  atLimit: (maxLength) => `+${"x".repeat(Math.max(0, maxLength - 3))}\r\n`,
  overLimit: (maxLength) => `+${"x".repeat(Math.max(0, maxLength - 2))}\r\n`,
  bulkOverLimit: (maxLength) => `$${maxLength}\r\n${"x".repeat(maxLength)}\r\n`
}
const Names = Arbitrary.array(Arbitrary.schema(Schema.Literals(Object.keys(pieces))), { maxLength: 30 })
const AnyOptions: Arbitrary.Arbitrary<Options> = Arbitrary.schema(
  Schema.Struct({
    maxLength: Schema.Literals([1, 5, 12, 40, 2000]),
    maxDepth: Schema.Literals([0, 1, 2, 32]),
    inline: Schema.Boolean
  })
)

/** What `:` and `$` may say of, nested. */
const Value: Arbitrary.Arbitrary<Framing.RespValue> = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.array(Arbitrary.schema(Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])), {
      maxLength: 20
    }),
    Arbitrary.schema(Schema.Array(Schema.Uint8Array)),
    Arbitrary.schema(Schema.Array(Schema.Finite))
  ]),
  ([kinds, texts, numbers]) => {
    let value: Framing.RespValue = { _tag: "null" }
    for (const [i, kind] of kinds.entries()) {
      const text = Buffer.from(texts[i] ?? []).toString("latin1")
      const number = numbers[i] ?? i
      const leaves: ReadonlyArray<Framing.RespValue> = [
        { _tag: "bulk", text },
        { _tag: "bulk-error", text },
        { _tag: "simple", text: text.replaceAll(/[\r\n]/g, "") },
        { _tag: "error", text: text.replaceAll(/[\r\n]/g, "") },
        { _tag: "verbatim", format: "txt", text },
        { _tag: "integer", value: BigInt(Math.trunc(number)) },
        { _tag: "big-number", value: (-BigInt(Math.trunc(number))) ** 3n },
        { _tag: "double", value: number + 0.5 },
        { _tag: "boolean", value: number > 0 }
      ]
      const leaf: Framing.RespValue = leaves[kind] ?? { _tag: "double", value: Infinity }
      if (kind === 9) value = { _tag: "array", items: [value, leaf] }
      else if (kind === 10) value = { _tag: "set", items: [leaf, value] }
      else if (kind === 11) value = { _tag: "push", items: [value] }
      else if (kind === 12) value = { _tag: "map", entries: [[leaf, value]] }
      else value = { _tag: "array", items: [leaf, value] }
    }
    return value
  }
)

const requests = Framing.resp({ maxLength: 1000, inline: true })
const replies = Framing.resp({ maxLength: 100_000 })

describe("Framing.resp", () => {
  it.prop(
    "cuts the values that the options describe, however the bytes are cut and pulled",
    [AnyOptions, Names, Places],
    ([options, names, places]) => {
      const bytes = assemble(pieces, names, options.maxLength)
      assert.deepStrictEqual(framesAnyway(Framing.resp(options), bytes, places), model(options, bytes))
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop(
    "reads back any values that it wrote, whole or in pieces",
    [Arbitrary.array(Value, { maxLength: 4 }), Places],
    ([values, places]) => {
      const frames = values.map(Framing.formatResp)
      assert.deepStrictEqual(
        framesAnyway(replies, written(replies, frames), places),
        frames.map((frame) => `= ${frame}`)
      )
      for (const [i, frame] of frames.entries()) {
        assert.deepStrictEqual(Framing.parseResp(frame), values[i])
        assert.deepStrictEqual(writtenInPieces(replies, cutText(frame, places)), written(replies, [frame]))
        assert.isUndefined(Framing.parseResp(frame.slice(0, -1)))
      }
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "carries any words of a command",
    [Arbitrary.schema(Schema.NonEmptyArray(Schema.Uint8Array)), Places],
    ([contents, places]) => {
      const framing = Framing.resp({ maxLength: 1_000_000, inline: true })
      const words = contents.map((content) => Buffer.from(content).toString("latin1"))
      const frame = Framing.respCommand(words)
      assert.deepStrictEqual(framesAnyway(framing, written(framing, [frame]), places), [`= ${frame}`])
      assert.deepStrictEqual(Framing.respWords(frame), words)
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "never throws on what is no value",
    [Names],
    ([names]) => {
      const text = Buffer.from(assemble(pieces, names, 10)).toString("latin1")
      const value = Framing.parseResp(text)
      const words = Framing.respWords(text)
      assert.isTrue(value === undefined || typeof value._tag === "string")
      assert.isTrue(words === undefined || words.every((word) => typeof word === "string"))
    },
    { arbitrary: { runs: 1500 } }
  )

  it("reads the values of the specification", () => {
    const values = [
      "+OK\r\n",
      "-Error message\r\n",
      ":1000\r\n",
      "$5\r\nhello\r\n",
      "$0\r\n\r\n",
      "$-1\r\n",
      "*0\r\n",
      "*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n",
      "*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n$5\r\nhello\r\n",
      "*-1\r\n",
      "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*2\r\n+Hello\r\n-World\r\n",
      "*3\r\n$5\r\nhello\r\n$-1\r\n$5\r\nworld\r\n",
      "_\r\n",
      "#t\r\n",
      ",1.23\r\n",
      "(3492890328409238509324850943850943825024385\r\n",
      "!21\r\nSYNTAX invalid syntax\r\n",
      "=15\r\ntxt:Some string\r\n",
      "%2\r\n+first\r\n:1\r\n+second\r\n:2\r\n",
      "|1\r\n+key-popularity\r\n%2\r\n$1\r\na\r\n,0.1923\r\n$1\r\nb\r\n,0.0012\r\n*2\r\n:2039123\r\n:9543892\r\n",
      "~2\r\n+a\r\n#f\r\n",
      ">2\r\n+message\r\n+x\r\n"
    ]
    assert.deepStrictEqual(
      framesOf(replies, [bytesOf(values.join(""))]),
      values.map((value) => `= ${value}`)
    )
    assert.deepStrictEqual(Framing.parseResp(values[19]!), {
      _tag: "array",
      items: [
        { _tag: "integer", value: 2039123n },
        { _tag: "integer", value: 9543892n }
      ]
    })
  })

  it("takes inline commands between others, and ignores empty ones", () => {
    const bytes = bytesOf("PING\r\n\r\n*1\r\n$4\r\nPING\r\n*0\r\n*-1\r\nECHO hi\n+PING\r\n")
    const frames = framesOf(requests, [bytes])
    assert.deepStrictEqual(frames, ["= PING", "= *1\r\n$4\r\nPING\r\n", "= ECHO hi", "= +PING"])
    assert.strictEqual(requests.encode("ECHO hi"), "ECHO hi\r\n")
  })

  for (const [bytes, problem] of [
    ["*1\r\n:1\r\n", "expected '$', got ':'"],
    ["*1\r\n\r\n", "expected '$', got '?'"],
    ["*x\r\n", "invalid multibulk length"],
    ["*1\r\n$-1\r\n", "invalid bulk length"],
    ["*1\r\n$99999999999\r\n", "invalid bulk length"]
  ] as const) {
    it(`says ${problem} of ${JSON.stringify(bytes)}, and drops what follows`, () => {
      const decoder = requests.decoder()
      const [first, ...others] = decoder.push(bytesOf(`PING\r\n${bytes}PING\r\n`)).slice(1)
      assert.deepStrictEqual(others, [])
      assert.isTrue(first instanceof Framing.InvalidFrame && first.problem === problem)
      assert.deepStrictEqual(decoder.push(bytesOf("PING\r\n")), [])
    })
  }

  it("says that a value is too long when its header announces it, and continues behind it", () => {
    const decoder = Framing.resp({ maxLength: 100, inline: true }).decoder()
    assert.deepStrictEqual(decoder.push(bytesOf("*2\r\n$3\r\nGET\r\n$100\r\n")), [Framing.tooLong(100)])
    assert.deepStrictEqual(decoder.push(bytesOf("x".repeat(100) + "\r\nPING\r\n")), ["PING"])
  })

  it("looks at each byte of a large value once, in whatever chunks it comes", () => {
    const words = Array.from({ length: 200_000 }, (_, i) => String(i))
    const frame = Framing.respCommand(words)
    const bytes = bytesOf(frame)
    const framing = Framing.resp({ maxLength: bytes.length, inline: true })
    const decoder = framing.decoder()
    const frames: Array<unknown> = []
    for (let at = 0; at < bytes.length; at++) frames.push(...decoder.push(bytes.subarray(at, at + 1)))
    assert.isTrue(frames.length === 1 && frames[0] === frame)
    assert.strictEqual(Framing.respWords(frame)?.length, 200_000)
  })

  it("holds no more than the limit of a value of 1 GiB", () => {
    const decoder = Framing.resp({ maxLength: 65_536 }).decoder()
    const chunk = Buffer.alloc(65_536, ":1234\r\n:56789\r\n\r\n")
    const before = process.memoryUsage().arrayBuffers
    const frames = decoder.push(bytesOf("*2\r\n$500000000\r\n")).map(showAll)
    let peak = 0
    for (let i = 0; i < 7000; i++) {
      frames.push(...decoder.push(chunk).map(showAll))
      if (i % 64 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
    }
    assert.deepStrictEqual(frames, [showAll(Framing.tooLong(65_536))])
    assert.isBelow(peak, 14 * 1024 * 1024)
  })

  it("does not let values that are nested without end exhaust the stack", () => {
    assert.isUndefined(Framing.parseResp("*1\r\n".repeat(1_000_000)))
    assert.isUndefined(Framing.parseResp("|0\r\n".repeat(1_000_000) + "_\r\n"))
    const decoder = Framing.resp({ maxLength: 10_000_000 }).decoder()
    const [frame] = decoder.push(bytesOf("*1\r\n".repeat(1_000_000)))
    assert.isTrue(frame instanceof Framing.InvalidFrame && frame.problem === "nested too deep")
  })
})

describe("Framing.respWords", () => {
  for (const [line, words] of [
    ["SET key value", ["SET", "key", "value"]],
    ["  SET\tkey  ", ["SET", "key"]],
    ["", []],
    [`SET k "a b"`, ["SET", "k", "a b"]],
    [`SET k "\\x00\\xff\\n\\"\\q"`, ["SET", "k", `\0\xff\n"q`]],
    [`SET k 'a "b" \\'c\\n'`, ["SET", "k", `a "b" 'c\\n`]],
    [`SET k ''`, ["SET", "k", ""]],
    [`SET k a"b c"`, ["SET", "k", "ab c"]],
    [`SET k "a"b`, undefined],
    [`SET k "a`, undefined],
    [`SET k 'a\\'`, undefined],
    ["+OK\r\n", undefined],
    ["*1\r\n:1\r\n", undefined],
    ["*1\r\n$-1\r\n", undefined]
  ] as const) {
    it(`reads ${JSON.stringify(line)} as redis-cli does`, () => {
      assert.deepStrictEqual(Framing.respWords(line), words)
    })
  }

  it("takes time in proportion to the length of quotes that do not end", () => {
    for (const text of ["\\'", "\\", `\\"`, `"a" `, "'", " ", "a'"]) {
      assert.doesNotThrow(() => Framing.respWords(`'"${text.repeat(200_000)}`))
      assert.doesNotThrow(() => Framing.respWords(`"${text.repeat(200_000)}x`))
    }
  })
})
