/**
 * Fair comparison of two or more: rounds that take turns, so that whatever changes on the machine meanwhile (heat, neighbours)
 * meets all alike, and medians, so that one bad round does not count.
 */

export interface Both<A> {
  readonly subject: A
  readonly baseline: A
}

/** Each round measures all of them, right after one another; each is the first in its turn. */
export const takeTurnsOf = async <Name extends string, A>(
  rounds: number,
  measures: Readonly<Record<Name, () => Promise<A>>>
): Promise<ReadonlyArray<Readonly<Record<Name, A>>>> => {
  const names = Object.keys(measures) as Array<Name>
  const measured: Array<Record<Name, A>> = []
  for (let round = 0; round < rounds; round++) {
    const taken: Partial<Record<Name, A>> = {}
    for (let at = 0; at < names.length; at++) {
      const name = names[(round + at) % names.length]!
      taken[name] = await measures[name]()
    }
    measured.push(taken as Record<Name, A>)
  }
  return measured
}

/** Each round measures both, right after one another; who goes first alternates. */
export const takeTurns = <A>(
  rounds: number,
  subject: () => Promise<A>,
  baseline: () => Promise<A>
): Promise<ReadonlyArray<Both<A>>> => takeTurnsOf(rounds, { subject, baseline })

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
