/** What an attacker asks: expressions that reach for more than numbers, and questions that are to hurt others. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { create, all as everything } from "mathjs"
import { functions } from "../../../src/protocols/rscp/functions/Catalogue.ts"
import { ask } from "./Asking.ts"

/** What the functions of expressions make of it. */
const outcomes = (expression: string): ReadonlyArray<string> => [
  ask("EVAL", expression),
  ask("SIMPLIFY", expression),
  ask("DERIVATIVE", expression, "x"),
  ask("SOLVE", `${expression} = 0`, "x"),
  ask("SOLVE", `x = ${expression}`, "x")
]

const assertRefused = (expressions: ReadonlyArray<string>): void => {
  for (const expression of expressions) {
    for (const outcome of outcomes(expression)) assert.match(outcome, /^ERROR /, expression)
  }
}

/** Everything that may change when somebody reaches the host. */
const world = () =>
  JSON.stringify([
    Object.getOwnPropertyNames(Object.prototype),
    Object.getOwnPropertyNames(Function.prototype),
    Object.getOwnPropertyNames(globalThis),
    process.exitCode
  ])

const numeric = new Set(
  functions.filter(({ isAlgebraic }) => !isAlgebraic).map(({ keyword }) => keyword.toLowerCase())
)

/** The names of mathjs that are not those of the catalogue's functions of numbers. */
const foreign = Object.keys(create(everything!)).filter((name) => !numeric.has(name.toLowerCase()))

