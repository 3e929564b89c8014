/** What holds of the functions whatever they are asked. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Decimal from "../../../../src/protocols/rscp/functions/Decimal.ts"
import * as Unit from "../../../../src/protocols/rscp/functions/Unit.ts"
import { ask, decimals, degrees, integers, naturals } from "../Asking.ts"

const { Working } = Decimal

/** Whether two numbers are the same to all but the last digit of an answer. */
const isNear = (one: string, other: string): boolean => {
  const [a, b] = [new Working(one), new Working(other)]
  return a.minus(b).abs().lte(a.abs().plus(b.abs()).times("2e-14"))
}

const assertNear = (one: string, other: string): void =>
  assert.isTrue(isNear(one, other), `${one} is not ${other}`)

const answers =
  /^-?(?:0|[1-9]\d{0,20}(?:\.\d*[1-9])?|0\.\d*[1-9]|1000000000000000000000|[1-9](?:\.\d*[1-9])?e[+-]\d+)$/

describe("An answer", () => {
  it.prop(
    "has at most 15 digits, no zeros that say nothing, and an exponent only where it must",
    [decimals],
    ([text]) => {
      const answer = ask("SUM", text)
      assert.match(answer, answers)
      const digits = answer.replace(/e.*$/, "").replace(/[-.]/g, "").replace(/^0+/, "")
      assert.isAtMost(digits.replace(/0+$/, "").length, 15)
      const size = new Working(answer).abs()
      const isBeyond = !size.isZero() && (size.gt("1e21") || size.lt("1e-7"))
      assert.strictEqual(answer.includes("e"), isBeyond)
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop("is the parameter rounded, and answers itself", [decimals], ([text]) => {
    const answer = ask("SUM", text)
    const rounded = new Working(text).toSignificantDigits(15)
    assert.isTrue(new Working(answer).equals(rounded))
    assert.strictEqual(ask("SUM", answer), answer)
  })

  it("changes to an exponent exactly beyond 10^21 and below 10^-7", () => {
    const written = [
      ["1e21", "1000000000000000000000"],
      ["-1e21", "-1000000000000000000000"],
      ["1.00000000000001e21", "1.00000000000001e+21"],
      ["999999999999999e6", "999999999999999000000"],
      ["9999999999999999e5", "1000000000000000000000"],
      ["1e22", "1e+22"],
      ["1e-7", "0.0000001"],
      ["9.99999999999999e-8", "9.99999999999999e-8"],
      ["9.999999999999999e-8", "0.0000001"],
      ["1.5e-8", "1.5e-8"],
      ["-0", "0"],
      ["0.000", "0"],
      ["1.000000000000005", "1.00000000000001"],
      ["1.000000000000004999", "1"],
      ["1e9999", "1e+9999"],
      ["1e-9999", "1e-9999"],
      ["9.999999999999999e9999", "ERROR too large"],
      ["1e10000", "ERROR too large"],
      ["1e-10000", "ERROR too small"],
      ["1e99999999999999999999", "ERROR too large"],
      ["1e-99999999999999999999", "ERROR too small"],
      ["0e-99999999999999999999", "0"]
    ]
    assert.deepStrictEqual(
      written.map(([text]) => [text, ask("SUM", text!)]),
      written
    )
  })

  it("takes no notice of spaces around a parameter, and of no others", () => {
    assert.strictEqual(ask("ADD", " 1", "2\t"), "3")
    assert.strictEqual(ask("ADD", "- 1", "2"), "ERROR not a number")
    assert.strictEqual(ask("CONVERT", " 1", " km ", "m"), "1000")
  })
})

describe("Sums and products", () => {
  it.prop("do not mind the order", [decimals, decimals], ([x, y]) => {
    assert.strictEqual(ask("ADD", x, y), ask("ADD", y, x))
    assert.strictEqual(ask("MUL", x, y), ask("MUL", y, x))
    assert.strictEqual(ask("ADD", x, y), ask("SUM", x, y))
    assert.strictEqual(ask("MUL", x, y), ask("PRODUCT", y, x))
  })

  it.prop("are undone", [integers, integers], ([x, y]) => {
    assert.strictEqual(ask("SUB", ask("ADD", x, y), y), x)
    assert.strictEqual(ask("ADD", x, ask("NEG", x)), "0")
    if (y !== "0") assert.strictEqual(ask("EVAL", `${x} / ${y} * ${y}`), x)
  })

  it.prop("leave a remainder between 0 and the divisor", [integers, naturals], ([x, y]) => {
    const rest = BigInt(ask("MOD", x, y))
    assert.isTrue(rest >= 0n && rest < BigInt(y))
    assert.strictEqual(BigInt(ask("QUOTIENT", x, y)) * BigInt(y) + rest, BigInt(x))
  })
})

const multiplesOf30: Record<number, readonly [sine: string, cosine: string]> = {
  0: ["0", "1"],
  90: ["1", "0"],
  180: ["0", "-1"],
  270: ["-1", "0"]
}

describe("Angles", () => {
  it.prop("are in degrees, and whole quarters have whole sines", [degrees], ([turns]) => {
    for (const [angle, [sine, cosine]] of Object.entries(multiplesOf30)) {
      const turned = String(BigInt(turns) * 360n + BigInt(angle))
      assert.deepStrictEqual([ask("SIN", turned), ask("COS", turned)], [sine, cosine])
    }
    assert.strictEqual(ask("SIN", String(turns * 360 + 30)), "0.5")
    assert.strictEqual(ask("COS", String(turns * 360 + 120)), "-0.5")
    assert.strictEqual(ask("TAN", String(turns * 180 + 45)), "1")
    assert.strictEqual(ask("TAN", String(turns * 180 + 90)), "ERROR outside the domain")
  })

  it.prop(
    "have squares of sine and cosine that add up to 1",
    [decimals],
    ([x]) => {
      assert.strictEqual(ask("EVAL", `sin(${x}) ^ 2 + cos(${x}) ^ 2`), "1")
      assert.strictEqual(ask("SIN", x), ask("EVAL", `cos(90 - (${x}))`))
    },
    { arbitrary: { runs: 50 } }
  )

  it.prop(
    "come back from their sines and tangents",
    [degrees],
    ([thousandths]) => {
      const angle = String((thousandths % 90_000) / 1000)
      assert.strictEqual(ask("EVAL", `asin(sin(${angle}))`), angle)
      assert.strictEqual(ask("EVAL", `atan(tan(${angle}))`), angle)
      assert.strictEqual(ask("EVAL", `acos(cos(${angle}))`), ask("ABS", angle))
      assert.strictEqual(ask("EVAL", `degrees(radians(${angle}))`), angle)
    },
    { arbitrary: { runs: 50 } }
  )
})

const exponents = Arbitrary.map(degrees, (thousandths) => String(thousandths / 1000))

describe("Powers", () => {
  it.prop(
    "come back from their roots and logarithms",
    [naturals, exponents],
    ([x, y]) => {
      assert.strictEqual(ask("EVAL", `sqrt(${x}) ^ 2`), x)
      assert.strictEqual(ask("EVAL", `cbrt(-${x}) ^ 3`), `-${x}`)
      assert.strictEqual(ask("EVAL", `root(${x}, 7) ^ 7`), x)
      assert.strictEqual(ask("EVAL", `exp(ln(${x}))`), x)
      assert.strictEqual(ask("EVAL", `ln(exp(${y}))`), y)
      assert.strictEqual(ask("EVAL", `log(3 ^ (${y}), 3)`), y)
      assert.strictEqual(ask("EVAL", `asinh(sinh(${y}))`), y)
      assert.strictEqual(ask("EVAL", `acosh(cosh(${y}))`), ask("ABS", y))
    },
    { arbitrary: { runs: 50 } }
  )
})

describe("Whole numbers", () => {
  it.prop("have divisors and multiples that belong together", [naturals, integers], ([x, y]) => {
    const product = BigInt(x) * BigInt(y)
    const size = String(product < 0n ? -product : product)
    assert.strictEqual(ask("EVAL", `gcd(${x}, ${y}) * lcm(${x}, ${y})`), ask("SUM", size))
  })

  it.prop("are the product of their factors, which are prime", [naturals], ([n]) => {
    const factors = ask("FACTORS", n).split(", ")
    assert.strictEqual(ask("PRODUCT", ...factors), n)
    if (n !== "1")
      assert.deepStrictEqual([...new Set(factors.map((factor) => ask("ISPRIME", factor)))], ["1"])
    assert.strictEqual(ask("ISPRIME", n), factors.length === 1 && n !== "1" ? "1" : "0")
  })

  it("have their factors found when these are equal, or nearly", () => {
    for (const [n, factors] of [
      ["1018081", "1009, 1009"],
      ["1027243729", "1009, 1009, 1009"],
      ["1000006000009", "1000003, 1000003"],
      ["10028029413722401", "10007, 10007, 10007, 10007"],
      ["1000036000099", "1000003, 1000033"],
      ["99400891", "9967, 9973"]
    ]) {
      assert.strictEqual(ask("FACTORS", n!), factors)
    }
  })

  it.prop("come back from other bases", [integers], ([n]) => {
    assert.strictEqual(ask("FROMHEX", ask("HEX", n)), n)
    assert.strictEqual(ask("FROMBIN", ask("BIN", n)), n)
  })

  it("are not prime for being a strong pseudoprime to the first bases", () => {
    const pseudoprimes = ["2047", "1373653", "25326001", "3215031751", "2152302898747", "3474749660383"]
    const more = ["341550071728321", "3825123056546413051", "318665857834031151167461"]
    for (const n of [...pseudoprimes, ...more]) assert.strictEqual(ask("ISPRIME", n), "0", n)
    assert.strictEqual(ask("ISPRIME", "3317044064679887385961981"), "ERROR too large")
  })
})

const units = [...Unit.all()]
const unit = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: units.length - 1 }))),
  (at) => units[at]!
)

