/** Lines of words as well-known protocols write them. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Message from "../src/Message.ts"
import * as Syntax from "../src/Syntax.ts"

const Word = Syntax.Word

describe("A line of words", () => {
  const plain = { escape: "none" } as const

  const fails = (write: () => string, field: RegExp) => assert.throws(write, field)

  it("of NMEA has commas between its fields, which may be empty", () => {
    const Gga = Message.make("gga", { time: Word, fix: Schema.Array(Word) }, { keyword: "GPGGA" })
    const codec = Syntax.words([Gga], { ...plain, separator: "," })
    const sentence = { _tag: "gga", time: "123519", fix: ["4807.038", "N", "", "E"] } as const
    assert.deepStrictEqual(codec.decodeFrame("GPGGA,123519,4807.038,N,,E"), sentence)
    assert.strictEqual(codec.encodeFrame(sentence), "GPGGA,123519,4807.038,N,,E")
    fails(() => codec.encodeFrame({ ...sentence, fix: ["a,b"] }), /message gga[^]*"fix"/)
  })

  it("of Graphite has no keyword", () => {
    const Metric = Message.make("metric", { name: Word, value: Schema.FiniteFromString, at: Syntax.Unsigned })
    const codec = Syntax.words([Metric], { ...plain, keyword: false })
    const metric = { _tag: "metric", name: "a.b", value: 1.5, at: 1_700_000_000 } as const
    assert.deepStrictEqual(codec.decodeFrame("a.b 1.5 1700000000"), metric)
    assert.strictEqual(codec.encodeFrame(metric), "a.b 1.5 1700000000")
  })

  it("chooses a message without a keyword by the number of its fields", () => {
    const One = Message.make("one", { a: Word, b: Schema.optionalKey(Word) })
    const Four = Message.make("four", { a: Word, b: Word, c: Word, d: Schema.NonEmptyArray(Word) })
    const codec = Syntax.words([Four, One], { ...plain, keyword: false })
    assert.deepStrictEqual(codec.decodeFrame("x"), { _tag: "one", a: "x" })
    assert.deepStrictEqual(codec.decodeFrame("x y"), { _tag: "one", a: "x", b: "y" })
    assert.deepStrictEqual(codec.decodeFrame("x y z w v"), {
      _tag: "four",
      a: "x",
      b: "y",
      c: "z",
      d: ["w", "v"]
    })
    assert.throws(
      () => Syntax.words([One, Message.make("two", { a: Word, b: Word })], { ...plain, keyword: false }),
      /number of fields/
    )
  })

  it("of SMTP has verbs in any case, several spaces for one, and free text", () => {
    const Helo = Message.make("helo", { domain: Word }, { keyword: "HELO" })
    const Mail = Message.make("mail", { parameters: Syntax.Rest }, { keyword: "MAIL" })
    const Help = Message.make("help", { topic: Schema.optionalKey(Syntax.Rest) }, { keyword: "HELP" })
    const codec = Syntax.words([Helo, Mail, Help], { ...plain, collapse: true, caseInsensitive: true })
    assert.deepStrictEqual(codec.decodeFrame("  hElO   example.org  "), {
      _tag: "helo",
      domain: "example.org"
    })
    assert.deepStrictEqual(codec.decodeFrame("mail  FROM:<a@b>  SIZE=5 "), {
      _tag: "mail",
      parameters: "FROM:<a@b>  SIZE=5 "
    })
    assert.deepStrictEqual(codec.decodeFrame("HELP "), { _tag: "help" })
    assert.strictEqual(codec.encodeFrame({ _tag: "mail", parameters: "FROM:<a b>" }), "MAIL FROM:<a b>")
    for (const parameters of [" FROM", "", "a\nb"]) {
      fails(() => codec.encodeFrame({ _tag: "mail", parameters }), /"parameters"/)
    }
    // The Kelvin sign is a K in lower case, and the dotless i an I in upper case.
    const Kick = Message.make("kick", {}, { keyword: "KICK" })
    const kick = Syntax.words([Kick], { caseInsensitive: true })
    assert.deepStrictEqual(kick.decodeFrame("kIcK"), { _tag: "kick" })
    for (const line of ["\u212aICK", "K\u0131CK"]) assert.instanceOf(kick.decodeFrame(line), Syntax.Malformed)
  })

  it("of IRC has a colon before what takes the rest", () => {
    const Privmsg = Message.make("privmsg", { target: Word, text: Word }, { keyword: "PRIVMSG" })
    const Join = Message.make("join", { channels: Schema.NonEmptyArray(Word) }, { keyword: "JOIN" })
    const codec = Syntax.words([Privmsg, Join], {
      ...plain,
      collapse: true,
      caseInsensitive: true,
      trailing: ":"
    })
    for (const [text, line] of [
      ["hello there", "PRIVMSG #a :hello there"],
      ["hello", "PRIVMSG #a hello"],
      ["", "PRIVMSG #a :"],
      [":)", "PRIVMSG #a ::)"],
      [" a  b ", "PRIVMSG #a : a  b "]
    ] as const) {
      const message = { _tag: "privmsg", target: "#a", text } as const
      assert.strictEqual(codec.encodeFrame(message), line)
      assert.deepStrictEqual(codec.decodeFrame(line), message)
    }
    assert.deepStrictEqual(codec.decodeFrame("privmsg #a :hello"), {
      _tag: "privmsg",
      target: "#a",
      text: "hello"
    })
    fails(() => codec.encodeFrame({ _tag: "privmsg", target: "a b", text: "" }), /"target"/)
    fails(() => codec.encodeFrame({ _tag: "privmsg", target: ":a", text: "" }), /"target"/)
    fails(() => codec.encodeFrame({ _tag: "join", channels: ["a", "b\nc"] }), /"channels"/)
  })

  it("of Redis or IMAP may have words in quotes", () => {
    const Set = Message.make("set", { key: Word, value: Word }, { keyword: "SET" })
    const codec = Syntax.words([Set], { quotes: true, collapse: true, caseInsensitive: true })
    const value = (value: string) => ({ _tag: "set", key: "k", value }) as const
    for (const [line, text] of [
      ['set k "a b"', "a b"],
      ['"SET" "k" ""', ""],
      ['SET k "\\"\\\\\\n\\r\\t\\x41\\q"', '"\\\n\r\tAq'],
      ["SET k a\\ ", "a\\"],
      ['SET k a"b', 'a"b']
    ] as const) {
      assert.deepStrictEqual(codec.decodeFrame(line), value(text))
    }
    assert.strictEqual(codec.encodeFrame(value('a "b"\n')), 'SET k "a \\"b\\"\\n"')
  })

  it("of NATS may leave out a field in the middle", () => {
    const Pub = Message.make(
      "pub",
      { subject: Word, replyTo: Schema.optionalKey(Word), payload: Syntax.PayloadText },
      { keyword: "PUB" }
    )
    const codec = Syntax.words([Pub], { ...plain, collapse: true, caseInsensitive: true })
    assert.deepStrictEqual(codec.decodeFrame("pub a 2\nhi"), { _tag: "pub", subject: "a", payload: "hi" })
    assert.deepStrictEqual(codec.decodeFrame("PUB a b 2\nhi"), {
      _tag: "pub",
      subject: "a",
      replyTo: "b",
      payload: "hi"
    })
    assert.strictEqual(codec.encodeFrame({ _tag: "pub", subject: "a", payload: "" }), "PUB a 0\n")
  })

  it("that would be read as something else fails to be written", () => {
    const List = Message.make("list", { from: Schema.optionalKey(Word), to: Schema.optionalKey(Word) })
    const Good = Message.make("good", { name: Word })
    const Night = Message.make("night", {}, { keyword: "good night" })
    const codec = Syntax.words([List, Good, Night], { caseInsensitive: true })
    fails(() => codec.encodeFrame({ _tag: "list", to: "b" }), /nothing, for there is no from[^]*"to"/)
    fails(() => codec.encodeFrame({ _tag: "good", name: "Night" }), /other words than those of good night/)
    assert.strictEqual(codec.encodeFrame({ _tag: "good", name: "day" }), "good day")
    const Maybe = Message.make("maybe", { a: Schema.optionalKey(Word) })
    const bare = Syntax.words([Maybe], { keyword: false })
    fails(() => bare.encodeFrame({ _tag: "maybe" }), /message maybe/)
    assert.strictEqual(bare.encodeFrame({ _tag: "maybe", a: "" }), "")
  })
})

describe("Options that do not go together", () => {
  const Any = Message.make("any", { word: Word })
  const Last = Message.make("last", { rest: Syntax.Rest })
  for (const [name, make, problem] of [
    ["escape and quotes", () => Syntax.words([Any], { quotes: true, escape: "\\" }), /one of escape, quotes/],
    [
      "quotes and trailing",
      () => Syntax.words([Any], { quotes: true, trailing: ":" }),
      /one of escape, quotes/
    ],
    ["a separator of two characters", () => Syntax.words([Any], { separator: ", " }), /one character/],
    ["a rest and escape", () => Syntax.words([Last]), /need escape: "none"/],
    ["a keyword with an escape", () => Syntax.words([Message.make("a\\\\b", {})]), /cannot stand on a line/],
    [
      "a rest before another field",
      () => Syntax.words([Message.make("m", { a: Syntax.Rest, b: Word })], { escape: "none" }),
      /the rest of the line comes last/
    ],
    [
      "one keyword in two cases",
      () => Syntax.words([Any, Message.make("ANY", {})], { caseInsensitive: true }),
      /same tag or keyword/
    ]
  ] as const) {
    it(`are a defect when the codec is made: ${name}`, () => assert.throws(make, problem))
  }
})
