/** The laws of `Syntax.words` for arbitrary lists of messages, with every combination of its options. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Exit, Schema } from "effect"
import * as Message from "../src/Message.ts"
import * as Syntax from "../src/Syntax.ts"

/** What can stand in the words of a syntax, whatever its options. */
const common = ["a", "B", "1", "é", "\\", "x"]

const configurations: ReadonlyArray<{
  readonly options: Syntax.WordsOptions
  /** Pieces of words that these options can write, beside the common ones. */
  readonly pieces: ReadonlyArray<string>
  readonly empty: boolean
  readonly payload: boolean
}> = [
  { options: {}, pieces: [" ", "\n", "\\ ", '"'], empty: true, payload: false },
  { options: { separator: "," }, pieces: [",", " ", "\n"], empty: true, payload: false },
  {
    options: { separator: "^", collapse: true },
    pieces: ["^", " ", "\n", "-"],
    empty: false,
    payload: false
  },
  { options: { separator: "-" }, pieces: ["-", "]", "\n"], empty: true, payload: false },
  { options: { caseInsensitive: true }, pieces: [" ", "\n"], empty: true, payload: false },
  { options: { escape: "none" }, pieces: ['"', "\r", ":"], empty: true, payload: true },
  { options: { escape: "none", collapse: true }, pieces: ['"', ":"], empty: false, payload: true },
  {
    options: { escape: "none", separator: ",", caseInsensitive: true },
    pieces: [" "],
    empty: true,
    payload: true
  },
  { options: { quotes: true }, pieces: [" ", '"', "\n", "\r", "\\n"], empty: true, payload: true },
  {
    options: { quotes: true, collapse: true, separator: ";" },
    pieces: [" ", ";", '"', "\n"],
    empty: true,
    payload: true
  }
]

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const kinds = Schema.Array(Schema.Literals(["word", "integer", "slow"])).check(Schema.isMaxLength(2))

/** A message as a list of kinds of fields. */
const Shape = Schema.Struct({
  before: kinds,
  optional: kinds,
  after: kinds,
  last: Schema.Literals(["none", "repeated", "rest", "payload"]),
  keyword: Schema.Literals(["one", "two", "two words"])
})
type Shape = typeof Shape.Type

const schemas = {
  word: Syntax.Word,
  integer: Syntax.Integer,
  // Transformed in a way that only its Schema knows.
  slow: Schema.FiniteFromString
}

const messagesOf = (
  shapes: ReadonlyArray<Shape>,
  separator: string,
  payload: boolean
): ReadonlyArray<Syntax.TextMessage> =>
  shapes.map(({ after, before, keyword, last, optional }, i) => {
    const place = last === "none" || ((last === "rest" || last === "payload") && !payload) ? "none" : last
    const fields: Record<string, Schema.Top> = {}
    for (const [j, kind] of before.entries()) fields[`before${j}`] = schemas[kind]
    if (place !== "rest") {
      for (const [j, kind] of optional.entries()) fields[`optional${j}`] = Schema.optionalKey(schemas[kind])
      for (const [j, kind] of after.entries()) fields[`after${j}`] = schemas[kind]
    }
    if (place === "payload") fields["payload"] = Syntax.Payload
    if (place === "repeated") fields["repeated"] = Schema.Array(Syntax.Word)
    if (place === "rest") fields["rest"] = Syntax.Rest
    const words = [`${keyword.split(" ")[0]!}${i}`, ...keyword.split(" ").slice(1)]
    return Message.make(`tag${i}`, fields, {
      keyword: words.join(separator)
    }) as unknown as Syntax.TextMessage
  })

