/**
 * Fair comparison of two: rounds that take turns, so that whatever changes on the machine meanwhile (heat, neighbours)
 * meets both alike, and medians, so that one bad round does not count.
 */

export interface Both<A> {
  readonly subject: A
  readonly baseline: A
}

/** Each round measures both, right after one another; who goes first alternates. */
export const takeTurns = async <A>(
  rounds: number,
  subject: () => Promise<A>,
  baseline: () => Promise<A>
): Promise<ReadonlyArray<Both<A>>> => {
  const measured: Array<Both<A>> = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await subject()
      measured.push({ subject: first, baseline: await baseline() })
    } else {
      const first = await baseline()
      measured.push({ subject: await subject(), baseline: first })
    }
  }
  return measured
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
