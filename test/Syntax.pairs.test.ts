import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Schema, SchemaGetter } from "effect"
import * as Framing from "../src/Framing.ts"
import * as Message from "../src/Message.ts"
import * as Protocol from "../src/Protocol.ts"
import * as Syntax from "../src/Syntax.ts"

const Ping = Message.make("ping", {})
const Point = Message.make("point", {
  x: Syntax.Quotable,
  y: Syntax.Quotable,
  note: Schema.optionalKey(Syntax.Quotable)
})
const Maybe = Message.make("maybe", {
  a: Schema.optionalKey(Syntax.Quotable),
  b: Schema.optionalKey(Syntax.Quotable)
})
const Say = Message.make("say", { text: Syntax.Quotable })
const Digits = Schema.String.check(Schema.isPattern(/^[0-9]+$/))
const Count = Message.make(
  "Count",
  {
    n: Digits.pipe(
      Schema.decodeTo(Schema.Finite, {
        decode: SchemaGetter.transform(Number),
        encode: SchemaGetter.transform(String)
      })
    )
  },
  { keyword: "count" }
)

const messages = [Ping, Point, Maybe, Say, Count] as const
const Any = Schema.Union(messages)
type Any = typeof Any.Type
const codec = Syntax.pairs(messages, { bare: ["say", "Count"] })
/** The same without a message that transforms its fields, which opens the fast path, and without bare ones. */
const plain = Syntax.pairs([Ping, Point, Maybe, Say])

const decode = Schema.decodeSync(codec)
const encode = Schema.encodeSync(codec)
const refuses = (line: string) =>
  assert.isTrue(Exit.isFailure(Schema.decodeUnknownExit(codec)(line)), JSON.stringify(line))

const piece = (...more: ReadonlyArray<string>) =>
  Arbitrary.schema(
    Schema.Literals(["a", "é", "😀", " ", "=", "::", "\\", "\r", "\0", "\ufeff", "5", ...more])
  )

/** Values of the characters that mean something on a line, save those that no value can have. */
const value = Arbitrary.map(Arbitrary.array(piece(), { minLength: 1, maxLength: 6 }), (all) => all.join(""))

const anyMessage: Arbitrary.Arbitrary<Any> = Arbitrary.map(
  Arbitrary.all({
    x: value,
    y: value,
    n: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 }))),
    pick: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8 })))
  }),
  ({ n, pick, x, y }) => {
    const all: ReadonlyArray<Any> = [
      { _tag: "ping" },
      { _tag: "point", x, y },
      { _tag: "point", x, y, note: x },
      { _tag: "maybe" },
      { _tag: "maybe", a: x },
      { _tag: "maybe", b: y },
      { _tag: "maybe", a: x, b: y },
      { _tag: "say", text: x },
      // There is no -0 in digits.
      { _tag: "Count", n: n === 0 ? 0 : n }
    ]
    return all[pick]!
  }
)

const pairsOf = ({ _tag, ...fields }: Any): ReadonlyArray<string> =>
  Object.entries(fields).map(([key, value]) => `${key}="${value}"`)

const keywordOf = ({ _tag }: Any): string => _tag.toLowerCase()

const required: Record<string, ReadonlyArray<string>> = {
  ping: [],
  point: ["x", "y"],
  maybe: [],
  say: ["text"],
  count: ["n"]
}
const allowed: Record<string, ReadonlyArray<string>> = {
  ...required,
  point: ["x", "y", "note"],
  maybe: ["a", "b"]
}

