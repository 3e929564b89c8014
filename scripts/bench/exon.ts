/**
 * The benchmark of Exon: durable `add`, `id` and `search` at 100,000 items, over a Unix socket, beside a bare loop of
 * `node:sqlite` (`exon-bare.ts`) on a copy of the same database.
 *
 * Wireline fills the database once, one after another through a pipelined connection; every contender gets a copy of
 * the file. A round is a fixed number of requests, so that what `add` leaves behind makes all databases grow alike.
 */
import { execFileSync } from "node:child_process"
import { closeSync, cpSync, fdatasyncSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { BareReport } from "./exon-bare.ts"
import { itemCount } from "./exon-items.ts"
import type { SearchReport } from "./exon-load.ts"
import type { LoadReport } from "./load.ts"
import { parseFigures } from "./proc.ts"
import { start } from "./processes.ts"
import { say } from "./results.ts"
import { median, takeTurns, takeTurnsOf } from "./rounds.ts"
import { makePlace, serve, type Serving } from "./servers.ts"
import { decimals, percent, reached, table, whole } from "./table.ts"
import { wireline } from "./wireline.ts"

const connections = 16
const inFlight = 16
const targets = { add: 0.55, id: 0.7, searchMilliseconds: 10 }

/** How many requests a round has of each kind, and how many before it of which nothing is kept. */
export interface ExonPace {
  readonly rounds: number
  readonly adds: number
  readonly ids: number
  readonly searches: number
}

export const wholeExon: ExonPace = { rounds: 5, adds: 15_360, ids: 61_440, searches: 200 }
export const quickExon: ExonPace = { rounds: 3, adds: 5120, ids: 10_240, searches: 20 }

export const exonParts = ["exon-add", "exon-id", "exon-search"] as const

const exon = wireline("exon")

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const run = async (
  script: string,
  core: "client" | "server",
  options: Readonly<Record<string, string | number>>
): Promise<unknown> => {
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const client = start([process.execPath, here(script), ...given], core)
  try {
    return parseFigures(await client.nextLine(90))
  } finally {
    await client.stop()
  }
}

const ask = (server: Serving, options: Readonly<Record<string, string | number>>): Promise<unknown> =>
  run("exon-load.ts", "client", { socket: server.socket, watch: server.pid, ...options })

/** A directory whose `data` holds the database with all items, closed. */
const fill = async (): Promise<string> => {
  const server = await serve(exon, "any")
  const all = { work: "add", from: 1, count: itemCount, connections: 1, "in-flight": 1024 }
  const { rate } = (await ask(server, all)) as LoadReport
  await server.stop()
  say(`${whole(itemCount)} items added through one connection, ${whole(rate)} a second`)
  return server.directory
}

const copyOf = (filled: string) => {
  const place = makePlace()
  cpSync(join(filled, "data"), join(place.directory, "data"), { recursive: true })
  // What this and the measurement before have left to be written must not be written during the next.
  execFileSync("sync")
  return place
}

const serveCopy = (filled: string): Promise<Serving> => serve(exon, "server", [], copyOf(filled))

const bareOn = (filled: string) => {
  const file = join(copyOf(filled).directory, "data", "wireline.db")
  return (options: Readonly<Record<string, string | number>>): Promise<BareReport> =>
    run("exon-bare.ts", "server", { file, ...options }) as Promise<BareReport>
}

/** What a commit has to wait for at least: the median time of a write of 4 KiB that is made durable, in milliseconds. */
const syncMilliseconds = (): number => {
  const file = openSync(join(makePlace().directory, "sync"), "w")
  const page = Buffer.alloc(4096)
  const taken = Array.from({ length: 50 }, () => {
    const begin = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return performance.now() - begin
  })
  closeSync(file)
  return median(taken)
}

const heading = ["scenario", "Wireline /s", "bare loop /s", "ratio", "target", "reached", "p50 µs", "p99 µs"]
const processorHeading = [
  "scenario",
  ...["Wireline", "its client", "all else"],
  ...["bare loop", "all else", "ratio, lowest to highest"]
]

interface Compared {
  readonly subject: LoadReport
  readonly bare: BareReport
}

const row = (name: string, rounds: ReadonlyArray<Compared>, target: number | undefined) => {
  const of = (figure: "rate" | "p50" | "p99"): string =>
    whole(median(rounds.map(({ subject }) => subject[figure])))
  const ratio = median(rounds.map(({ bare, subject }) => subject.rate / bare.rate))
  return [
    name,
    of("rate"),
    whole(median(rounds.map(({ bare }) => bare.rate))),
    decimals(ratio, 3),
    ...(target === undefined ? ["", ""] : [decimals(target, 2), reached(ratio, ratio >= target)]),
    of("p50"),
    of("p99")
  ]
}

const processorRow = (name: string, rounds: ReadonlyArray<Compared>) => {
  const share = (of: (round: Compared) => number): string => percent(median(rounds.map(of)))
  const ratios = rounds.map(({ bare, subject }) => subject.rate / bare.rate)
  return [
    name,
    share(({ subject }) => subject.serverCpu),
    share(({ subject }) => subject.clientCpu),
    share(({ subject }) => subject.othersCpu),
    share(({ bare }) => bare.serverCpu),
    share(({ bare }) => bare.othersCpu),
    `${decimals(Math.min(...ratios), 3)} to ${decimals(Math.max(...ratios), 3)}`
  ]
}

const measureAdd = async (filled: string, { adds, rounds }: ExonPace) => {
  const server = await serveCopy(filled)
  const bareWork = bareOn(filled)
  const bareItem = bareOn(filled)
  const warmUp = 10 * connections * inFlight
  let turn = 0
  // Names that nobody has used: each call, of whomever, has its own range.
  const options = () => ({ from: itemCount + 1 + turn++ * 2 * adds, count: adds, "warm-up": warmUp })
  const subject = async () =>
    (await ask(server, { work: "add", connections, "in-flight": inFlight, ...options() })) as LoadReport
  const measures = {
    subject,
    work: () => bareWork({ work: "add", ...options() }),
    item: () => bareItem({ work: "add-item", ...options() })
  }
  // The first round is for the compiler of the server, and to make the databases grow alike.
  await takeTurnsOf<keyof typeof measures, LoadReport | BareReport>(1, measures)
  const measured = await takeTurnsOf<keyof typeof measures, LoadReport | BareReport>(rounds, measures)
  await server.stop()
  const against = (which: "work" | "item"): ReadonlyArray<Compared> =>
    measured.map((round) => ({ subject: round.subject as LoadReport, bare: round[which] }))
  return { work: against("work"), item: against("item") }
}

const measureId = async (filled: string, { ids, rounds }: ExonPace): Promise<ReadonlyArray<Compared>> => {
  const server = await serveCopy(filled)
  const bare = bareOn(filled)
  let seed = 1
  const options = () => ({ work: "id", from: seed++ * 1000, count: ids, "warm-up": ids / 4 })
  const subject = () => ask(server, { connections, "in-flight": inFlight, ...options() })
  await subject()
  const measured = await takeTurns<unknown>(rounds, subject, () => bare(options()))
  await server.stop()
  return measured.map((round) => ({
    subject: round.subject as LoadReport,
    bare: round.baseline as BareReport
  }))
}

const measureSearch = async (filled: string, { searches }: ExonPace): Promise<string> => {
  const server = await serveCopy(filled)
  const options = { work: "search", connections: 1, "in-flight": 1, "warm-up": searches, count: searches }
  const reports = (await ask(server, options)) as ReadonlyArray<SearchReport>
  await server.stop()
  const milliseconds = (microseconds: number): string => decimals(microseconds / 1000, 2)
  return table([
    ["exon-search, one client, one at a time", "found", "p50 ms", "p99 ms", "target", "reached"],
    ...reports.map(({ found, p50, p99, text }) => [
      text,
      whole(found),
      milliseconds(p50),
      milliseconds(p99),
      whole(targets.searchMilliseconds),
      reached(p99, p99 < targets.searchMilliseconds * 1000)
    ])
  ])
}

export const measureExon = async (pace: ExonPace, isWanted: (part: string) => boolean): Promise<void> => {
  if (!exonParts.some(isWanted)) return
  say(`\nExon at ${whole(itemCount)} items: ${pace.rounds} rounds, medians`)
  const filled = await fill()
  say(`a durable write of 4 KiB takes ${decimals(syncMilliseconds(), 2)} ms here\n`)
  const rates: Array<ReadonlyArray<string>> = []
  const processors: Array<ReadonlyArray<string>> = []
  if (isWanted("exon-add")) {
    const { item, work } = await measureAdd(filled, pace)
    rates.push(row("exon-add: item, audit and index rows", work, targets.add))
    rates.push(row("  to a loop that writes the item alone", item, undefined))
    processors.push(processorRow("exon-add", work), processorRow("  item alone", item))
  }
  if (isWanted("exon-id")) {
    const rounds = await measureId(filled, pace)
    rates.push(row("exon-id", rounds, targets.id))
    processors.push(processorRow("exon-id", rounds))
  }
  if (rates.length > 0) {
    say(table([heading, ...rates]))
    say(
      `Wireline: a Unix socket, ${connections} connections with ${inFlight} in flight each. The bare loop: no network at` +
        ` all, one process\nthat has the values at hand and commits every ${connections * inFlight} items.\n`
    )
    say("Processor use, of one core each:")
    say(`${table([processorHeading, ...processors])}\n`)
  }
  if (isWanted("exon-search")) say(`${await measureSearch(filled, pace)}\n`)
}
