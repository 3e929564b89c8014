/**
 * What a request costs a server while more and more connections are open, and no more requests are in flight: the whole mix is
 * said on one connection after the other.
 */
import { fileURLToPath } from "node:url"
import { type Benchmark, connectionsPart, type Contender } from "./benchmark.ts"
import { parseFigures } from "./proc.ts"
import { start } from "./processes.ts"
import { median, takeTurns } from "./rounds.ts"
import { serve, type Serving } from "./servers.ts"
import { decimals, table, whole } from "./table.ts"
import type { Pace } from "./throughput.ts"
import type { VisitsReport } from "./visits.ts"

const visitsClient = fileURLToPath(new URL("visits.ts", import.meta.url))

const serveMany = (contender: Contender): Promise<Serving> =>
  serve(contender, "server", contender.forManyConnections)

const measure = async (
  { conversation }: Benchmark,
  server: Serving,
  connections: number,
  pace: Pace
): Promise<VisitsReport> => {
  const options = {
    conversation,
    socket: server.socket,
    connections,
    "warm-up": pace.compileSeconds,
    seconds: pace.seconds,
    watch: server.pid
  }
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const client = start([process.execPath, visitsClient, ...given], "client")
  try {
    return parseFigures(await client.nextLine(pace.seconds + 30)) as VisitsReport
  } finally {
    await client.stop()
  }
}

const row = async (benchmark: Benchmark, connections: number, pace: Pace): Promise<ReadonlyArray<string>> => {
  const subject = await serveMany(benchmark.subject)
  const baseline = await serveMany(benchmark.baseline)
  const rounds = await takeTurns(
    pace.scalingRounds,
    () => measure(benchmark, subject, connections, pace),
    () => measure(benchmark, baseline, connections, pace)
  )
  await subject.stop()
  await baseline.stop()
  const reports = rounds.flatMap((round) => [round.subject, round.baseline])
  const short = reports.find((report) => report.problem !== undefined)
  return [
    connectionsPart(benchmark, connections),
    decimals(median(rounds.map((round) => round.subject.cost)), 1),
    decimals(median(rounds.map((round) => round.baseline.cost)), 1),
    decimals(median(rounds.map((round) => round.baseline.cost / round.subject.cost)), 3),
    short === undefined ? "" : `only ${whole(short.connections)} could be opened: ${short.problem}`
  ]
}

export const measureScaling = async (
  benchmark: Benchmark,
  counts: ReadonlyArray<number>,
  pace: Pace
): Promise<string> => {
  const { baseline, subject } = benchmark
  const rows = [["connections", `${subject.name} µs a request`, baseline.name, "ratio", ""]]
  for (const connections of counts) rows.push([...(await row(benchmark, connections, pace))])
  return `Processor time a request, the same number of requests in flight:\n${table(rows).replaceAll(/ +$/gm, "")}`
}