/** A value of a message, of words and numbers in turn, with its first optional fields. */
const valueOf = (
  message: Syntax.TextMessage,
  words: ReadonlyArray<string>,
  present: number
): { readonly _tag: string } => {
  let at = 0
  const next = (): string => words[at++ % words.length]!
  const value: Record<string, unknown> = { _tag: Message.tagOf(message) }
  const optionals = Message.fieldsOf(message).filter(({ presence }) => presence === "optional").length
  for (const { type, name } of message.ast.propertySignatures) {
    const field = String(name)
    if (field === "_tag" || (field.startsWith("optional") && Number(field.slice(8)) >= present)) continue
    // A repeated field has nothing where an optional one before it is absent.
    if (field === "repeated") value[field] = present < optionals ? [] : [next(), next()]
    else if (field === "rest") value[field] = `r${next().replaceAll("\n", "")} : "x  `
    else if (field === "payload") value[field] = new Uint8Array([0, 10, 13, 32, 255].slice(present))
    else value[field] = type._tag === "Number" ? next().length - present : next()
  }
  return value as { readonly _tag: string }
}

const cases = Arbitrary.schema(
  Schema.Struct({
    configuration: small(configurations.length - 1),
    shapes: Schema.NonEmptyArray(Shape).check(Schema.isMaxLength(3)),
    words: Schema.NonEmptyArray(Schema.Array(small(20)).check(Schema.isMaxLength(4))).check(
      Schema.isMaxLength(5)
    ),
    present: small(2),
    mutation: Schema.Array(Schema.Struct({ at: small(40), text: small(20) })).check(Schema.isMaxLength(3))
  })
)

const built = ({ configuration, shapes, words }: Pick<Generated, "configuration" | "shapes" | "words">) => {
  const { empty, options, payload, pieces } = configurations[configuration]!
  const alphabet = [...common, ...pieces]
  const messages = messagesOf(shapes, options.separator ?? " ", payload)
  const texts = words.map((word) => word.map((i) => alphabet[i % alphabet.length]!).join(""))
  return {
    alphabet: [...alphabet, options.separator ?? " ", "one0", "two1", "words", "\n", "\0", "5", "\ud800"],
    codec: Syntax.words(messages, options),
    messages,
    words: empty ? texts : texts.map((text) => text || "x")
  }
}

type Generated = typeof cases extends Arbitrary.Arbitrary<infer A> ? A : never

const many = { arbitrary: { runs: 1500 } }

describe("Every combination of the options of words", () => {
  it.prop(
    "brings every message of every list of messages through",
    [cases],
    ([generated]) => {
      const { codec, messages, words } = built(generated)
      for (const message of messages) {
        const value = valueOf(message, words, generated.present)
        const frame = codec.encodeFrame(value)
        assert.deepStrictEqual(codec.decodeFrame(frame), value, JSON.stringify(frame))
        assert.strictEqual(Schema.encodeSync(codec)(value), frame)
        assert.deepStrictEqual(Schema.decodeSync(codec)(frame), value)
      }
    },
    many
  )

  it.prop(
    "reads of any line what the Schema reads, or says what is wrong, and never throws",
    [cases],
    ([generated]) => {
      const { alphabet, codec, messages, words } = built(generated)
      for (const message of messages) {
        let line = codec.encodeFrame(valueOf(message, words, generated.present))
        for (const { at, text } of generated.mutation) {
          line = line.slice(0, at) + alphabet[text % alphabet.length]! + line.slice(at + (text % 2))
        }
        const exit = Schema.decodeUnknownExit(codec)(line)
        const read = codec.decodeFrame(line)
        if (Exit.isSuccess(exit)) {
          assert.deepStrictEqual(read, exit.value, JSON.stringify(line))
          continue
        }
        assert.instanceOf(read, Syntax.Malformed)
        assert.strictEqual(read.frame, line)
        assert.include(
          ["UnknownMessage", "TooFewFields", "TooManyFields", "InvalidField", "Unreadable"],
          read.reason._tag
        )
        if ("problem" in read.reason) assert.notMatch(read.reason.problem, /^$|\n/)
        codec.payloadLength(line)
      }
    },
    many
  )

  it.prop("reads any text at all without an exception", [Schema.String, cases], ([line, generated]) => {
    const { codec } = built(generated)
    const read = codec.decodeFrame(line)
    if (read instanceof Syntax.Malformed) assert.strictEqual(read.frame, line)
    else assert.deepStrictEqual(codec.decodeFrame(codec.encodeFrame(read)), read)
    codec.payloadLength(line)
  })
})
