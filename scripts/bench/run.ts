/**
 * Measures Wireline against a hand-written server, or a bare loop over the database, and prints what came out beside
 * what was to be reached.
 *
 *     npm run bench                                          everything, some five minutes, and bench/RESULTS.md
 *     npm run bench -- --quick                               shorter rounds, some two minutes, less exact
 *     npm run bench -- --only 50x1 --only memory             a part: a scenario, memory, start
 *     npm run bench -- --only connections-10000              a request while 10,000 connections are open
 *     npm run bench -- --only exon-add                       of Exon: exon-add, exon-id, exon-search
 *     npm run bench -- --only rscp-50x1                      of RSCP: its scenarios
 *     npm run bench -- --only redis-50x16                    the example redis.ts
 *     npm run bench -- --results FILE                        writes them to another file, whatever was measured
 *     npm run bench -- --subject "node my.ts {socket}"       another server of sec-lsm-manager; {directory} too
 *
 * The exit status tells whether everything was measured, not whether the targets were reached.
 */
import { parseArgs } from "node:util"
import { type Benchmark, connectionsPart, type Contender, nameOf, partsOf } from "./benchmark.ts"
import { exonParts, measureExon, quickExon, wholeExon } from "./exon.ts"
import type { LoadReport } from "./load.ts"
import { measureMemory } from "./memory.ts"
import { complaints, endAll, pinning } from "./processes.ts"
import * as results from "./results.ts"
import { say } from "./results.ts"
import type { Both } from "./rounds.ts"
import { benchmark as redis } from "./redis.ts"
import { benchmark as rscp } from "./rscp.ts"
import { benchmark as secLsmManager } from "./sec-lsm-manager.ts"
import { measureScaling } from "./scaling.ts"
import { removeFiles } from "./servers.ts"
import { benchmark as sms } from "./sms.ts"
import { measureStart } from "./startup.ts"
import { table } from "./table.ts"
import {
  measureScenario,
  type Pace,
  processorHeading,
  processorRow,
  throughputHeading,
  throughputRow
} from "./throughput.ts"

const longestRun = 480

const whole: Pace = { rounds: 7, compileSeconds: 0.8, warmUpSeconds: 0.2, seconds: 1.1, scalingRounds: 3 }
const quick: Pace = { rounds: 5, compileSeconds: 0.3, warmUpSeconds: 0.1, seconds: 0.2, scalingRounds: 1 }

const substitute = (command: string): Contender => ({
  name: "subject",
  command: ({ directory, socket }) =>
    command
      .split(" ")
      .map((word) => word.replaceAll("{socket}", socket).replaceAll("{directory}", directory)),
  forManyConnections: [],
  isReady: (line) => line.includes("listening")
})

const measureBenchmark = async (
  benchmark: Benchmark,
  pace: Pace,
  isWanted: (part: string) => boolean
): Promise<void> => {
  if (!partsOf(benchmark).some(isWanted)) return
  say(`\n${benchmark.name}: ${pace.rounds} rounds of ${pace.seconds} s a server, medians\n`)
  const { idle, prefix, startSeconds } = benchmark
  const scenarios = benchmark.scenarios.filter((scenario) => isWanted(nameOf(benchmark, scenario)))
  const rates: Array<ReadonlyArray<string>> = []
  const processors: Array<ReadonlyArray<string>> = []
  for (const scenario of scenarios) {
    const rounds: ReadonlyArray<Both<LoadReport>> = await measureScenario(benchmark, scenario, pace)
    rates.push(throughputRow(benchmark, scenario, rounds))
    processors.push(processorRow(benchmark, scenario, rounds))
  }
  if (scenarios.length > 0) {
    say(`${table([throughputHeading(benchmark), ...rates])}\n`)
    say("Processor use, of one core each:")
    say(`${table([processorHeading(benchmark), ...processors])}\n`)
  }
  const counts = (benchmark.connections ?? []).filter((count) => isWanted(connectionsPart(benchmark, count)))
  if (counts.length > 0) say(`${await measureScaling(benchmark, counts, pace)}\n`)
  if (idle !== undefined && isWanted(`${prefix}memory`)) {
    say(`${await measureMemory(benchmark, idle, 1)}\n`)
  }
  if (startSeconds !== undefined && isWanted(`${prefix}start`)) {
    say(await measureStart(benchmark, startSeconds, 5))
  }
}

const main = async (): Promise<void> => {
  const { values: options } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      subject: { type: "string" },
      results: { type: "string" }
    }
  })
  // Another subject has only what it stands in for measured.
  const isWhole = options.subject === undefined
  const benchmarks =
    options.subject === undefined
      ? [secLsmManager, rscp, sms, redis]
      : [{ ...secLsmManager, subject: substitute(options.subject) }]
  const parts = [...benchmarks.flatMap(partsOf), ...(isWhole ? exonParts : [])]
  const unknown = options.only.find((part) => !parts.includes(part))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: not one of ${parts.join(", ")}`)

  say(`${results.facts()}\n${pinning}`)
  const isWanted = (part: string): boolean => options.only.length === 0 || options.only.includes(part)
  for (const benchmark of benchmarks) {
    await measureBenchmark(benchmark, options.quick ? quick : whole, isWanted)
  }
  if (isWhole) await measureExon(options.quick ? quickExon : wholeExon, isWanted)
  const file =
    options.results ?? (isWhole && !options.quick && options.only.length === 0 ? results.whole : undefined)
  if (file !== undefined) results.write(file)
}

// Whatever ends this process, the servers and clients end with it, and their files go.
process.on("exit", () => {
  endAll()
  removeFiles()
})
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129]
] as const) {
  process.on(signal, () => process.exit(status))
}
setTimeout(() => {
  console.error(`bench: not done after ${longestRun} s`)
  process.exit(1)
}, longestRun * 1000).unref()

try {
  await main()
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.stderr.write(complaints())
  process.exit(1)
}