describe("Units", () => {
  it.prop(
    "come back from every other of their kind, and turn into none of another",
    [unit, integers],
    ([one, amount]) => {
      for (const other of units) {
        const there = ask("CONVERT", amount, one.symbol, other.symbol)
        if (one.kind !== other.kind) assert.strictEqual(there, "ERROR units of different kinds")
        else if (one.kind !== "temperature")
          assertNear(ask("CONVERT", there, other.symbol, one.symbol), amount)
      }
    }
  )

  it("are known by their symbols, whose letters have a case", () => {
    assert.strictEqual(new Set(units.map(({ symbol }) => symbol)).size, units.length)
    assert.strictEqual(ask("CONVERT", "1", "MW", "mW"), "1000000000")
    assert.strictEqual(ask("CONVERT", "1", "KM", "m"), "ERROR unknown unit")
    assert.strictEqual(ask("CONVERT", "1", "constructor", "m"), "ERROR unknown unit")
    for (const { symbol } of units) assert.match(symbol, /^[A-Za-z][\w/]*$/)
  })
})

describe("What has no answer", () => {
  it("says why", () => {
    const refusals = [
      ["DIV", "1", "0", "division by zero"],
      ["MOD", "1", "0", "division by zero"],
      ["QUOTIENT", "1", "-0", "division by zero"],
      ["INV", "0", "division by zero"],
      ["POW", "0", "-1", "division by zero"],
      ["ROOT", "2", "0", "division by zero"],
      ["LOG", "2", "1", "division by zero"],
      ["SQRT", "-1", "outside the domain"],
      ["ROOT", "-1", "2", "outside the domain"],
      ["POW", "-2", "0.5", "outside the domain"],
      ["LN", "0", "outside the domain"],
      ["LOG10", "-1", "outside the domain"],
      ["ASIN", "1.0000000000000000001", "outside the domain"],
      ["ACOSH", "0.9999999999999999999", "outside the domain"],
      ["ATANH", "1", "outside the domain"],
      ["COT", "180", "outside the domain"],
      ["COTH", "0", "outside the domain"],
      ["FACT", "-1", "outside the domain"],
      ["FACT", "2.5", "not an integer"],
      ["COMBINATIONS", "-1", "1", "outside the domain"],
      ["FACTORS", "0", "outside the domain"],
      ["GCD", "1.5", "not an integer"],
      ["FROMHEX", "0x10", "not a hexadecimal number"],
      ["FROMBIN", "2", "not a binary number"],
      ["SAMPLE_VARIANCE", "1", "at least 2 parameters expected"],
      ["FACT", "1000000000", "too large"],
      ["FACT", "3249", "too large"],
      ["POW", "9", "387420489", "too large"],
      ["POW", "1e5000", "1e5000", "too large"],
      ["POW", "0.1", "1e6", "too small"],
      ["EXP", "23100", "too large"],
      ["EXP", "-1e9", "too small"],
      ["COSH", "1e300", "too large"],
      ["COMBINATIONS", "1e9", "5e8", "too large"],
      ["PERMUTATIONS", "1e9", "1e8", "too large"],
      ["FIBONACCI", "1e18", "too large"],
      ["MUL", "1e9000", "1e9000", "too large"],
      ["SUM", "9".repeat(1001), "too large"],
      ["BIN", "1e1000", "too large"],
      ["ROUNDTO", "1", "20000", "too large"],
      ["SOLVE_LINEAR", "0", "1", "no solution"],
      ["SOLVE_LINEAR", "0", "0", "any number is a solution"],
      ["SOLVE_QUADRATIC", "1", "0", "1", "no solution"]
    ]
    assert.deepStrictEqual(
      refusals.map((refusal) => [...refusal.slice(0, -1), ask(refusal[0]!, ...refusal.slice(1, -1))]),
      refusals.map((refusal) => [...refusal.slice(0, -1), `ERROR ${refusal.at(-1)}`])
    )
  })

  it("never has an answer that a line cannot carry", () => {
    for (const text of ["HEX", "BIN"]) assert.isBelow(ask(text, `-${"9".repeat(1000)}`).length, 4000)
    const many = Array.from({ length: 600 }, (_, n) => String(n))
    assert.strictEqual(ask("MODE", ...many).split(", ").length, 600)
    const long = Array.from({ length: 300 }, (_, n) => `${n}.12345678901e-50`)
    assert.strictEqual(ask("MODE", ...long), "ERROR too large")
  })
})
