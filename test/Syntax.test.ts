import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Cause, Effect, Exit, Schema } from "effect"
import * as Framing from "../src/Framing.ts"
import * as Message from "../src/Message.ts"
import * as Protocol from "../src/Protocol.ts"
import * as Syntax from "../src/Syntax.ts"

const Ping = Message.make("ping", {})
const Get = Message.make("get", { key: Syntax.Word })
const Put = Message.make("put", { key: Syntax.Word, value: Syntax.Word })
const List = Message.make("list", { from: Syntax.Word, to: Schema.optionalKey(Syntax.Word) })
const Level = Message.make("level", { state: Schema.optionalKey(Schema.Literals(["on", "off"])) })
const Hello = Message.make("Hello", { versions: Schema.NonEmptyArray(Syntax.Word) }, { keyword: "good day" })
const Bye = Message.make("Bye", { name: Syntax.Word, rest: Schema.Array(Syntax.Word) }, { keyword: "good" })
const Night = Message.make("Night", {}, { keyword: "good night all" })
const Short = Message.make("short", { text: Syntax.Word.check(Schema.isMaxLength(3)) })

const messages = [Ping, Get, Put, List, Level, Hello, Bye, Night, Short] as const
const Any = Schema.Union(messages)
const codec = Syntax.words(messages)

/** The same with one message that transforms its fields, which shuts the fast path. */
const Wait = Message.make("wait", {
  seconds: Schema.FiniteFromString,
  then: Schema.Array(Schema.FiniteFromString)
})
const withNumbers = Syntax.words([...messages, Wait])

/** Text of the characters that mean something on a line, and some that do not. */
const text = (...more: ReadonlyArray<string>): Arbitrary.Arbitrary<string> =>
  Arbitrary.map(
    Arbitrary.array(
      Arbitrary.schema(
        Schema.Literals([" ", "\\", "\n", "\r", "a", "é", "😀", "\ufeff", "\\ ", "\\\n", ...more])
      ),
      { maxLength: 12 }
    ),
    (pieces) => pieces.join("")
  )
const word = text()

const anyMessage: Arbitrary.Arbitrary<typeof Any.Type> = Arbitrary.map(
  Arbitrary.all({
    a: word,
    b: word,
    more: Arbitrary.array(word, { maxLength: 3 }),
    pick: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })))
  }),
  ({ a, b, more, pick }) => {
    const all: ReadonlyArray<typeof Any.Type> = [
      { _tag: "ping" },
      { _tag: "get", key: a },
      { _tag: "put", key: a, value: b },
      { _tag: "list", from: a },
      { _tag: "list", from: a, to: b },
      { _tag: "level", state: "off" },
      { _tag: "Hello", versions: [a, ...more] },
      // "good day" and "good night all" are other messages.
      { _tag: "Bye", name: `x${a}`, rest: more },
      { _tag: "Night" },
      { _tag: "short", text: a.slice(0, 3).toWellFormed() }
    ]
    return all[pick]!
  }
)

/** A line near to a message: words of the grammar and others, single and double spaces, escapes at will. */
const anyLine = Arbitrary.map(
  Arbitrary.array(
    Arbitrary.schema(
      Schema.Literals([
        ..."ping get put list level good day night all short on off a abcd wait 1 1e3 x".split(" "),
        "",
        "\\",
        "\\\\",
        "\\ ",
        "\\\n",
        "\n",
        "\0",
        "\ud800",
        "\udc00",
        "\\n",
        "😀"
      ])
    ),
    { maxLength: 8 }
  ),
  (words) => words.join(" ").replaceAll("\\  ", "\\ ")
)

/** The words of a line, as the documentation says it; nothing for a bare LF. */
const wordsOf = (line: string): ReadonlyArray<string> | undefined => {
  const tokens: ReadonlyArray<string> = line.match(/\\[ \n\\]|[^]/gu) ?? []
  if (tokens.includes("\n")) return undefined
  const words = [""]
  for (const token of tokens) {
    if (token === " ") words.push("")
    else words[words.length - 1] += /^\\[ \n\\]$/.test(token) ? token.slice(1) : token
  }
  return words
}

