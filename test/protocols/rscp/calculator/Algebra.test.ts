import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { Working } from "../../../../src/protocols/rscp/functions/Decimal.ts"
import { ask } from "../Asking.ts"

const evaluate = (expression: string): string => ask("EVAL", expression)

/** The expression with a number in the place of x. */
const at = (expression: string, x: string): string => expression.replaceAll(/\bx\b/g, `(${x})`)

const any = (...values: ReadonlyArray<string>): Arbitrary.Arbitrary<string> =>
  Arbitrary.schema(Schema.Literals(values))

const filled = (template: string, operands: ReadonlyArray<string>): string =>
  operands.reduce((text, operand) => text.replace("_", operand), template)

/** Expressions of x that have a value and a derivative everywhere between 0 and 2. */
const smooth = (depth: number): Arbitrary.Arbitrary<string> => {
  const leaf = any("x", "x", "2", "0.5", "-3", "pi", "1 / 3")
  if (depth === 0) return leaf
  const operand = smooth(depth - 1)
  return Arbitrary.map(
    Arbitrary.all([
      any(
        ...["(_ + _)", "(_ - _)", "_ * _", "(_)(_)", "-(_)", "_ / (2 + sin(_))", "(_) ^ 2", "(_) ^ 3"],
        ...["sin(_)", "cos(_)", "atan(_)", "sinh(sin(_))", "cosh(cos(_))", "tanh(_)", "asinh(_)"],
        ...["exp(sin(_))", "ln(3 + cos(_))", "sqrt((_) ^ 2 + 1)", "2 ^ sin(_)", "square(_)", "cube(_)"],
        ...["log(2 + cos(_), 10)", "log10(2 + cos(_))", "log2(2 + cos(_))", "radians(_)", "degrees(sin(_))"],
        ...["asin(sin(_) / 2)", "acos(cos(_) / 2)", "atanh(sin(_) / 2)", "acosh(2 + sin(_))", "sech(_)"],
        ...[
          "inv(2 + sin(_))",
          "hypot(_, 1)",
          "tan(sin(_))",
          "sec(sin(_))",
          "cbrt(2 + sin(_))",
          "root(2 + sin(_), 4)"
        ],
        ...["exp2(sin(_))", "exp10(cos(_))", "(_ + 5!)", "_ * sin(30)"]
      ),
      operand,
      operand
    ]),
    ([template, one, other]) => filled(template, [`(${one})`, `(${other})`])
  )
}

const points = any("0.3", "0.7", "1.1", "1.9")

const assertNear = (one: string, other: string, message: string): void => {
  const [a, b] = [new Working(one), new Working(other)]
  const isNear = a.minus(b).abs().lte(a.abs().plus(b.abs()).plus(1).times("1e-10"))
  assert.isTrue(isNear, `${message}: ${one} is not ${other}`)
}

describe("EVAL", () => {
  it("computes each function as the catalogue does, in either case", () => {
    assert.strictEqual(evaluate("SIN(37.5) + sin(37.5) * 0"), ask("SIN", "37.5"))
    assert.strictEqual(evaluate("fact(20)"), ask("FACT", "20"))
    assert.strictEqual(evaluate("combinations(49, 6)"), ask("COMBINATIONS", "49", "6"))
    assert.strictEqual(evaluate("sample_deviation(1, 2, 4)"), ask("SAMPLE_DEVIATION", "1", "2", "4"))
    assert.strictEqual(evaluate("Speed_Of_Light"), ask("SPEED_OF_LIGHT"))
  })

  it("leaves nothing of its rounding in an answer", () => {
    const settled = [
      ["1 / 3 * 3 - 1", "0"],
      ["sqrt(2) ^ 2 - 2", "0"],
      ["floor(1 / 3 * 3)", "1"],
      ["floor(sqrt(2) ^ 2)", "2"],
      ["ceil(sqrt(2) ^ 2)", "2"],
      ["fact(sqrt(9) * (1 / 3) * 3)", "6"],
      ["sign(sin(45) - cos(45))", "0"],
      ["(-8) ^ (1 / 3 * 3)", "-8"],
      ["asin(sqrt(0.5) ^ 2 * 2)", "90"],
      ["ln(e ^ 2) - 2", "0"],
      ["10 mod (1 / 3 * 3)", "0"]
    ]
    assert.deepStrictEqual(
      settled.map(([expression]) => [expression, evaluate(expression!)]),
      settled
    )
  })

  it("loses no digit where nothing is rounded", () => {
    assert.strictEqual(evaluate("1e60 + 1 - 1e60"), "1")
    assert.strictEqual(evaluate("1e60 + 0.5 - 1e60"), "0.5")
    assert.strictEqual(evaluate("2 ^ 500 + 1 - 2 ^ 500"), "1")
    assert.strictEqual(evaluate("50! + 1 - 50!"), "1")
    assert.strictEqual(evaluate("1e-60 - 2e-60"), "-1e-60")
  })

  it("knows no variable, and takes no text for a number", () => {
    assert.strictEqual(evaluate("x + 1"), "ERROR unknown name")
    assert.strictEqual(evaluate("factors(12)"), "ERROR not a number")
    assert.strictEqual(evaluate("hex(255)"), "ERROR not a number")
    assert.strictEqual(evaluate("convert(1, km, m)"), "ERROR unknown function")
    assert.strictEqual(evaluate("sin(1, 2)"), "ERROR 1 parameter expected")
    assert.strictEqual(evaluate("mean()"), "ERROR at least 1 parameter expected")
  })
})

