/**
 * The time from the start of the process to the line that says it serves.
 *
 * Each start finds an empty directory, which is the slowest kind: everything is yet to be created. The process is not
 * pinned, since nobody starts a server on one core, where Node.js' own threads would have to wait for one another.
 */
import type { Benchmark, Contender } from "./benchmark.ts"
import { median, takeTurns } from "./rounds.ts"
import { serve } from "./servers.ts"
import { decimals, reached, table } from "./table.ts"

const timed = (contender: Contender) => async (): Promise<number> => {
  const server = await serve(contender, "any")
  await server.stop()
  return server.startSeconds
}

export const measureStart = async (
  { baseline, subject }: Benchmark,
  startSeconds: number,
  rounds: number
): Promise<string> => {
  const measured = await takeTurns(rounds, timed(subject), timed(baseline))
  const subjectTook = median(measured.map((round) => round.subject))
  const baselineTook = median(measured.map((round) => round.baseline))
  return table([
    ["start to listening", "seconds", "target", "reached"],
    [
      subject.name,
      decimals(subjectTook, 3),
      decimals(startSeconds, 2),
      reached(subjectTook, subjectTook <= startSeconds)
    ],
    [baseline.name, decimals(baselineTook, 3), "", ""]
  ])
}