const decode = Schema.decodeSync(codec)
const encode = Schema.encodeSync(codec)
const isMessage = Schema.is(Any)

const problemOf = (exit: Exit.Exit<unknown, Schema.SchemaError>): string => {
  assert.isTrue(Exit.isFailure(exit))
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  assert.isTrue(Schema.isSchemaError(error), String(error))
  return (error as Schema.SchemaError).message
}
const refusalOf = (line: string): string => problemOf(Schema.decodeUnknownExit(codec)(line))

const refuses = (line: string) => assert.notStrictEqual(refusalOf(line), "")

const many = { arbitrary: { runs: 1000 } }

describe("Syntax.words", () => {
  it.prop(
    "reads back every message that it wrote, on one line",
    [anyMessage],
    ([message]) => {
      const line = encode(message)
      assert.deepStrictEqual(decode(line), message)
      assert.notMatch(line, /(?<!\\)(\\\\)*\n/)
      assert.deepStrictEqual(Schema.decodeSync(withNumbers)(line), message)
      assert.strictEqual(Schema.encodeSync(withNumbers)(message), line)
    },
    many
  )

  it.prop("reads back what the messages' own schemas generate", [Any], ([message]) => {
    // A keyword may be the beginning of another: "good day" is no Bye to someone called day.
    if (message._tag === "Bye" && ["day", "night"].includes(message.name)) return
    assert.deepStrictEqual(decode(encode(message)), message)
  })

  it.effect.prop("reads back fields that are transformed", [Wait], ([message]) =>
    Effect.gen(function* () {
      const line = yield* Schema.encodeEffect(withNumbers)(message)
      // -0 is written as 0.
      assert.strictEqual(
        JSON.stringify(yield* Schema.decodeEffect(withNumbers)(line)),
        JSON.stringify(message)
      )
    })
  )

  it.prop(
    "refuses a line, or reads it as what it writes with the same words",
    [
      Arbitrary.schema(Schema.Boolean),
      anyLine,
      text("\0", "\ud83d", "ping", "get ", "put ", "good ", "list ")
    ],
    ([structured, near, far]) => {
      const line = structured ? near : far
      const exit = Schema.decodeUnknownExit(codec)(line)
      if (Exit.isFailure(exit)) return refuses(line)
      assert.isTrue(isMessage(exit.value))
      const written = encode(exit.value)
      assert.deepStrictEqual(wordsOf(written), wordsOf(line))
      assert.deepStrictEqual(decode(written), exit.value)
      assert.isTrue(line.isWellFormed())
      assert.notInclude(line, "\0")
    },
    many
  )

  it.prop("refuses or reads any string at all", [Schema.String], ([line]) => {
    const exit = Schema.decodeUnknownExit(codec)(line)
    if (Exit.isFailure(exit)) refuses(line)
    else assert.deepStrictEqual(wordsOf(encode(exit.value)), wordsOf(line))
  })

  describe("in a protocol, which takes a shortcut", () => {
    const protocol = Protocol.make({
      name: "shortcut",
      framing: Framing.lines({ maxLength: 1000 }),
      request: codec,
      reply: withNumbers,
      onInvalid: { _tag: "ping" },
      onDefect: { _tag: "ping" }
    })
    const outcome = (exit: Exit.Exit<unknown, Schema.SchemaError>) =>
      Exit.isSuccess(exit) ? { value: exit.value } : { problem: problemOf(exit) }
    const read = (message: unknown) =>
      message instanceof Protocol.Malformed ? { problem: message.error.message } : { value: message }
    const written = (write: () => string) => {
      try {
        return { value: write() }
      } catch (error) {
        return { problem: (error as Schema.SchemaError).message }
      }
    }

    it.prop(
      "reads the same as the codec does, problems and parse options included",
      [anyLine],
      ([line]) => {
        for (const [decode, syntax] of [
          [protocol.decodeRequest, codec],
          [protocol.decodeReply, withNumbers]
        ] as const) {
          const expected = outcome(Schema.decodeUnknownExit(syntax)(line))
          assert.deepStrictEqual(read(decode(line)), expected)
          const strict = outcome(Schema.decodeUnknownExit(syntax)(line, { onExcessProperty: "error" }))
          assert.deepStrictEqual(strict, expected)
          const all = outcome(Schema.decodeUnknownExit(syntax)(line, { errors: "all" }))
          if ("value" in expected) assert.deepStrictEqual(all, expected)
          else assert.isTrue("problem" in all)
        }
      },
      many
    )

    it.prop(
      "writes the same as the codec does",
      [anyMessage],
      ([message]) => {
        for (const [encode, syntax] of [
          [protocol.encodeRequest, codec],
          [protocol.encodeReply, withNumbers]
        ] as const) {
          const expected = outcome(Schema.encodeUnknownExit(syntax)(message))
          assert.deepStrictEqual(
            written(() => encode(message)),
            expected
          )
          for (const options of [{ onExcessProperty: "error" }, { errors: "all" }] as const) {
            assert.deepStrictEqual(outcome(Schema.encodeUnknownExit(syntax)(message, options)), expected)
          }
        }
      },
      many
    )

    it("keeps the line that it could not read", () => {
      const malformed = protocol.decodeRequest("get a b")
      assert.instanceOf(malformed, Protocol.Malformed)
      assert.strictEqual(malformed.frame, "get a b")
    })

    const strangers: ReadonlyArray<unknown> = [
      null,
      undefined,
      7,
      "ping",
      [],
      {},
      { _tag: 7 },
      { _tag: "nobody" },
      { _tag: "toString" },
      { _tag: "get" },
      { _tag: "get", key: 7 },
      { _tag: "get", key: "\0" },
      { _tag: "get", key: "\ud800" },
      { _tag: "get", key: ["a"] },
      { _tag: "level", state: "maybe" },
      { _tag: "level", state: undefined },
      { _tag: "Hello", versions: [] },
      { _tag: "Bye", name: "a", rest: ["b", 7] },
      { _tag: "short", text: "abcd" }
    ]
    for (const stranger of strangers) {
      it(`refuses to write ${JSON.stringify(stranger) ?? "undefined"}, with the same problem`, () => {
        const encode = Schema.encodeUnknownExit(codec)
        const expected = { problem: problemOf(encode(stranger)) }
        assert.deepStrictEqual(
          written(() => protocol.encodeRequest(stranger as never)),
          expected
        )
        assert.isTrue(Exit.isFailure(encode(stranger, { errors: "all" })))
        assert.isTrue(Exit.isFailure(encode(stranger, { onExcessProperty: "error" })))
      })
    }

    it("leaves out what a message does not have, or refuses it when asked to", () => {
      const encode = Schema.encodeUnknownExit(codec)
      const message = { _tag: "get", key: "a", more: "b" } as const
      assert.deepStrictEqual(outcome(encode(message)), { value: "get a" })
      assert.strictEqual(protocol.encodeRequest(message), "get a")
      assert.include(problemOf(encode(message, { onExcessProperty: "error" })), "more")
    })

    it("checks nothing when asked to", () => {
      const decode = Schema.decodeUnknownExit(codec)
      assert.deepStrictEqual(outcome(decode("short abcd", { disableChecks: true })), {
        value: { _tag: "short", text: "abcd" }
      })
      assert.isTrue(Exit.isFailure(decode("short abcd")))
      assert.instanceOf(protocol.decodeRequest("short abcd"), Protocol.Malformed)
    })

    it("refuses what is no string", () => {
      for (const input of [null, undefined, 7, {}, ["ping"]]) {
        assert.include(problemOf(Schema.decodeUnknownExit(codec)(input)), "string")
      }
    })
  })

  describe("on the line", () => {
    it("takes the meaning of SPACE, LF and backslash away with a backslash", () => {
      assert.deepStrictEqual(decode("put a\\ b c\\\nd\\\\"), { _tag: "put", key: "a b", value: "c\nd\\" })
      assert.strictEqual(encode({ _tag: "put", key: "a b", value: "c\nd\\" }), "put a\\ b c\\\nd\\\\")
    })

    it("lets a backslash before anything else, and at the end, stand for itself", () => {
      assert.deepStrictEqual(decode("put \\a\\\t \\"), { _tag: "put", key: "\\a\\\t", value: "\\" })
      assert.deepStrictEqual(decode("get \\n"), { _tag: "get", key: "\\n" })
      assert.strictEqual(encode({ _tag: "get", key: "\\n" }), "get \\\\n")
    })

    it("resolves escapes from left to right", () => {
      assert.deepStrictEqual(decode("put a\\\\ b"), { _tag: "put", key: "a\\", value: "b" })
      assert.deepStrictEqual(decode("get a\\\\\\ b"), { _tag: "get", key: "a\\ b" })
      assert.deepStrictEqual(decode("get \\\\n"), { _tag: "get", key: "\\n" })
    })

    it("has an empty field between two spaces, and at the end", () => {
      assert.deepStrictEqual(decode("put  "), { _tag: "put", key: "", value: "" })
      assert.deepStrictEqual(decode("put  b"), { _tag: "put", key: "", value: "b" })
      assert.deepStrictEqual(decode("get "), { _tag: "get", key: "" })
      assert.strictEqual(encode({ _tag: "put", key: "", value: "" }), "put  ")
    })

    it("leaves an optional field out, and does not take an empty one for none", () => {
      assert.deepStrictEqual(decode("list a"), { _tag: "list", from: "a" })
      assert.deepStrictEqual(decode("list a "), { _tag: "list", from: "a", to: "" })
      assert.deepStrictEqual(decode("level"), { _tag: "level" })
      refuses("level ")
      refuses("level maybe")
    })

    it("repeats a field to the end of the line", () => {
      assert.deepStrictEqual(decode("good x"), { _tag: "Bye", name: "x", rest: [] })
      assert.deepStrictEqual(decode("good x y  z"), { _tag: "Bye", name: "x", rest: ["y", "", "z"] })
      assert.strictEqual(encode({ _tag: "Bye", name: "x", rest: ["y", "", "z"] }), "good x y  z")
    })

    it("asks for one of a repeated field where its schema does", () => {
      assert.deepStrictEqual(decode("good day 1 2"), { _tag: "Hello", versions: ["1", "2"] })
      refuses("good day")
    })

    it("tries the longest keyword first", () => {
      assert.deepStrictEqual(decode("good night all"), { _tag: "Night" })
      assert.deepStrictEqual(decode("good night"), { _tag: "Bye", name: "night", rest: [] })
      refuses("good night all of you")
    })

    for (const line of [
      "",
      " ",
      " ping",
      "ping ",
      "ping pong",
      "PING",
      "pin",
      "pingpong",
      "get",
      "get a b",
      "put a",
      "put a b c",
      "list",
      "list a b c",
      "good",
      "nobody",
      "_tag",
      "constructor",
      "__proto__",
      "Bye x",
      "\\ping",
      "wait 1"
    ]) {
      it(`has no place for ${JSON.stringify(line)}`, () => {
        assert.include(refusalOf(line), "an unknown message or a wrong number of fields")
      })
    }

    it("takes no escaped space in a keyword for one", () => {
      refuses("good\\ day 1")
      refuses("good\\ night\\ all")
      assert.deepStrictEqual(decode("good night\\ all"), { _tag: "Bye", name: "night all", rest: [] })
    })

    it("refuses a bare LF, which would be two lines", () => {
      refuses("get a\nb")
      refuses("get a\\\\\nb")
      refuses("ping\n")
    })

    it("refuses NUL and lone surrogates, in any field", () => {
      for (const bad of ["\0", "a\0b", "\ud800", "\udc00a", "\udc00\ud800"]) {
        for (const line of [
          `get ${bad}`,
          `put a ${bad}`,
          `list a ${bad}`,
          `good x y ${bad}`,
          `good day ${bad}`
        ]) {
          assert.include(refusalOf(line), "text without NUL or lone surrogates")
        }
      }
      assert.deepStrictEqual(decode("get 😀"), { _tag: "get", key: "😀" })
    })

    it("says which field of which message is wrong", () => {
      assert.match(refusalOf("level maybe"), /"on" \| "off"[^]*state/)
    })
  })

  describe("when the messages are laid out badly", () => {
    const layouts: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
      [
        "optional fields on both sides of a required one",
        () =>
          Syntax.words([
            Message.make("m", {
              a: Schema.optionalKey(Syntax.Word),
              b: Syntax.Word,
              c: Schema.optionalKey(Syntax.Word)
            })
          ]),
        /message m, .* the optional ones stand side by side/
      ],
      [
        "a required field after a repeated one",
        () => Syntax.words([Message.make("m", { a: Schema.Array(Syntax.Word), b: Syntax.Word })]),
        /message m, only the last field can be repeated/
      ],
      [
        "an optional field after a repeated one",
        () =>
          Syntax.words([
            Message.make("m", { a: Schema.Array(Syntax.Word), b: Schema.optionalKey(Syntax.Word) })
          ]),
        /message m, only the last field can be repeated/
      ],
      [
        "two repeated fields",
        () =>
          Syntax.words([Message.make("m", { a: Schema.Array(Syntax.Word), b: Schema.Array(Syntax.Word) })]),
        /message m, only the last field can be repeated/
      ],
      [
        "one tag twice",
        () => Syntax.words([Message.make("m", {}), Message.make("m", {}, { keyword: "n" })]),
        /same tag/
      ],
      [
        "one keyword twice",
        () => Syntax.words([Message.make("m", {}), Message.make("n", {}, { keyword: "m" })]),
        /same tag or keyword/
      ]
    ]
    for (const [name, make, problem] of layouts) {
      it(`is a defect: ${name}`, () => assert.throws(make, problem))
    }
  })

  it("lets an optional field have a default", () => {
    const Page = Message.make("page", {
      name: Syntax.Word,
      number: Schema.FiniteFromString.pipe(Schema.withDecodingDefaultKey(Effect.succeed("1")))
    })
    const codec = Syntax.words([Page])
    assert.deepStrictEqual(Schema.decodeSync(codec)("page a 2"), { _tag: "page", name: "a", number: 2 })
    assert.deepStrictEqual(Schema.decodeSync(codec)("page a"), { _tag: "page", name: "a", number: 1 })
  })
})