describe("An expression", () => {
  it("calls no function of mathjs: none that imports, defines, parses, prints, rolls dice or makes matrices", () => {
    assert.includeMembers(foreign, [
      "import",
      "createUnit",
      "evaluate",
      "parse",
      "simplify",
      "derivative",
      "help"
    ])
    assert.includeMembers(foreign, [
      "config",
      "chain",
      "random",
      "ones",
      "unit",
      "format",
      "compile",
      "parser"
    ])
    assert.isAbove(foreign.length, 150)
    for (const name of foreign) {
      for (const call of [`${name}()`, `${name}(1)`, `${name}(1, 2)`, `${name}(x)`, `2 * ${name}(sin(30))`]) {
        for (const outcome of outcomes(call)) assert.match(outcome, /^ERROR /, call)
      }
    }
  })

  it("has no text, no object, no index, no property, no assignment and no function of its own", () => {
    const before = world()
    assertRefused([
      ...['"a" + "b"', "'a'", "`a`", '"".constructor', '"a".length', 'import("fs")', 'evaluate("1 + 1")'],
      ...["{a: 1}", "{a: 1}.a", '{"a": 1}["a"]', "[1, 2, 3]", "[1][1]", "[]", "x[1]", "1:5", "1:1e9", ":"],
      ...["cos.constructor", "cos.constructor(1)", "sin.__proto__", "x.constructor", "(1).constructor"],
      ...["cos.constructor.constructor(1)()", "a.b.c", "1 .constructor", "sin . name"],
      ...["a = 1", "f(x) = x", "f(x) = f(x)", "a = import", "a.b = 1", "x[1] = 2", "{a: 1}.a = 2"],
      ...["1; 2", "1\n2", "f(x) = x; f(2)", "1 ? 2 : 3", "# 1", "1 # 2", "\\u0031", "\\x31"],
      ...["__proto__", "__proto__(1)", "__defineGetter__(1, 2)", "_x", "$x", "_degree", "_radian"],
      ...["process.exit()", "require(1)", "eval(1)", "EVAL(1)", "Function(1)", "this.x", "globalThis.x"],
      ...["constructor(1)", "toString()", "valueOf()", "hasOwnProperty(1)", "isPrototypeOf(1)"],
      ...["sin", "sin(sin)", "sum(max)", "add", "x(1)", "x()()", "(sin)(1)", "sin(1)(sin)"]
    ])
    assert.strictEqual(world(), before)
  })

  it("has no value that is no number", () => {
    assertRefused([
      ...["Infinity", "-Infinity", "NaN", "true", "false", "null", "undefined", "true + 1", "version()"],
      ...["1 == 1", "1 < 2", "not 1", "1 and 2", "1 xor 2", "~1", "1 | 2", "1 & 2", "1 << 99", "1 >>> 1"],
      ...[
        "5'",
        "1 .* 2",
        "1 ./ 2",
        "1 .^ 2",
        "5 in to cm",
        "5 cm to inch",
        "0x10",
        "0b11",
        "0o7",
        "0x1p9",
        "1i ="
      ]
    ])
  })

  it("knows only the letters, digits and signs of ASCII", () => {
    assertRefused([
      ...[
        "π",
        "２ + ２",
        "ⅷ",
        "sin\u200b(1)",
        "1 \u202e+ 1",
        "s\u0131n(1)",
        "x\u0301",
        "1 − 1",
        "2 × 3",
        "∞"
      ],
      ...["\ud800", "1 + \0", "1\u00a0+ 1", "ſin(1)", "K(1)", "@", "{", "}", "~", "1 + \u0661", "e\u0000"]
    ])
  })

  it("whose names are those of every object's properties has unknown names, and is written as it came", () => {
    const names = ["constructor", "toString", "valueOf", "hasOwnProperty", "prototype", "isPrototypeOf"]
    for (const name of [...names, "this", "globalThis", "process", "i", "cm", "end", "version"]) {
      assert.strictEqual(ask("EVAL", name), "ERROR unknown name")
      assert.strictEqual(ask("SIMPLIFY", `${name} + ${name}`), `2 * ${name}`)
      assert.strictEqual(ask("DERIVATIVE", `${name} ^ 2`, name), `2 * ${name}`)
      assert.strictEqual(ask("SOLVE", `2 * ${name} = 4`, name), "2")
    }
  })

  it("nested or chained without end is too large, and no defect", () => {
    const nested = (open: string, inside: string, close: string, depth: number) =>
      open.repeat(depth) + inside + close.repeat(depth)
    for (const expression of [
      nested("(", "1", ")", 1000),
      nested("(", "1", ")", 101),
      nested("sin(", "x", ")", 400),
      nested("-(", "1", ")", 600),
      "(".repeat(2001),
      "x".repeat(2001),
      "9".repeat(2001),
      "9^9^9^9",
      "(1e9)!",
      "999999999!",
      "combinations(1e9, 5e8)",
      "permutations(1e9, 5e8)",
      "2 ^ 1e9",
      "1e9999 * 1e9999",
      "fibonacci(1e18)",
      "10!!!"
    ]) {
      assert.strictEqual(ask("EVAL", expression), "ERROR too large", expression.slice(0, 40))
    }
    for (const chain of [
      "-".repeat(1990) + "1",
      Array.from({ length: 1000 }, () => "1").join("+"),
      "2^".repeat(900) + "2"
    ]) {
      assert.match(ask("EVAL", chain), /^(?:-?1|1000|ERROR too large)$/, chain.slice(0, 40))
    }
  })

  it("whose derivative would be written on megabytes is too large", () => {
    const product = Array.from({ length: 490 }, () => "x^x").join("*")
    assert.strictEqual(ask("DERIVATIVE", product, "x"), "ERROR too large")
  })

  it("is bounded in its numbers, also where their exponents are nonsense", () => {
    const answers = [
      ["1e99999", "ERROR too large"],
      ["1e999999999999999999", "ERROR too large"],
      ["1e-99999", "ERROR too small"],
      ["0e99999", "0"],
      ["1e9999 - 1e9999", "0"],
      [`0.${"0".repeat(900)}1 * 1e901`, "1"]
    ]
    assert.deepStrictEqual(
      answers.map(([expression]) => [expression, ask("EVAL", expression!)]),
      answers
    )
  })

  const pieces = [
    ...[
      "1",
      "x",
      "pi",
      "sin",
      "cos",
      "import",
      "constructor",
      "__proto__",
      "f",
      "e",
      "1e9",
      "0x",
      "i",
      "end"
    ],
    ...[
      "(",
      ")",
      "(",
      ")",
      ",",
      ".",
      "+",
      "-",
      "*",
      "/",
      "^",
      "!",
      "%",
      " ",
      "=",
      "[",
      "]",
      "{",
      "}",
      ":",
      ";",
      '"',
      "'"
    ],
    ...["mod", "to", "in", "not", "and", "\\", "?", "<", "|", "~", "\u00e9", "\ud83d", "\0", "\t"]
  ] as const

  it.prop(
    "of any pieces has an answer that a line can carry, and leaves the world as it was",
    [Arbitrary.array(Arbitrary.schema(Schema.Literals(pieces)), { maxLength: 12 })],
    ([some]) => {
      const before = world()
      for (const outcome of outcomes(some.join(""))) {
        assert.notMatch(outcome, /[:\n]|^$/)
        assert.isAtMost(outcome.length, 4000)
      }
      assert.strictEqual(world(), before)
    },
    { arbitrary: { runs: 400 } }
  )
})

describe("A parameter", () => {
  it.prop(
    "of any text has an answer that a line can carry, whatever function it is for",
    [
      Schema.Literals(functions.filter(({ isAlgebraic }) => !isAlgebraic).map(({ keyword }) => keyword)),
      Schema.Array(
        Schema.Union([
          Schema.String,
          Schema.Literals([
            "0",
            "-1",
            "1e9999",
            "1e-9999",
            "-1e9999",
            "90",
            "km",
            "degF",
            "FF",
            "101",
            "1e99999999"
          ])
        ])
      ).check(Schema.isMaxLength(4))
    ],
    ([keyword, parameters]) => {
      const answer = ask(keyword, ...parameters)
      assert.notMatch(answer, /[:\n]|^$|NaN|Infinity/, `${keyword} ${parameters.join(" ")}`)
    },
    { arbitrary: { runs: 500 } }
  )
})
