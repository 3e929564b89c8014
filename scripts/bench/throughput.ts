/**
 * Requests per second under the scenarios of a benchmark, both servers side by side.
 *
 * Each scenario has a pair of servers of its own, both alive during all its rounds. Alive, because a server that runs
 * for weeks is compiled and warm, and its start is measured elsewhere; the one whose turn it is not waits in `epoll` and
 * costs nothing. A pair per scenario, because what a scenario leaves behind in a server (heap, compiled code) must not
 * colour the next: `--only` measures the same thing as the whole run.
 */
import { fileURLToPath } from "node:url"
import { type Benchmark, nameOf, type Scenario } from "./benchmark.ts"
import type { LoadReport } from "./load.ts"
import { parseFigures } from "./proc.ts"
import { start } from "./processes.ts"
import { type Both, median, takeTurns } from "./rounds.ts"
import { serve, type Serving } from "./servers.ts"
import { decimals, percent, reached, whole } from "./table.ts"

export interface Pace {
  readonly rounds: number
  /** Load before the first round, of which nothing is kept: the servers' code gets compiled. */
  readonly compileSeconds: number
  readonly warmUpSeconds: number
  readonly seconds: number
  /** Rounds of each number of connections; thousands of them are opened anew in each. */
  readonly scalingRounds: number
}

const loadClient = fileURLToPath(new URL("load.ts", import.meta.url))

const load = async (
  conversation: string,
  server: Serving,
  { connections, inFlight }: Scenario,
  warmUpSeconds: number,
  seconds: number
): Promise<LoadReport> => {
  const options = {
    conversation,
    socket: server.socket,
    connections,
    "in-flight": inFlight,
    "warm-up": warmUpSeconds,
    seconds,
    watch: server.pid
  }
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const client = start([process.execPath, loadClient, ...given], "client")
  try {
    return parseFigures(await client.nextLine(warmUpSeconds + seconds + 15)) as LoadReport
  } finally {
    await client.stop()
  }
}

/** The rounds of one scenario. */
export const measureScenario = async (
  benchmark: Benchmark,
  scenario: Scenario,
  pace: Pace
): Promise<ReadonlyArray<Both<LoadReport>>> => {
  const subject = await serve(benchmark.subject, "server")
  const baseline = await serve(benchmark.baseline, "server")
  const against = (server: Serving, warmUp: number, seconds: number) => (): Promise<LoadReport> =>
    load(benchmark.conversation, server, scenario, warmUp, seconds)
  await takeTurns(1, against(subject, pace.compileSeconds, 0.1), against(baseline, pace.compileSeconds, 0.1))
  const { rounds, seconds, warmUpSeconds } = pace
  const measured = await takeTurns(
    rounds,
    against(subject, warmUpSeconds, seconds),
    against(baseline, warmUpSeconds, seconds)
  )
  await subject.stop()
  await baseline.stop()
  return measured
}

export const throughputHeading = (benchmark: Benchmark): ReadonlyArray<string> => {
  const names = [benchmark.subject.name, benchmark.baseline.name]
  return [
    "scenario",
    ...names.map((name) => `${name} req/s`),
    ...["ratio", "target", "reached"],
    ...names.flatMap((name) => [`${name} p50 µs`, "p99 µs"])
  ]
}

export const throughputRow = (
  benchmark: Benchmark,
  scenario: Scenario,
  rounds: ReadonlyArray<Both<LoadReport>>
): ReadonlyArray<string> => {
  const of = (who: "subject" | "baseline", figure: keyof LoadReport): number =>
    median(rounds.map((round) => round[who][figure]))
  const rate = of("subject", "rate")
  const ratio = median(rounds.map((round) => round.subject.rate / round.baseline.rate))
  const { rateTarget, target } = scenario
  return [
    nameOf(benchmark, scenario),
    whole(rate),
    whole(of("baseline", "rate")),
    decimals(ratio, 3),
    rateTarget === undefined ? decimals(target, 2) : `${whole(rateTarget)}/s`,
    reached(ratio, rateTarget === undefined ? ratio >= target : rate >= rateTarget),
    whole(of("subject", "p50")),
    whole(of("subject", "p99")),
    whole(of("baseline", "p50")),
    whole(of("baseline", "p99"))
  ]
}

/** Who used how much of a core meanwhile: the evidence that the servers were the limit and the machine was quiet. */
export const processorHeading = (benchmark: Benchmark): ReadonlyArray<string> => [
  "scenario",
  ...[benchmark.subject.name, benchmark.baseline.name].flatMap((name) => [name, "its client", "all else"]),
  "ratio, lowest to highest"
]

export const processorRow = (
  benchmark: Benchmark,
  scenario: Scenario,
  rounds: ReadonlyArray<Both<LoadReport>>
): ReadonlyArray<string> => {
  const use = (who: "subject" | "baseline"): ReadonlyArray<string> =>
    (["serverCpu", "clientCpu", "othersCpu"] as const).map((figure) =>
      percent(median(rounds.map((round) => round[who][figure])))
    )
  const ratios = rounds.map((round) => round.subject.rate / round.baseline.rate)
  return [
    nameOf(benchmark, scenario),
    ...use("subject"),
    ...use("baseline"),
    `${decimals(Math.min(...ratios), 3)} to ${decimals(Math.max(...ratios), 3)}`
  ]
}
