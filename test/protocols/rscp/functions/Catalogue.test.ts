import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import * as Catalogue from "../../../../src/protocols/rscp/functions/Catalogue.ts"
import * as Parameter from "../../../../src/protocols/rscp/functions/Parameter.ts"
import * as ParameterSchema from "../../../../src/protocols/rscp/functions/ParameterSchema.ts"
import { Rscp } from "../../../../src/protocols/rscp/Protocol.ts"
import { ask, decimals, integers } from "../Asking.ts"

/** Every id that was ever given: a line is added to it, and none is changed. */
const given = [
  ...["1 ADD(X, Y)", "2 SIN(X)", "3 SUB(X, Y)", "4 MUL(X, Y)", "5 DIV(X, Y)", "6 MOD(X, Y)"],
  ...["7 QUOTIENT(X, Y)", "8 NEG(X)", "9 INV(X)", "10 SUM(X1, ...)", "11 PRODUCT(X1, ...)"],
  ...["12 ABS(X)", "13 SIGN(X)", "14 ROUND(X)", "15 ROUNDTO(X, N)", "16 FLOOR(X)", "17 CEIL(X)"],
  ...["18 TRUNC(X)", "19 FRAC(X)"],
  ...["30 POW(X, Y)", "31 SQUARE(X)", "32 CUBE(X)", "33 SQRT(X)", "34 CBRT(X)", "35 ROOT(X, N)"],
  ...["36 HYPOT(X, Y)", "37 EXP(X)", "38 EXP2(X)", "39 EXP10(X)", "40 LN(X)", "41 LOG10(X)", "42 LOG2(X)"],
  ...["43 LOG(X, BASE)"],
  ...["50 COS(X)", "51 TAN(X)", "52 SEC(X)", "53 CSC(X)", "54 COT(X)", "55 ASIN(X)", "56 ACOS(X)"],
  ...["57 ATAN(X)", "58 ATAN2(Y, X)"],
  ...["60 SINH(X)", "61 COSH(X)", "62 TANH(X)", "63 SECH(X)", "64 CSCH(X)", "65 COTH(X)", "66 ASINH(X)"],
  ...["67 ACOSH(X)", "68 ATANH(X)", "70 RADIANS(X)", "71 DEGREES(X)"],
  ...["80 GCD(X1, ...)", "81 LCM(X1, ...)", "82 FACT(N)", "83 COMBINATIONS(N, K)", "84 PERMUTATIONS(N, K)"],
  ...["85 ISPRIME(N)", "86 FACTORS(N)", "87 FIBONACCI(N)"],
  ...["100 MIN(X1, ...)", "101 MAX(X1, ...)", "102 MEAN(X1, ...)", "103 MEDIAN(X1, ...)"],
  ...["104 MODE(X1, ...)", "105 SAMPLE_VARIANCE(X1, ...)", "106 POPULATION_VARIANCE(X1, ...)"],
  ...["107 SAMPLE_DEVIATION(X1, ...)", "108 POPULATION_DEVIATION(X1, ...)", "109 RANGE(X1, ...)"],
  ...["120 PI()", "121 TAU()", "122 E()", "123 PHI()", "124 SQRT2()", "125 LN2()", "126 LN10()"],
  ...["127 GAMMA()", "128 CATALAN()", "130 SPEED_OF_LIGHT()", "131 PLANCK()", "132 ELEMENTARY_CHARGE()"],
  ...["133 BOLTZMANN()", "134 AVOGADRO()", "135 STANDARD_GRAVITY()"],
  ...["140 HEX(N)", "141 FROMHEX(DIGITS)", "142 BIN(N)", "143 FROMBIN(DIGITS)", "150 CONVERT(X, FROM, TO)"],
  ...["160 EVAL(EXPRESSION)", "161 DERIVATIVE(EXPRESSION, VARIABLE)", "162 SIMPLIFY(EXPRESSION)"],
  ...["163 SOLVE(EQUATION, VARIABLE)", "164 SOLVE_LINEAR(A, B)", "165 SOLVE_QUADRATIC(A, B, C)"]
]