/** The pairs of a line, read by other means than the syntax: nothing where the documentation has no such line. */
const readByTheBook = (line: string): Record<string, string> | undefined => {
  const [, verb, rest] = /^([a-z]+)(?: ([^]*))?$/.exec(line) ?? []
  if (verb === undefined || !Object.hasOwn(required, verb)) return undefined
  const fields: Record<string, string> = {}
  if (rest !== undefined) {
    const isPairs = /^[a-z]+="[^"\n]+"(?:::[a-z]+="[^"\n]+")*$/.test(rest)
    const bare = /^(?:"([^"\n]+)"|([^"\n]+))$/.exec(rest)
    if (isPairs) {
      for (const [, key, value] of rest.matchAll(/([a-z]+)="([^"\n]+)"/g)) {
        if (Object.hasOwn(fields, key!)) return undefined
        fields[key!] = value!
      }
    } else if (bare !== null && (verb === "say" || verb === "count")) {
      fields[required[verb]![0]!] = bare[1] ?? bare[2]!
    } else {
      return undefined
    }
  }
  if (!Object.keys(fields).every((key) => allowed[verb]!.includes(key))) return undefined
  if (!required[verb]!.every((key) => Object.hasOwn(fields, key))) return undefined
  return fields["n"] === undefined || /^[0-9]+$/.test(fields["n"]) ? fields : undefined
}

/** Lines from the pieces that lines are made of, so that many are messages and many are nearly. */
const almostLines = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(
      Schema.Literals(["ping", "point", "maybe", "say", "count", "Ping", "x", "", "constructor"])
    ),
    Arbitrary.array(
      piece(
        " ",
        '"',
        '""',
        "\n",
        "\ud800",
        ...["x", "y", "note", "a", "b", "text", "z"].flatMap((key) => [
          `${key}="1"`,
          `${key}="::"`,
          `::${key}="2"`
        ])
      ),
      { maxLength: 5 }
    ),
    Arbitrary.schema(Schema.Boolean)
  ]),
  ([verb, rest, spaced]) => `${verb}${spaced ? " " : ""}${rest.join("")}`
)

const runs = { arbitrary: { runs: 2000 } }

