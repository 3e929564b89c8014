#!/usr/bin/env python3
"""Makes values.json: what the functions of RSCP's calculator answer, computed by Python's own library.

    python3 values.py > values.json && oxfmt values.json

Everything is computed with whole numbers, fractions, or decimals of 120 digits, and rounded once. The series that the
library has no function for are held against `math` as they go.
"""

import json
import math
import statistics
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, getcontext, localcontext
from fractions import Fraction

getcontext().prec = 120
getcontext().Emax = 999_999
getcontext().Emin = -999_999

D = Decimal


def write(value):
    """The answer as the notes on the specification write it: at most 15 digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, Fraction):
        value = D(value.numerator) / D(value.denominator)
    rounded = Context(prec=15, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999).plus(D(value))
    if rounded == 0:
        return "0"
    size = abs(rounded)
    if size <= D("1e21") and size >= D("1e-7"):
        text = format(rounded, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    sign, digits, exponent = rounded.normalize().as_tuple()
    exponent += len(digits) - 1
    first, *rest = map(str, digits)
    mantissa = first + ("." + "".join(rest) if rest else "")
    return f"{'-' if sign else ''}{mantissa}e{'+' if exponent > 0 else ''}{exponent}"


# Series

EPSILON = D("1e-115")


def atan_series(x):
    """For small x."""
    total, term, n = D(0), x, 1
    while abs(term) > EPSILON * abs(x):
        total += term / n
        term *= -x * x
        n += 2
    return total


PI = 4 * (4 * atan_series(D(1) / 5) - atan_series(D(1) / 239))


def sin_series(x):
    total, term, n = D(0), x, 1
    while term != 0 and abs(term) > EPSILON * abs(x):
        total += term
        term *= -x * x / ((n + 1) * (n + 2))
        n += 2
    return total


def cos_series(x):
    total, term, n = D(0), D(1), 0
    while abs(term) > EPSILON:
        total += term
        term *= -x * x / ((n + 1) * (n + 2))
        n += 2
    return total


def sin(degrees):
    """The angle is taken to an eighth of a turn by fractions, exactly."""
    turned = Fraction(degrees) % 360
    quarter, rest = divmod(turned + 45, 90)
    rest -= 45
    radians = D(rest.numerator) / D(rest.denominator) * PI / 180
    value = sin_series(radians) if quarter % 2 == 0 else cos_series(radians)
    return -value if quarter % 4 >= 2 else value


def cos(degrees):
    return sin(Fraction(degrees) + 90)


def atan(x):
    """In degrees, by halving the angle until the series is quick."""
    halvings = 0
    while abs(x) > D("0.05"):
        x = x / (1 + (1 + x * x).sqrt())
        halvings += 1
    return atan_series(x) * 2**halvings * 180 / PI


def asin(x):
    if abs(x) == 1:
        return 90 * x
    return atan(x / ((1 - x) * (1 + x)).sqrt())


def acos(x):
    return 90 - asin(x)


def atan2(y, x):
    if x == 0:
        return D(0) if y == 0 else D(90).copy_sign(y)
    angle = atan(y / x)
    if x > 0:
        return angle
    return angle + 180 if y >= 0 else angle - 180


def sinh(x):
    with localcontext() as context:
        context.prec = 200
        return (x.exp() - (-x).exp()) / 2


def cosh(x):
    with localcontext() as context:
        context.prec = 200
        return (x.exp() + (-x).exp()) / 2


def asinh(x):
    with localcontext() as context:
        context.prec = 200
        return (x + (x * x + 1).sqrt()).ln()


def acosh(x):
    with localcontext() as context:
        context.prec = 200
        return (x + (x * x - 1).sqrt()).ln()


def atanh(x):
    with localcontext() as context:
        context.prec = 200
        return ((1 + x) / (1 - x)).ln() / 2


def power(x, y):
    if y == y.to_integral_value():
        return x ** int(y)
    return (x.ln() * y).exp()


def root(x, n):
    return power(x, 1 / D(n)) if x >= 0 else -power(-x, 1 / D(n))


def euler_gamma():
    """By Brent and McMillan."""
    n = 60
    a, b = -D(n).ln(), D(1)
    total_a, total_b, k = a, b, 1
    while b > EPSILON:
        b = b * n * n / (k * k)
        a = (a * n * n / k + b) / k
        total_a += a
        total_b += b
        k += 1
    return total_a / total_b


def catalan():
    total, n, term = D(0), 0, Fraction(1)
    while True:
        part = term / (2 * n + 1) ** 2
        total += D(part.numerator) / D(part.denominator)
        if part < Fraction(1, 10**80):
            break
        n += 1
        term = Fraction(1, math.comb(2 * n, n))
    return PI / 8 * (2 + D(3).sqrt()).ln() + D(3) / 8 * total


def agrees(one, other):
    assert math.isclose(float(one), other, rel_tol=1e-12, abs_tol=1e-12), (one, other)


for check in map(D, ["0.3", "-0.7", "0.02", "0.9"]):
    agrees(sin(check * 100), math.sin(math.radians(float(check * 100))))
    agrees(cos(check * 100), math.cos(math.radians(float(check * 100))))
    agrees(asin(check), math.degrees(math.asin(float(check))))
    agrees(acos(check), math.degrees(math.acos(float(check))))
    agrees(atan(check * 9), math.degrees(math.atan(float(check * 9))))
    agrees(sinh(check), math.sinh(float(check)))
    agrees(asinh(check), math.asinh(float(check)))
    agrees(atanh(check), math.atanh(float(check)))
    agrees(acosh(check + 2), math.acosh(float(check + 2)))
agrees(PI, math.pi)
agrees(euler_gamma(), 0.5772156649015329)
agrees(catalan(), 0.915965594177219)


# The table

table = []


def value(function, answer, *parameters):
    table.append([function, [str(parameter) for parameter in parameters], write(answer)])


def each(function, compute, *texts):
    """A function of one number."""
    for text in texts:
        value(function, compute(D(text)), text)


def pairs(function, compute, *texts):
    """A function of two numbers."""
    for text in texts:
        x, y = text.split()
        value(function, compute(D(x), D(y)), x, y)


def lists(function, compute, *texts):
    """A function of any number of numbers."""
    for text in texts:
        numbers = text.split()
        value(function, compute([Fraction(number) for number in numbers]), *numbers)


def exactly(compute):
    return lambda x, y: compute(Fraction(x), Fraction(y))


def floor(x):
    return x.to_integral_value(ROUND_FLOOR)


def trunc(x):
    return D(math.trunc(x))


TWO = (
    "1 2", "0.1 0.2", "-1.5 1.5", "1e21 1", "1e20 1", "123456789012345 0.6", "99999999999999.95 0.01", "1e-7 1e-8",
    "1e300 -1e300", "3.14159 -2.71828", "-7 3", "7 -3", "-7 -3", "7.5 2", "1e15 3", "2 1e-9", "12345.6789 0.0001",
)  # fmt: skip

pairs("ADD", exactly(lambda x, y: x + y), *TWO, "0.3 -0.1", "+5 .5", "5. 2E3", "-0 0")
pairs("SUB", exactly(lambda x, y: x - y), *TWO, "0.3 0.1", "1 0.9999999999999999")
pairs("MUL", exactly(lambda x, y: x * y), *TWO, "1.1 1.1", "123456789 987654321", "1e5000 1e4000")
pairs("DIV", exactly(lambda x, y: x / y), *TWO, "1 3", "2 3", "22 7", "1 1e22", "1e-5000 1e4000")
pairs("MOD", exactly(lambda x, y: x % y), *TWO, "1e30 7", "5.5 -2.1", "-1e30 7")
pairs("QUOTIENT", exactly(lambda x, y: x // y), *TWO, "1e30 7", "5.5 -2.1")
each("NEG", lambda x: -x, "1", "-2.5", "0", "1e-30")
each("INV", lambda x: 1 / x, "2", "3", "-7", "1e-5", "0.125", "1e22")
SETS = (
    "1", "1 2 3 4", "0.1 0.2 0.3", "2 4 4 4 5 5 7 9", "-1 1", "1e20 1 -1e20", "3.5 -2.25 8 0 11.75", "10 20 30 40 50",
    "1.1 2.2 3.3 4.4 5.5", "2.5 2.5 2.5", "1 1 2 2 3",
)  # fmt: skip
lists("SUM", sum, *SETS)
lists("PRODUCT", math.prod, *SETS)
lists("MIN", min, *SETS)
lists("MAX", max, *SETS)
lists("RANGE", lambda numbers: max(numbers) - min(numbers), *SETS)
lists("MEAN", statistics.mean, *SETS, "0.1 0.1 0.1")
lists("MEDIAN", statistics.median, *SETS)
lists("MODE", lambda numbers: ", ".join(write(mode) for mode in sorted(statistics.multimode(numbers))), *SETS)
lists("POPULATION_VARIANCE", statistics.pvariance, *SETS)
lists("SAMPLE_VARIANCE", statistics.variance, *SETS[1:])


def deviation(variance):
    def compute(numbers):
        square = Fraction(variance(numbers))
        return (D(square.numerator) / D(square.denominator)).sqrt()

    return compute


lists("POPULATION_DEVIATION", deviation(statistics.pvariance), *SETS)
lists("SAMPLE_DEVIATION", deviation(statistics.variance), *SETS[1:])

each("ABS", abs, "1", "-1", "0", "-1e-20")
each("SIGN", lambda x: (x > 0) - (x < 0), "17", "-0.1", "0", "-0")
PARTS = ("0.5", "-0.5", "1.5", "2.5", "-2.5", "2.4999999", "-7.9", "7", "123456789.987654321", "1e30", "-0.1")
each("ROUND", lambda x: x.to_integral_value(ROUND_HALF_UP), *PARTS)
each("FLOOR", floor, *PARTS)
each("CEIL", lambda x: x.to_integral_value(ROUND_CEILING), *PARTS)
each("TRUNC", trunc, *PARTS)
each("FRAC", lambda x: Fraction(x) - math.trunc(x), *PARTS)
pairs(
    "ROUNDTO",
    lambda x, n: x.quantize(D(1).scaleb(-int(n)), ROUND_HALF_UP),
    "3.14159 2", "2.675 2", "1.005 2", "-2.5 0", "12345 -2", "-12350 -2", "0.00004999 4", "1e10 3",
)  # fmt: skip

pairs(
    "POW",
    power,
    "2 10", "2 0.5", "2 -1", "9 0.5", "-2 3", "-2 -3", "1.1 10", "10 22", "10 -8", "0.5 0.5", "1.0000000001 1e9",
    "2 1000", "7 77", "2.5 2.5", "1e10 1.5", "99 0.01", "2 -0.5", "1.5 100.5",
)  # fmt: skip
each("SQUARE", lambda x: x * x, "3", "1.1", "-12.5", "1e11", "123456789.123456789")
each("CUBE", lambda x: x * x * x, "3", "1.1", "-12.5", "1e8", "0.001")
each("SQRT", lambda x: x.sqrt(), "2", "3", "144", "0.01", "1e-20", "1e40", "5", "123456789", "0")
each("CBRT", lambda x: root(x, 3), "2", "1000", "-8", "0.5", "-10")
pairs("ROOT", lambda x, n: root(x, int(n)), "2 2", "2 7", "-5 3", "10 -2", "1e30 11", "0.001 5")
pairs("HYPOT", lambda x, y: (x * x + y * y).sqrt(), "3 4", "1 1", "1e-5 1", "1e200 1e200", "-5 12")
POWERS = ("0", "1", "-1", "0.5", "10", "-10.25", "100", "1e-10", "300", "-0.001")
each("EXP", lambda x: x.exp(), *POWERS)
each("EXP2", lambda x: power(D(2), x), *POWERS)
each("EXP10", lambda x: power(D(10), x), *POWERS)
SIZES = ("1", "2", "10", "0.5", "1e-10", "1e10", "3.7", "123456.789", "1.0000001", "1e300", "0.999")
each("LN", lambda x: x.ln(), *SIZES)
each("LOG10", lambda x: x.log10(), *SIZES)
each("LOG2", lambda x: x.ln() / D(2).ln(), *SIZES, "7")
pairs("LOG", lambda x, base: x.ln() / base.ln(), "10 3", "2 10", "0.5 3", "1e5 7", "5 0.3", "1.5 1.1")

ANGLES = (
    "0", "30", "45", "60", "90", "120", "135", "150", "180", "210", "270", "300", "330", "360", "-30", "-90", "1", "37.5",
    "89.999999", "90.000001", "1e-10", "1e20", "123456789.123", "720.25", "-1234.5",
)  # fmt: skip
each("SIN", sin, *ANGLES)
each("COS", cos, *ANGLES)
for function, top, bottom in (
    ("TAN", sin, cos),
    ("SEC", lambda x: D(1), cos),
    ("CSC", lambda x: D(1), sin),
    ("COT", cos, sin),
):
    each(function, lambda x: top(x) / bottom(x), *(angle for angle in ANGLES if bottom(D(angle)) != 0))
LEGS = ("0", "1", "-1", "0.5", "-0.5", "0.1", "0.9999999", "-0.3", "1e-10", "0.70710678")
each("ASIN", asin, *LEGS)
each("ACOS", acos, *LEGS)
SLOPES = ("0", "0.5", "-0.25", "2", "-1000", "1e10", "1e-10", "1.7320508")
each("ATAN", atan, *SLOPES)
value("ATAN", "45", "1")
pairs(
    "ATAN2", atan2, "0 1", "1 0", "-1 0", "0 -1", "0 0", "1 2", "-1 2", "1 -2", "-1 -2", "1e-10 5", "3 4", "1e10 -1e-10"
)
HYPERBOLIC = ("0.5", "-0.5", "1", "2.5", "-10", "1e-10", "100", "0.001")
each("SINH", sinh, "0", *HYPERBOLIC)
each("COSH", cosh, "0", *HYPERBOLIC)
each("TANH", lambda x: sinh(x) / cosh(x), "0", *HYPERBOLIC)
each("SECH", lambda x: 1 / cosh(x), "0", *HYPERBOLIC)
each("CSCH", lambda x: 1 / sinh(x), *HYPERBOLIC)
each("COTH", lambda x: cosh(x) / sinh(x), *HYPERBOLIC)
each("ASINH", asinh, "0", *HYPERBOLIC, "1e50", "-1e50")
each("ACOSH", acosh, "1", "1.0000001", "1.5", "2", "10", "1e50")
each("ATANH", atanh, "0", "0.5", "-0.5", "0.999999", "1e-10", "-0.1")
each("RADIANS", lambda x: x * PI / 180, "180", "1", "-90", "57.29577951308232", "1e6")
each("DEGREES", lambda x: x * 180 / PI, "1", "-3.14159", "1e6", "0.0174532925199433")

for text in ("12 18", "0 5", "-12 18 27", "17", "1000000007 998244353", "2e3 4.0", "123456789012345678901234567890 30"):
    numbers = [int(D(number)) for number in text.split()]
    value("GCD", math.gcd(*numbers), *text.split())
    value("LCM", math.lcm(*numbers), *text.split())
for n in (0, 1, 5, 10, 20, 21, 25, 52, 100, 170, 171, 450, 1000, 3000):
    value("FACT", math.factorial(n), n)
for n, k in ((5, 2), (49, 6), (52, 5), (10, 0), (10, 10), (3, 5), (100, 50), (1000, 500), (10**20, 3), (200, 100)):
    value("COMBINATIONS", math.comb(n, k), n, k)
    value("PERMUTATIONS", math.perm(n, k), n, k)


def factors(n):
    found, divisor = [], 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            found.append(divisor)
            n //= divisor
        divisor += 1
    return found + ([n] if n > 1 else [])


for n in (1, 2, 12, 97, 360, 561, 1001, 999983, 1000000, 3215031751, 2147483647, 4294967297, 600851475143, 10**14):
    value("FACTORS", ", ".join(map(str, factors(n))) or "1", n)
    value("ISPRIME", int(factors(n) == [n]), n)
for n in (-7, 0, 18446744073709551557, 18446744073709551556):
    value("ISPRIME", int(n == 18446744073709551557), n)


def fibonacci(n):
    one, other = 0, 1
    for _ in range(n):
        one, other = other, one + other
    return one


for n in (0, 1, 2, 10, 90, 101, 1000, 40000):
    value("FIBONACCI", fibonacci(n), n)

value("PI", PI)
value("TAU", 2 * PI)
value("E", D(1).exp())
value("PHI", (1 + D(5).sqrt()) / 2)
value("SQRT2", D(2).sqrt())
value("LN2", D(2).ln())
value("LN10", D(10).ln())
value("GAMMA", euler_gamma())
value("CATALAN", catalan())
value("SPEED_OF_LIGHT", 299792458)
value("PLANCK", D("6.62607015e-34"))
value("ELEMENTARY_CHARGE", D("1.602176634e-19"))
value("BOLTZMANN", D("1.380649e-23"))
value("AVOGADRO", D("6.02214076e23"))
value("STANDARD_GRAVITY", D("9.80665"))

for n in (0, 10, 255, -255, 65536, 123456789, 2**64, -(10**30)):
    sign, size = ("-" if n < 0 else ""), abs(n)
    value("HEX", f"{sign}{size:X}", n)
    value("BIN", f"{sign}{size:b}", n)
    value("FROMHEX", n, f"{sign}{size:x}")
    value("FROMBIN", n, f"{sign}{size:b}")

# International units, by their legal definitions.
INCH, POUND = Fraction("0.0254"), Fraction("0.45359237")
for amount, source, target, answer in (
    ("1", "mi", "km", INCH * 63360 / 1000),
    ("26.2", "mi", "km", Fraction("26.2") * INCH * 63360 / 1000),
    ("100", "m", "yd", 100 / (INCH * 36)),
    ("6", "ft", "cm", 6 * 12 * INCH * 100),
    ("1", "nmi", "mi", 1852 / (INCH * 63360)),
    ("1", "ly", "au", Fraction(299792458 * 31557600, 149597870700)),
    ("1", "acre", "m2", 4840 * (INCH * 36) ** 2),
    ("1", "ha", "acre", 10000 / (4840 * (INCH * 36) ** 2)),
    ("1", "gal", "l", 231 * INCH**3 * 1000),
    ("1", "cup", "ml", 231 * INCH**3 / 16 * 10**6),
    ("1", "ukgal", "l", Fraction("4.54609")),
    ("150", "lb", "kg", 150 * POUND),
    ("1", "kg", "oz", 16 / POUND),
    ("1", "ton", "t", 2000 * POUND / 1000),
    ("1", "week", "min", 7 * 24 * 60),
    ("90", "km/h", "m/s", 25),
    ("65", "mph", "km/h", 65 * INCH * 63360 / 1000),
    ("1", "kn", "km/h", Fraction("1.852")),
    ("1", "lbf", "N", POUND * Fraction("9.80665")),
    ("32", "psi", "kPa", 32 * POUND * Fraction("9.80665") / INCH**2 / 1000),
    ("760", "Torr", "atm", 1),
    ("1", "atm", "bar", Fraction("1.01325")),
    ("1", "kWh", "MJ", Fraction("3.6")),
    ("1", "BTU", "J", Fraction("1055.05585262")),
    ("1", "hp", "W", 550 * INCH * 12 * POUND * Fraction("9.80665")),
    ("1", "eV", "J", Fraction("1.602176634e-19")),
    ("3000", "rpm", "Hz", 50),
    ("1", "GiB", "MB", Fraction(2**30, 10**6)),
    ("1", "turn", "deg", 360),
    ("1", "arcsec", "deg", Fraction(1, 3600)),
    ("100", "degC", "degF", 212),
    ("-40", "degF", "degC", -40),
    ("0", "K", "degC", Fraction("-273.15")),
    ("98.6", "degF", "degC", 37),
    ("0", "degR", "degF", Fraction("-459.67")),
):
    value("CONVERT", answer, amount, source, target)
value("CONVERT", 180 / PI, "1", "rad", "deg")
value("CONVERT", PI / 2, "90", "deg", "rad")

for expression, answer in (
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("0.1 + 0.2", Fraction("0.3")),
    ("2 ^ 10 - 24", 1000),
    ("2 ^ 3 ^ 2", 512),
    ("-2 ^ 2", -4),
    ("7 / 2 / 2", Fraction(7, 4)),
    ("10 % 4", 2),
    ("5! / 3!", 20),
    ("sin(30) + cos(60)", 1),
    ("SIN(90) * 2", 2),
    ("sqrt(2) ^ 2", 2),
    ("1 / 3 * 3", 1),
    ("2 pi", 2 * PI),
    ("ln(e)", 1),
    ("log(8, 2)", 3),
    ("max(1, 7, 3) - min(4, 2)", 5),
    ("1e3 + 2.5e-1", Fraction("1000.25")),
    ("gcd(12, 18) + lcm(4, 6)", 18),
    ("((((1))))", 1),
    ("3(4 + 5)", 27),
    ("hypot(3, 4)", 5),
    ("mean(1, 2, 3, 4)", Fraction(5, 2)),
    ("exp(1) - e", 0),
    ("atan2(1, 1)", 45),
    ("10 ^ -8", Fraction(1, 10**8)),
):
    value("EVAL", answer, expression)


def roots(a, b, c):
    half = (D(b) * D(b) - 4 * D(a) * D(c)).sqrt()
    both = sorted({(-D(b) - half) / (2 * D(a)), (-D(b) + half) / (2 * D(a))})
    return ", ".join(map(write, both))


for a, b in (("2", "-3"), ("3", "1"), ("-0.1", "0.25"), ("7", "0")):
    value("SOLVE_LINEAR", -Fraction(b) / Fraction(a), a, b)
for a, b, c in (("1", "-5", "6"), ("1", "2", "1"), ("2", "-3", "-7"), ("1", "-1e10", "1"), ("0.5", "0.1", "-3"), ("-1", "0", "2")):
    value("SOLVE_QUADRATIC", roots(a, b, c), a, b, c)
for equation, variable, answer in (
    ("2x = 3", "x", "1.5"),
    ("3 * y + 1 = 0", "y", write(Fraction(-1, 3))),
    ("x^2 - 5x + 6 = 0", "x", "2, 3"),
    ("x^2 = 2", "x", roots("1", "0", "-2")),
    ("(t - 1)(t + 4) = 0", "t", "-4, 1"),
    ("x / 4 = 2 - x", "x", "1.6"),
    ("x^2 + 2x + 1 = 0", "x", "-1"),
):
    value("SOLVE", answer, equation, variable)

print("[")
print(",\n".join("  " + json.dumps(row) for row in table))
print("]")