describe("DERIVATIVE", () => {
  it.prop(
    "is the slope",
    [smooth(2), points],
    ([expression, x]) => {
      const derivative = ask("DERIVATIVE", expression, "x")
      assert.notMatch(derivative, /ERROR/, expression)
      const slope = `((${at(expression, `${x} + 1e-20`)}) - (${at(expression, `${x} - 1e-20`)})) / 2e-20`
      assertNear(evaluate(at(derivative, x)), evaluate(slope), `${expression} by x at ${x}, ${derivative}`)
    },
    { arbitrary: { runs: 60 } }
  )

  it("is written as people write it", () => {
    const written = [
      ["x ^ 2", "2 * x"],
      ["3x ^ 2 + 2x + 1", "6 * x + 2"],
      ["ln(x)", "1 / x"],
      ["exp(2x)", "2 * exp(2 * x)"],
      ["sin(x)", "pi / 180 * cos(x)"],
      ["x * sin(x)", "sin(x) + x * pi / 180 * cos(x)"],
      ["asin(x)", "180 / pi / sqrt(1 - x ^ 2)"],
      ["sin(floor(y)) * x", "sin(floor(y))"],
      ["y ^ 2", "0"],
      ["x ^ y", "y * x ^ (y - 1)"]
    ]
    assert.deepStrictEqual(
      written.map(([expression]) => [expression, ask("DERIVATIVE", expression!, "x")]),
      written
    )
  })

  it("says what has none", () => {
    for (const expression of ["floor(x)", "x!", "x % 2", "gcd(x, 3)", "max(x, 1)"]) {
      assert.strictEqual(ask("DERIVATIVE", expression, "x"), "ERROR not differentiable", expression)
    }
    assert.strictEqual(ask("DERIVATIVE", "floor(y) * x", "x"), "floor(y)")
    assert.strictEqual(ask("DERIVATIVE", "x", "pi"), "ERROR not a variable")
    assert.strictEqual(ask("DERIVATIVE", "x", "sin"), "ERROR not a variable")
    assert.strictEqual(ask("DERIVATIVE", "x", "x y"), "ERROR not a variable")
  })
})

describe("SIMPLIFY", () => {
  it.prop(
    "changes no value",
    [smooth(2), points],
    ([expression, x]) => {
      const simple = ask("SIMPLIFY", expression)
      assert.notMatch(simple, /ERROR/, expression)
      assertNear(evaluate(at(simple, x)), evaluate(at(expression, x)), `${expression} at ${x}, ${simple}`)
    },
    { arbitrary: { runs: 60 } }
  )

  it("puts like terms and constants together", () => {
    const written = [
      ["x + x", "2 * x"],
      ["2 * 3 + x * 0", "6"],
      ["x * x ^ 2", "x ^ 3"],
      ["0.1 + 0.2", "0.3"],
      ["sin(30) * x", "0.5 * x"],
      ["sqrt(2) * 1", "sqrt(2)"],
      ["SIN(x) + sin(x)", "2 * sin(x)"],
      ["x", "x"]
    ]
    assert.deepStrictEqual(
      written.map(([expression]) => [expression, ask("SIMPLIFY", expression!)]),
      written
    )
  })

  it("refuses what has no value whatever its variables are", () => {
    const refusals = [
      ["1 / 0", "division by zero"],
      ["0 / 0", "division by zero"],
      ["x / 0", "division by zero"],
      ["x % 0", "division by zero"],
      ["x + sqrt(-1)", "outside the domain"],
      ["x * 1e9!", "too large"],
      ["x * 1e9000 * 1e9000", "too large"]
    ]
    assert.deepStrictEqual(
      refusals.map(([expression]) => [expression, ask("SIMPLIFY", expression!)]),
      refusals.map(([expression, reason]) => [expression, `ERROR ${reason}`])
    )
  })
})

describe("SOLVE", () => {
  it.prop(
    "finds the roots that an equation was made of",
    [
      Arbitrary.all([
        any("-7", "-0.5", "0", "1", "12.25"),
        any("-3", "-0.5", "2", "100"),
        any("1", "-2", "0.1")
      ])
    ],
    ([[one, other, factor]]) => {
      const roots = [...new Set([one, other])].toSorted((a, b) => Number(a) - Number(b)).join(", ")
      assert.strictEqual(ask("SOLVE", `${factor} * (x - (${one})) * (x - (${other})) = 0`, "x"), roots)
      assert.strictEqual(ask("SOLVE", `${factor} * (u - (${one})) + 5 = 5`, "u"), one)
    }
  )

  it("says what has no solution, and what is no equation of the first or second degree", () => {
    const answers = [
      ["x = x", "ERROR any number is a solution"],
      ["x = x + 1", "ERROR no solution"],
      ["x ^ 2 + 1 = 0", "ERROR no solution"],
      ["x / 3 + x / 3 + x / 3 - x = 1", "ERROR no solution"],
      ["(sqrt(2) ^ 2 - 2) * x ^ 2 + x = 1", "1"],
      ["x ^ 3 - x ^ 3 + x = 4", "4"],
      ["x ^ 3 = 1", "ERROR neither linear nor quadratic"],
      ["1 / x = 2", "ERROR neither linear nor quadratic"],
      ["sin(x) = 1", "ERROR neither linear nor quadratic"],
      ["x + y = 1", "ERROR unknown name"],
      ["x / 0 = 1", "ERROR division by zero"],
      ["x + 1", "ERROR not an equation"],
      ["x = 1 = 2", "ERROR not an equation"],
      ["= 1", "ERROR not an expression"],
      ["x == 1", "ERROR not an equation"]
    ]
    assert.deepStrictEqual(
      answers.map(([equation]) => [equation, ask("SOLVE", equation!, "x")]),
      answers
    )
  })
})
