import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import * as Command from "../../../../src/protocols/sms/shell/Command.ts"
import * as Parameter from "../../../../src/protocols/sms/shell/Parameter.ts"

const Integer = Schema.FiniteFromString.check(Schema.isInt())

/** How many parameters of each kind there are, and the fewest words of the repeated one, if there is one. */
const shapes = Schema.Struct({
  required: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 })),
  optional: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 })),
  repeated: Schema.Union([Schema.Undefined, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 }))])
})

const parametersOf = ({ optional, repeated, required }: typeof shapes.Type): ReadonlyArray<Parameter.Any> => [
  ...Array.from({ length: required }, (_, i) => Parameter.required(`R${i}`, Integer)),
  ...Array.from({ length: optional }, (_, i) => Parameter.optional(`O${i}`, Integer)),
  ...(repeated === undefined ? [] : [Parameter.repeated("MORE", Integer, { atLeast: repeated })])
]

/** The shapes that make sense: no optional parameter before one that must be repeated. */
const sensible = shapes.check(
  Schema.makeFilter(({ optional, repeated }) => optional === 0 || repeated === undefined || repeated === 0)
)

describe("The parameters of a command", () => {
  it.prop(
    "are as many words as it takes, each under its name, and every other number of words is an error",
    [sensible, Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -99, maximum: 99 })))],
    ([shape, numbers]) => {
      const { optional, repeated, required } = shape
      const parameters = parametersOf(shape)
      const read = Parameter.readAll(parameters, numbers.map(String))
      const fewest = required + (repeated ?? 0)
      const most = repeated === undefined ? required + optional : Number.POSITIVE_INFINITY
      if (numbers.length < fewest || numbers.length > most) {
        assert.deepStrictEqual(read, Result.fail("bad number of arguments"))
        return
      }
      const names = parameters.filter(({ presence }) => presence !== "repeated").map(({ name }) => name)
      const single = names.slice(0, numbers.length).map((name, i) => [name, numbers[i]])
      const rest = repeated === undefined ? [] : [["MORE", numbers.slice(names.length)]]
      assert.deepStrictEqual(read, Result.succeed(Object.fromEntries([...single, ...rest])))
    }
  )

  it.prop(
    "are refused for the first word that is not of its type, which is told and not repeated",
    [sensible, Schema.Array(Schema.Literals(["1", "-20", "secret", "1.5"]))],
    ([shape, words]) => {
      const parameters = parametersOf(shape)
      const read = Parameter.readAll(parameters, words)
      if (Result.isSuccess(read)) {
        assert.isTrue(words.every((word) => /^-?\d+$/.test(word)))
        return
      }
      if (read.failure === "bad number of arguments") return
      const bad = words.findIndex((word) => !/^-?\d+$/.test(word))
      const expected = words[bad] === "1.5" ? "expected an integer" : "expected a finite number"
      const { name } = parameters[Math.min(bad, parameters.length - 1)]!
      assert.strictEqual(read.failure, `bad syntax: ${name}: ${expected}`)
    }
  )

  it("are shown in the usage: optional ones in brackets, repeated ones with dots", () => {
    const usage = (...parameters: ReadonlyArray<Parameter.Any>) => Parameter.usage("do", parameters)
    assert.strictEqual(usage(), "do")
    assert.strictEqual(usage(Parameter.required("A"), Parameter.optional("B")), "do A [B]")
    assert.strictEqual(usage(Parameter.required("A"), Parameter.repeated("B")), "do A [B...]")
    assert.strictEqual(usage(Parameter.repeated("B", Schema.String, { atLeast: 2 })), "do B...")
  })

  it("may have any name and any value, those of an object's own properties too", () => {
    const parameters = [Parameter.required("__proto__"), Parameter.required("constructor")]
    const values = Result.getOrThrow(Parameter.readAll(parameters, ["__proto__", "toString"]))
    assert.deepStrictEqual(Object.entries(values), [
      ["__proto__", "__proto__"],
      ["constructor", "toString"]
    ])
  })
})

describe("The declaration of a command", () => {
  const declare = (declaration: object) => () =>
    Command.declare({ name: "x", description: "d", states: ["GUEST"], ...declaration }).handle(() =>
      Effect.succeed("")
    )

  it("is refused where it makes no sense", () => {
    const bad: ReadonlyArray<readonly [object, RegExp]> = [
      [{ name: "" }, /the command : a name is/],
      [{ name: "a b" }, /a name is/],
      [{ name: "x".repeat(33) }, /a name is/],
      [{ description: "" }, /a description is one line/],
      [{ description: "a\nb" }, /a description is one line/],
      [{ description: undefined }, /a description is one line/],
      [{ states: [] }, /the states are/],
      [{ states: undefined }, /the states are/],
      [{ states: ["ROOT"] }, /the states are/],
      [
        { parameters: [Parameter.optional("A"), Parameter.required("B")] },
        /required parameters come first, then optional ones, then one repeated/
      ],
      [{ parameters: [Parameter.repeated("A"), Parameter.repeated("B")] }, /then one repeated/],
      [{ parameters: [Parameter.required("A"), Parameter.optional("A")] }, /the same name/],
      [
        { parameters: [Parameter.optional("A"), Parameter.repeated("B", Schema.String, { atLeast: 1 })] },
        /no optional parameter before one that must be repeated/
      ]
    ]
    for (const [declaration, problem] of bad) assert.throws(declare(declaration), problem)
    assert.doesNotThrow(declare({}))
  })

  it("gives the handler its parameters, storage and configuration with their types, and no others", () => {
    const declared = Command.declare({
      name: "typed",
      description: "d",
      states: ["GUEST"],
      parameters: [
        Parameter.required("A", Integer),
        Parameter.optional("B"),
        Parameter.repeated("C", Schema.Literals(["x", "y"]))
      ],
      configuration: Schema.Struct({ town: Schema.String }),
      storage: { seen: Schema.Finite }
    })
    const command = declared.handle(
      Effect.fnUntraced(function* ({ configuration, parameters, session }) {
        const a: number = parameters.A
        const b: string | undefined = parameters.B
        const c: ReadonlyArray<"x" | "y"> = parameters.C
        // @ts-expect-error -- there is no such parameter
        const d: unknown = parameters.D
        // @ts-expect-error -- the command declares no such key
        const other = session.get("other")
        // @ts-expect-error -- what is kept there is a number
        const set = session.set("seen", "often")
        // @ts-expect-error -- a command sees no storage but its own
        const storage: unknown = session.storage
        const seen: number | undefined = yield* session.get("seen")
        return [a, b, c, d, other, set, storage, seen, configuration.town].join()
      })
    )
    assert.isTrue(Command.isCommand(command))
    assert.isFalse(Command.isCommand(declared))
  })

  it("takes failures that extend the common one, and no others", () => {
    class NoCredit extends Command.CommandFailed.extend<NoCredit>("NoCredit")({ missing: Schema.Finite }) {}
    const declared = Command.declare({ name: "pay", description: "d", states: ["GUEST"] })
    const pay = declared.handle(() => Effect.fail(new NoCredit({ text: "no credit", missing: 2 })))
    // @ts-expect-error -- whoever texts would not know what to make of it
    const odd = declared.handle(() => Effect.fail(new Error("no credit")))
    assert.isTrue([pay, odd].every(Command.isCommand))
  })
})