describe("The catalogue", () => {
  it("has each function under the id that it was given once and for ever", () => {
    assert.deepStrictEqual(
      Catalogue.all.map(({ id, name }) => `${id} ${name}`),
      given
    )
  })

  it("gives no id twice, and no name twice whatever its case", () => {
    assert.strictEqual(new Set(Catalogue.all.map(({ id }) => id)).size, Catalogue.all.length)
    const keywords = Catalogue.functions.map(({ keyword }) => keyword.toLowerCase())
    assert.strictEqual(new Set(keywords).size, keywords.length)
  })

  it("says in its names how many parameters there are", () => {
    for (const { name, parameters } of Catalogue.all) {
      const [, inside] = /^[A-Z]\w*\((.*)\)$/.exec(name)!
      const named = inside === "" ? [] : inside!.split(", ")
      assert.strictEqual(parameters, named.at(-1) === "..." ? -1 : named.length, name)
    }
  })

  it("fits a line that a client reads with the limit of the server", () => {
    const [first, ...rest] = Catalogue.all.map(({ id, name, parameters }) => ({
      function: name,
      id,
      nbparam: parameters
    }))
    const line = Rscp.encodeReply({ _tag: "Functions", functions: [first!, ...rest] })
    assert.isBelow(line.length, 8192)
  })

  it("refuses another number of parameters, and says how many there are to be", () => {
    for (const { count, keyword } of Catalogue.functions) {
      if (count === -1) {
        assert.strictEqual(ask(keyword), "ERROR at least 1 parameter expected")
        continue
      }
      const expected = `ERROR ${count} parameter${count === 1 ? "" : "s"} expected`
      for (const other of [0, 1, 2, 3, 4].filter((other) => other !== count)) {
        assert.strictEqual(ask(keyword, ...Array.from({ length: other }, () => "1")), expected, keyword)
      }
    }
  })

  it("refuses what is no number wherever one is expected", () => {
    const numeric = Catalogue.functions.filter(
      ({ count, parameters }) => count !== 0 && parameters[0]!.fromNumber
    )
    assert.isAbove(numeric.length, 60)
    for (const { count, keyword } of numeric) {
      for (const text of ["", "one", "1,5", "0x10", "1e", "--1", "Infinity", "NaN", "1 2", "1_000", "٣"]) {
        const parameters = Array.from({ length: Math.abs(count) }, () => text)
        assert.strictEqual(ask(keyword, ...parameters), "ERROR not a number", `${keyword} ${text}`)
      }
    }
  })

  it("knows no other id, nor another way to write one", () => {
    for (const id of [
      "0",
      "-1",
      "01",
      "1.0",
      "1e0",
      " 1",
      "1 ",
      "",
      "sin",
      "999999",
      "constructor",
      "__proto__"
    ]) {
      assert.strictEqual(Catalogue.get(id), undefined, id)
    }
  })
})

/** What a Schema reads of text, if it does. */
const read = <A>(parameter: Parameter.Parameter<A>, text: string): A | undefined =>
  Option.getOrUndefined(Schema.decodeUnknownOption(ParameterSchema.of(parameter))(text))

describe("The Schema of a parameter", () => {
  it.prop("reads what the parameter reads, and writes what is read as the same", [decimals], ([text]) => {
    const { Real } = Parameter
    const value = read(Real, text)!
    assert.isTrue(value.equals(text))
    assert.isTrue(read(Real, Schema.encodeSync(ParameterSchema.of(Real))(value))!.equals(value))
  })

  it.prop("does so in other bases", [integers], ([text]) => {
    for (const parameter of [Parameter.Integer, Parameter.Hexadecimal, Parameter.Binary]) {
      const written = Schema.encodeSync(ParameterSchema.of(parameter))(BigInt(text))
      assert.strictEqual(read(parameter, written), BigInt(text))
    }
  })

  it("refuses what the parameter refuses, for the same reason", () => {
    const reasons: ReadonlyArray<readonly [Parameter.Parameter<unknown>, string, string]> = [
      [Parameter.Real, "one", "not a number"],
      [Parameter.Integer, "1.5", "not an integer"],
      [Parameter.Hexadecimal, "XY", "not a hexadecimal number"],
      [Parameter.Binary, "12", "not a binary number"],
      [Parameter.Variable, "1x", "not a variable"],
      [Parameter.UnitSymbol, "parsec", "unknown unit"],
      [Parameter.Expression, " ", "not an expression"],
      [Parameter.Real, "9".repeat(1001), "too large"]
    ]
    for (const [parameter, text, reason] of reasons) {
      assert.throws(() => Schema.decodeUnknownSync(ParameterSchema.of(parameter))(text), reason)
    }
  })
})
