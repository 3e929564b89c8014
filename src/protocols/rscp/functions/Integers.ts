/** Whole numbers, which are computed exactly whatever their length. */
import { define, defineAny, type Definition, type Value } from "./Definition.ts"
import { Integer } from "./Parameter.ts"
import * as Prime from "./Prime.ts"
import { outsideDomain, tooLarge } from "./Refusal.ts"

export const functions: ReadonlyArray<Definition> = [
  defineAny(80, "GCD(X1, ...)", Integer, (values) => values.reduce(greatestCommonDivisor, 0n)),
  // The least common multiple of 0 and anything is 0.
  defineAny(81, "LCM(X1, ...)", Integer, (values) => values.reduce(leastCommonMultiple, 1n)),
  define(
    82,
    "FACT(N)",
    [Integer],
    (n) => (n < 0n ? outsideDomain : n > maxFactorial ? tooLarge : productOf(1n, n)),
    (n) => n > maxTerms && n <= maxFactorial
  ),
  // How many ways there are to choose K out of N.
  define(
    83,
    "COMBINATIONS(N, K)",
    [Integer, Integer],
    (n, k) => combinations(n, k),
    (n, k) => k > maxTerms && n - k > maxTerms
  ),
  // How many ways there are to choose K out of N, one after another.
  define(
    84,
    "PERMUTATIONS(N, K)",
    [Integer, Integer],
    (n, k) => permutations(n, k),
    (n, k) => k > maxTerms && k <= n
  ),
  // 1 for a prime, 0 for any other.
  define(85, "ISPRIME(N)", [Integer], (n) => (n > Prime.max ? tooLarge : Prime.isPrime(n) ? 1n : 0n)),
  // The prime factors in order, each as often as it divides: 2, 2, 3 for 12.
  define(
    86,
    "FACTORS(N)",
    [Integer],
    (n) => (n < 1n ? outsideDomain : n > Prime.max ? tooLarge : n === 1n ? "1" : Prime.factors(n).join(", ")),
    (n) => n > maxTrial && n <= Prime.max
  ),
  define(
    87,
    "FIBONACCI(N)",
    [Integer],
    (n) => (n < 0n ? outsideDomain : n > maxFibonacci ? tooLarge : fibonacci(n)),
    (n) => n > maxTerms && n <= maxFibonacci
  )
]

/** The last whose factorial is below 10^10000, and the last such Fibonacci number. */
const maxFactorial = 3_248n
const maxFibonacci = 47_851n

/** So many terms are multiplied while the event loop waits: some 20 microseconds. */
const maxTerms = 100n

/** Numbers up to this are factored while the event loop waits: the divisors tried are below its root. */
const maxTrial = 1_000_000n

/** Where numbers end. */
const limit = 10n ** 10_000n

const abs = (n: bigint): bigint => (n < 0n ? -n : n)

const greatestCommonDivisor = (one: bigint, other: bigint): bigint =>
  Prime.greatestCommonDivisor(abs(one), abs(other))

const leastCommonMultiple = (one: bigint, other: bigint): bigint =>
  one === 0n || other === 0n ? 0n : (abs(one) / greatestCommonDivisor(one, other)) * abs(other)

/** The product of all whole numbers from one to another. */
const productOf = (from: bigint, to: bigint): bigint => {
  let product = 1n
  for (let n = from; n <= to; n++) product *= n
  return product
}

const combinations = (n: bigint, k: bigint): Value => {
  if (n < 0n || k < 0n) return outsideDomain
  if (k > n) return 0n
  const terms = k < n - k ? k : n - k
  let ways = 1n
  // At least twice as many ways with each term, so that the limit comes before long.
  for (let term = 1n; term <= terms; term++) {
    ways = (ways * (n - terms + term)) / term
    if (ways > limit) return tooLarge
  }
  return ways
}

const permutations = (n: bigint, k: bigint): Value => {
  if (n < 0n || k < 0n) return outsideDomain
  if (k > n) return 0n
  let ways = 1n
  for (let factor = n; factor > n - k; factor--) {
    ways *= factor
    if (ways > limit) return tooLarge
  }
  return ways
}

/** By doubling: F(2k) = F(k) (2 F(k+1) - F(k)), F(2k+1) = F(k+1)^2 + F(k)^2. */
const fibonacci = (n: bigint): bigint => {
  let [current, next] = [0n, 1n]
  for (const bit of n.toString(2)) {
    const even = current * (2n * next - current)
    const odd = next * next + current * current
    ;[current, next] = bit === "1" ? [odd, even + odd] : [even, odd]
  }
  return current
}