describe("Syntax.Word", () => {
  it.prop("is text that a line can carry, and generates nothing else", [Syntax.Word], ([text]) => {
    assert.isTrue(text.isWellFormed())
    assert.notInclude(text, "\0")
    assert.deepStrictEqual(decode(encode({ _tag: "get", key: text })), { _tag: "get", key: text })
  })
})

describe("Message", () => {
  it("knows its tag, its keyword and its fields in order", () => {
    assert.strictEqual(Message.tagOf(Bye), "Bye")
    assert.strictEqual(Message.keywordOf(Bye), "good")
    assert.deepStrictEqual(Message.fieldsOf(Bye), [
      { name: "name", presence: "required" },
      { name: "rest", presence: "repeated" }
    ])
    assert.deepStrictEqual(Message.fieldsOf(List), [
      { name: "from", presence: "required" },
      { name: "to", presence: "optional" }
    ])
    assert.deepStrictEqual(Message.fieldsOf(Wait), [
      { name: "seconds", presence: "required" },
      { name: "then", presence: "repeated" }
    ])
  })

  it("has its tag for a keyword unless told otherwise, however it is annotated afterwards", () => {
    assert.strictEqual(Message.keywordOf(Get), "get")
    assert.strictEqual(Message.keywordOf(Hello.annotate({ description: "the first message" })), "good day")
  })
})
