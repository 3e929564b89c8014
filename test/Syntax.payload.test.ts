/** Payloads that follow a line, and bytes on a line. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Message from "../src/Message.ts"
import * as Syntax from "../src/Syntax.ts"

const { Integer, Unsigned, Word } = Syntax
const options = { escape: "none", collapse: true } as const

// memcached
const stored = { key: Word, flags: Unsigned, exptime: Integer }
const noreply = { noreply: Schema.optionalKey(Schema.Literal("noreply")) }
const Set = Message.make("set", { ...stored, data: Syntax.Payload, ...noreply })
const Append = Message.make("append", { ...stored, data: Syntax.PayloadText, ...noreply })
const Note = Message.make("note", { text: Syntax.PayloadUtf8 })
const Get = Message.make("get", { keys: Schema.NonEmptyArray(Word) })
const Tag = Message.make("tag", { bytes: Syntax.Bytes })

const codec = Syntax.words([Set, Append, Note, Get, Tag], options)
const payloadLength = Syntax.payloadLength(codec)

// NATS
const Pub = Message.make(
  "pub",
  { subject: Word, replyTo: Schema.optionalKey(Word), payload: Syntax.PayloadText },
  { keyword: "PUB" }
)
const Hpub = Message.make(
  "hpub",
  { subject: Word, replyTo: Schema.optionalKey(Word), headers: Unsigned, payload: Syntax.PayloadText },
  { keyword: "HPUB" }
)
const nats = Syntax.words([Pub, Hpub], { ...options, caseInsensitive: true })

const reasonOf = (frame: string): unknown => {
  const read = codec.decodeFrame(frame)
  assert.instanceOf(read, Syntax.Malformed)
  return read.reason
}

describe("A payload", () => {
  it.prop(
    "of any bytes comes through as bytes, as latin1 and as UTF-8, and its line announces it",
    [
      Schema.toType(Syntax.Payload),
      Schema.toType(Syntax.PayloadUtf8),
      Arbitrary.schema(Schema.Literals([0, 1, 5000, 70_000]))
    ],
    ([bytes, text, repeat]) => {
      const long = new Uint8Array(bytes.length * repeat + bytes.length).map(
        (_, i) => bytes[i % bytes.length]! + i
      )
      const latin1 = Buffer.from(long).toString("latin1")
      const common = { key: "k", flags: 0, exptime: -1 }
      for (const [message, length] of [
        [{ _tag: "set", ...common, data: long }, long.length],
        [{ _tag: "append", ...common, data: latin1, noreply: "noreply" }, long.length],
        [{ _tag: "note", text }, Buffer.byteLength(text)]
      ] as const) {
        const frame = codec.encodeFrame(message)
        const line = frame.slice(0, frame.indexOf("\n"))
        assert.strictEqual(payloadLength(line), length)
        assert.strictEqual(frame.length, line.length + 1 + length)
        assert.deepStrictEqual(codec.decodeFrame(frame), message)
        assert.deepStrictEqual(Schema.decodeSync(codec)(frame), message)
        assert.strictEqual(Schema.encodeSync(codec)(message), frame)
      }
    },
    { arbitrary: { runs: 60 } }
  )

  it("follows its line after an LF, and may hold anything", () => {
    assert.deepStrictEqual(codec.decodeFrame("set k 0 0 5\nhello"), {
      _tag: "set",
      key: "k",
      flags: 0,
      exptime: 0,
      data: new TextEncoder().encode("hello")
    })
    assert.deepStrictEqual(codec.decodeFrame("append k 7 -1 4 noreply\n\r\n\nx"), {
      _tag: "append",
      key: "k",
      flags: 7,
      exptime: -1,
      data: "\r\n\nx",
      noreply: "noreply"
    })
    assert.deepStrictEqual(codec.decodeFrame("append k 0 0 0\n"), {
      _tag: "append",
      key: "k",
      flags: 0,
      exptime: 0,
      data: ""
    })
    assert.deepStrictEqual(codec.decodeFrame("note 2\n\xc3\xa9"), { _tag: "note", text: "é" })
  })

  it("is as long as its line says", () => {
    const invalid = (problem: string) => ({ _tag: "InvalidField", message: "set", field: "data", problem })
    assert.deepStrictEqual(reasonOf("set k 0 0 4\nhello"), invalid("Expected the length 5"))
    for (const length of ["-1", "x", "1e1", "0x5"]) {
      assert.deepStrictEqual(reasonOf(`set k 0 0 ${length}`), invalid("Expected a length in bytes"))
      assert.isUndefined(payloadLength(`set k 0 0 ${length}`))
    }
    assert.deepStrictEqual(reasonOf("set k 0 0 5"), {
      _tag: "Unreadable",
      problem: "a payload is announced and missing"
    })
    assert.deepStrictEqual(reasonOf("get a\nb"), { _tag: "Unreadable", problem: "a line feed in the line" })
    assert.deepStrictEqual(reasonOf("set k 0 0"), { _tag: "TooFewFields", message: "set", keyword: "set" })
    assert.deepInclude(reasonOf("note 1\n\xff"), { field: "text", problem: "Expected UTF-8" })
    assert.deepInclude(reasonOf("append k 0 0 1\n€"), { field: "data" })
    assert.deepInclude(reasonOf("set k 0 0 1\n€"), { field: "data" })
  })

  it("is announced by the keyword and the number of the fields, whatever the other fields are", () => {
    assert.strictEqual(payloadLength("set k nonsense -- 5"), 5)
    assert.strictEqual(payloadLength("  set   k 0 0 005 noreply"), 5)
    assert.strictEqual(payloadLength(`set k 0 0 ${"9".repeat(400)}`), Number.MAX_SAFE_INTEGER)
    for (const line of [
      "",
      "get k 0 0 5",
      "set k 0 5",
      "set k 0 0 5 noreply x",
      "SET k 0 0 5",
      "nothing 5"
    ]) {
      assert.isUndefined(payloadLength(line), line)
    }
    assert.isUndefined(Syntax.payloadLength(Syntax.pairs([Message.make("m", {})]))("m 5"))
  })

  it("of NATS has its length after a field that may be left out, and after that of its headers", () => {
    const length = Syntax.payloadLength(nats)
    assert.strictEqual(length("PUB a 5"), 5)
    assert.strictEqual(length("pub a b 5"), 5)
    assert.strictEqual(length("HPUB a 12 17"), 17)
    assert.strictEqual(length("HPUB a b 12 17"), 17)
    assert.isUndefined(length("PUB a"))
    const payload = "NATS/1.0\r\n\r\nhello"
    assert.deepStrictEqual(nats.decodeFrame(`HPUB a 12 17\n${payload}`), {
      _tag: "hpub",
      subject: "a",
      headers: 12,
      payload
    })
  })

  it("is the only one of its message, is required, and needs a syntax without escape", () => {
    const two = Message.make("two", { a: Syntax.Payload, b: Syntax.PayloadText })
    assert.throws(() => Syntax.words([two], options), /one payload at most/)
    const optional = Message.make("optional", { a: Schema.optionalKey(Syntax.Payload) })
    assert.throws(() => Syntax.words([optional], options), /it is required/)
    assert.throws(() => Syntax.words([Set]), /need escape: "none"/)
  })
})

describe("Bytes on a line", () => {
  it("are a character each", () => {
    assert.deepStrictEqual(codec.decodeFrame("tag \xff\0\x80"), {
      _tag: "tag",
      bytes: Uint8Array.of(255, 0, 128)
    })
    assert.strictEqual(
      codec.encodeFrame({ _tag: "tag", bytes: Uint8Array.of(255, 0, 128) }),
      "tag \xff\0\x80"
    )
    assert.instanceOf(codec.decodeFrame("tag €"), Syntax.Malformed)
    assert.throws(() => codec.encodeFrame({ _tag: "tag", bytes: Uint8Array.of(32) }), /"bytes"/)
  })
})
