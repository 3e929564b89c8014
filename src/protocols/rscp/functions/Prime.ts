/**
 * Primes below some 3.3 * 10^24: the test is certain up to there. Factors of 10^10 are found in a tenth of a second, of
 * 10^12 in one.
 *
 * Pure: imports nothing.
 */

/** The first primes. */
const small = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n] as const

/**
 * The last number below the first composite that is a strong pseudoprime to all of the first 13 primes (Sorenson and
 * Webster, 2015).
 */
export const max = 3_317_044_064_679_887_385_961_980n

/** Whether a number up to `max` is prime. */
export const isPrime = (n: bigint): boolean => {
  if (n < 2n) return false
  for (const prime of small) if (n % prime === 0n) return n === prime
  let odd = n - 1n
  let twos = 0
  for (; (odd & 1n) === 0n; odd >>= 1n) twos++
  return small.every((base) => isProbablePrime(n, base, odd, twos))
}

/** The test of Miller and Rabin, where n - 1 is `odd` times 2 to the power `twos`. */
const isProbablePrime = (n: bigint, base: bigint, odd: bigint, twos: number): boolean => {
  let residue = power(base, odd, n)
  if (residue === 1n || residue === n - 1n) return true
  for (let round = 1; round < twos; round++) {
    residue = (residue * residue) % n
    if (residue === n - 1n) return true
  }
  return false
}

const power = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** Divisors up to this are tried one after another. */
const maxDivisor = 1_000n

/** The prime factors of a number from 2 to `max`, in order, each as often as it divides. */
export const factors = (n: bigint): ReadonlyArray<bigint> => {
  const found: Array<bigint> = []
  let rest = n
  for (
    let divisor = 2n;
    divisor <= maxDivisor && divisor * divisor <= rest;
    divisor += divisor === 2n ? 1n : 2n
  ) {
    for (; rest % divisor === 0n; rest /= divisor) found.push(divisor)
  }
  const parts = rest > 1n ? [rest] : []
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (part <= maxDivisor * maxDivisor || isPrime(part)) {
      found.push(part)
    } else {
      const divisor = divisorOf(part)
      parts.push(divisor, part / divisor)
    }
  }
  return found.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0))
}

/** A divisor of a composite number: Pollard's rho, with Brent's cycle, sequence after sequence. */
const divisorOf = (n: bigint): bigint => {
  for (let addend = 1n; ; addend++) {
    const divisor = divisorBy(n, addend)
    if (divisor !== n) return divisor
  }
}

/** Differences are multiplied together, so that one greatest common divisor does for many. */
const batch = 128

const divisorBy = (n: bigint, addend: bigint): bigint => {
  const step = (x: bigint): bigint => (x * x + addend) % n
  let y = 2n
  for (let length = 1; ; length *= 2) {
    const x = y
    for (let i = 0; i < length; i++) y = step(y)
    for (let done = 0; done < length; done += batch) {
      const start = y
      let product = 1n
      for (let i = 0; i < Math.min(batch, length - done); i++) {
        y = step(y)
        product = (product * (x > y ? x - y : y - x)) % n
      }
      const divisor = greatestCommonDivisor(product, n)
      if (divisor === 1n) continue
      return divisor === n ? oneByOne(n, x, start, step) : divisor
    }
  }
}

/** Goes through a batch again whose product is 0. */
const oneByOne = (n: bigint, x: bigint, start: bigint, step: (x: bigint) => bigint): bigint => {
  for (let y = step(start); ; y = step(y)) {
    const divisor = greatestCommonDivisor(x > y ? x - y : y - x, n)
    if (divisor > 1n) return divisor
  }
}

/** The greatest common divisor of two numbers, neither of them below 0. */
export const greatestCommonDivisor = (one: bigint, other: bigint): bigint => {
  let a = one
  let b = other
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}