describe("Syntax.pairs", () => {
  it.prop(
    "brings every message through a line",
    [anyMessage],
    ([message]) => {
      const line = encode(message)
      assert.notInclude(line, "\n")
      assert.deepStrictEqual(decode(line), message)
      if (message._tag !== "Count") {
        assert.deepStrictEqual(Schema.decodeSync(plain)(Schema.encodeSync(plain)(message)), message)
      }
    },
    runs
  )

  it.prop("brings through what its Schema generates", [Schema.toType(plain)], ([message]) => {
    assert.deepStrictEqual(Schema.decodeSync(plain)(Schema.encodeSync(plain)(message)), message)
  })

  it.prop(
    "takes the pairs in any order, and writes them in that of the fields",
    [anyMessage, Schema.Array(Schema.Finite)],
    ([message, weights]) => {
      const pairs = pairsOf(message)
      const shuffled = pairs
        .map((pair, i) => ({ pair, weight: weights[i] ?? 0 }))
        .toSorted((a, b) => a.weight - b.weight)
        .map(({ pair }) => pair)
      const keyword = keywordOf(message)
      const line = shuffled.length === 0 ? keyword : `${keyword} ${shuffled.join("::")}`
      assert.deepStrictEqual(decode(line), message)
      if (message._tag === "point") assert.strictEqual(encode(message), `point ${pairs.join("::")}`)
    },
    runs
  )

  it.prop(
    "refuses a message with one of its keys twice, with one that it does not know, and without one that it needs",
    [anyMessage],
    ([message]) => {
      const pairs = pairsOf(message)
      const line = (...pairs: ReadonlyArray<string>) => `${keywordOf(message)} ${pairs.join("::")}`
      for (const [i, pair] of pairs.entries()) {
        refuses(line(...pairs, pair))
        const without = pairs.toSpliced(i, 1)
        const key = pair.slice(0, pair.indexOf("="))
        if (without.length > 0 && required[keywordOf(message)]!.includes(key)) refuses(line(...without))
      }
      refuses(line(...pairs, 'zzz="1"'))
      refuses(line('_tag="ping"', ...pairs))
      refuses(line('__proto__="1"', ...pairs))
    },
    runs
  )

  it.prop(
    "reads of any line the same as the documentation says, and writes of it what reads the same",
    [almostLines],
    ([line]) => {
      const fields = readByTheBook(line)
      const isText = fields !== undefined && Object.values(fields).every((value) => value.isWellFormed())
      const exit = Schema.decodeUnknownExit(codec)(line)
      assert.strictEqual(Exit.isSuccess(exit), isText, JSON.stringify(line))
      if (Exit.isFailure(exit)) return
      const { _tag, ...read } = exit.value
      assert.deepStrictEqual(
        Object.fromEntries(Object.entries(read)),
        Object.fromEntries(
          Object.entries(fields!).map(([key, value]) => [key, key === "n" ? Number(value) : value])
        )
      )
      assert.deepStrictEqual(decode(encode(exit.value)), exit.value)
    },
    runs
  )

  it.prop("reads any text at all without a defect", [Schema.String], ([text]) => {
    const exit = Schema.decodeUnknownExit(codec)(text)
    if (Exit.isFailure(exit)) assert.isTrue(Schema.isSchemaError(failureOf(exit)))
    else assert.deepStrictEqual(decode(encode(exit.value)), exit.value)
  })

  it("keeps `::`, `=` and spaces inside quotes as they are", () => {
    assert.deepStrictEqual(decode('point x="a::y=b"::y=" = "'), { _tag: "point", x: "a::y=b", y: " = " })
    assert.deepStrictEqual(decode('point y="::"::x="="'), { _tag: "point", x: "=", y: "::" })
    assert.strictEqual(encode({ _tag: "point", x: "a::y=b", y: " = " }), 'point x="a::y=b"::y=" = "')
  })

  it("has a verb alone where no field is needed, and then no space either", () => {
    assert.deepStrictEqual(decode("ping"), { _tag: "ping" })
    assert.deepStrictEqual(decode("maybe"), { _tag: "maybe" })
    assert.strictEqual(encode({ _tag: "maybe" }), "maybe")
    for (const line of ["ping ", "maybe ", "point", "point ", "say", "say ", "count"]) refuses(line)
  })

  it("takes a single field bare, in quotes and as a pair, and writes it bare", () => {
    for (const line of ["say hi", 'say "hi"', 'say text="hi"']) {
      assert.deepStrictEqual(decode(line), { _tag: "say", text: "hi" })
    }
    assert.strictEqual(encode({ _tag: "say", text: "hi" }), "say hi")
    assert.deepStrictEqual(decode("say  hi "), { _tag: "say", text: " hi " })
    assert.deepStrictEqual(decode("say text=hi"), { _tag: "say", text: "text=hi" })
    assert.deepStrictEqual(decode("say a::b"), { _tag: "say", text: "a::b" })
    for (const line of ['say ""', 'say "', 'say "hi', 'say hi"', 'say "a"b"', 'say "a"::text="b"'])
      refuses(line)
    for (const line of ['say text="a"::text="b"', 'say text=""', 'say text="a" ']) refuses(line)
    // Only those that were named are ever bare.
    assert.isTrue(Exit.isFailure(Schema.decodeUnknownExit(plain)("say hi")))
  })

  for (const line of [
    'point x="1"::y=""',
    'point x="1"::y="2',
    'point x="1"::y=2',
    'point x="1":y="2"',
    'point x="1":::y="2"',
    'point x="1" :: y="2"',
    'point x="1" y="2"',
    'point x="1"::y="2"::',
    'point ::x="1"::y="2"',
    'point x="1"::y="2" ',
    'point x="1"::y="2"x',
    'point  x="1"::y="2"',
    ' point x="1"::y="2"',
    'point X="1"::y="2"',
    'point x ="1"::y="2"',
    'point x= "1"::y="2"',
    "point x='1'::y='2'",
    'point x="1"\ty="2"',
    'point\tx="1"::y="2"',
    'point x="a\\"b"::y="2"',
    'point x="a\nb"::y="2"',
    'POINT x="1"::y="2"',
    "",
    " ",
    '"ping"'
  ]) {
    it(`has no place for ${JSON.stringify(line)}`, () => refuses(line))
  }

  it("refuses to write what stands in no quotes", () => {
    for (const text of ["", '"', 'a"b', "a\nb", "\ud800"]) {
      assert.isTrue(Exit.isFailure(Schema.encodeUnknownExit(codec)({ _tag: "say", text })), text)
    }
  })

  it("refuses to write a field of any text where a line cannot carry it, and says which", () => {
    const Tell = Message.make("tell", { text: Schema.String, note: Schema.optionalKey(Schema.String) })
    const Hum = Message.make("hum", { text: Schema.String })
    for (const messages of [
      [Tell, Hum],
      [Tell, Hum, Count]
    ]) {
      const codec = Syntax.pairs(messages, { bare: ["hum"] })
      const protocol = Protocol.make({
        name: "any",
        framing: Framing.lines({ maxLength: 100 }),
        request: codec,
        reply: codec,
        onInvalid: [],
        onDefect: []
      })
      for (const text of ["", 'a"::note="b', "a\nping", "\ud800"]) {
        for (const [message, problem] of [
          [{ _tag: "tell", text }, /without quotes .* in the message tell[^]*"text"/],
          [{ _tag: "tell", text: "a", note: text }, /in the message tell[^]*"note"/],
          [{ _tag: "hum", text }, /in the message hum[^]*"text"/]
        ] as const) {
          assert.throws(() => protocol.encodeRequest(message), problem)
          assert.throws(() => Schema.encodeSync(codec)(message))
        }
      }
      assert.strictEqual(protocol.encodeRequest({ _tag: "tell", text: "a::b" }), 'tell text="a::b"')
    }
  })

  it("says which field of which message is wrong", () => {
    const exit = Schema.decodeUnknownExit(codec)('count n="x"')
    assert.match(String(failureOf(exit)), /n/)
    refuses("count x")
    assert.deepStrictEqual(decode('count "100"'), { _tag: "Count", n: 100 })
  })

  describe("when the messages are laid out badly", () => {
    const layouts: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
      [
        "a repeated field",
        () => Syntax.pairs([Message.make("m", { a: Schema.Array(Syntax.Quotable) })]),
        /message m, a key stands once/
      ],
      [
        "a bare message of two fields",
        () => Syntax.pairs([Point], { bare: ["point"] }),
        /message point can be bare/
      ],
      ["a bare message of none", () => Syntax.pairs([Ping], { bare: ["ping"] }), /message ping can be bare/],
      ["one tag twice", () => Syntax.pairs([Ping, Message.make("ping", {}, { keyword: "p" })]), /same tag/],
      ["one keyword twice", () => Syntax.pairs([Ping, Message.make("P", {}, { keyword: "ping" })]), /keyword/]
    ]
    for (const [name, make, problem] of layouts) {
      it(`is a defect: ${name}`, () => assert.throws(make, problem))
    }
  })

  it("lets an optional field have a default", () => {
    const Page = Message.make("page", {
      number: Schema.FiniteFromString.pipe(Schema.withDecodingDefaultKey(Effect.succeed("1")))
    })
    const codec = Syntax.pairs([Page])
    assert.deepStrictEqual(Schema.decodeSync(codec)('page number="2"'), { _tag: "page", number: 2 })
    assert.deepStrictEqual(Schema.decodeSync(codec)("page"), { _tag: "page", number: 1 })
  })
})

describe("Syntax.Quotable", () => {
  it.prop("is text that stands in quotes, and generates nothing else", [Syntax.Quotable], ([text]) => {
    assert.match(text, /^[^"\n]+$/)
    assert.isTrue(text.isWellFormed())
    assert.deepStrictEqual(decode(`say "${text}"`), { _tag: "say", text })
  })
})

const failureOf = (exit: Exit.Exit<unknown, Schema.SchemaError>): unknown => {
  const [reason] = Exit.isFailure(exit) ? exit.cause.reasons : []
  return reason?._tag === "Fail" ? reason.error : undefined
}
