/**
 * What an idle connection costs in resident memory, measured on a freshly started server each.
 */
import { fileURLToPath } from "node:url"
import type { Benchmark, Contender } from "./benchmark.ts"
import type { IdleReport } from "./idle.ts"
import { parseFigures } from "./proc.ts"
import { start } from "./processes.ts"
import { median } from "./rounds.ts"
import { serve } from "./servers.ts"
import { decimals, reached, table, whole } from "./table.ts"

const idleClient = fileURLToPath(new URL("idle.ts", import.meta.url))

const measure = async (
  benchmark: Benchmark,
  connections: number,
  contender: Contender
): Promise<IdleReport> => {
  const server = await serve(contender, "server", contender.forManyConnections)
  const options = {
    conversation: benchmark.conversation,
    socket: server.socket,
    connections,
    watch: server.pid
  }
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const client = start([process.execPath, idleClient, ...given], "client")
  let report: IdleReport
  try {
    report = parseFigures(await client.nextLine(40)) as IdleReport
  } finally {
    await client.stop()
  }
  await server.stop()
  return report
}

export const measureMemory = async (
  benchmark: Benchmark,
  { connections, targetKiB }: NonNullable<Benchmark["idle"]>,
  rounds: number
): Promise<string> => {
  const rows: Array<ReadonlyArray<string>> = []
  for (const contender of [benchmark.subject, benchmark.baseline]) {
    const reports: Array<IdleReport> = []
    for (let round = 0; round < rounds; round++)
      reports.push(await measure(benchmark, connections, contender))
    const silent = median(reports.map((report) => report.silent))
    const isSubject = contender === benchmark.subject
    rows.push([
      contender.name,
      decimals(silent, 1),
      isSubject ? whole(targetKiB) : "",
      isSubject ? reached(silent, silent <= targetKiB) : "",
      decimals(median(reports.map((report) => report.spoken)), 1)
    ])
  }
  const heading = [
    `memory, ${whole(connections)} idle connections`,
    ...["KiB each", "target", "reached", "KiB each after one request"]
  ]
  return table([heading, ...rows])
}
