/**
 * Counts of durations in buckets that grow with the duration: 64 per doubling, so that a quantile is off by less than
 * 2 % while the memory is one small array, however long the measurement takes.
 */
const steps = 64
const perMicrosecond = 16

export class Histogram {
  readonly #counts = new Uint32Array(27 * steps)
  #total = 0

  /** Adds a duration in milliseconds, as the difference of two `performance.now()`. */
  add(milliseconds: number): void {
    const value = Math.min(milliseconds * 1000 * perMicrosecond, 0x7fffffff) | 0
    let bucket = value
    if (value >= steps) {
      const shift = 25 - Math.clz32(value)
      bucket = shift * steps + (value >>> shift)
    }
    this.#counts[bucket]!++
    this.#total++
  }

  /** The duration in microseconds below which the given share (0 to 1) of the durations lies; 0 when there are none. */
  quantile(share: number): number {
    let left = Math.ceil(this.#total * share)
    for (let bucket = 0; bucket < this.#counts.length && left > 0; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return middle(bucket) / perMicrosecond
    }
    return 0
  }
}

const middle = (bucket: number): number => {
  if (bucket < 2 * steps) return bucket
  const shift = Math.floor(bucket / steps) - 1
  return (bucket - shift * steps + 0.5) * 2 ** shift
}
