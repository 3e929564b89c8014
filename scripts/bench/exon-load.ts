/**
 * The load client of the Exon benchmark, a process of its own: says a fixed number of requests over its connections,
 * keeps so many in flight on each, and prints one line of JSON. Run by `exon.ts`; by hand:
 *
 *     node scripts/bench/exon-load.ts --work add --socket /tmp/x.socket --from 100001 --count 10240 --warm-up 2560 \
 *       --connections 16 --in-flight 16 --watch PID-OF-THE-SERVER
 *
 * The number of requests is fixed and not the time, so that a database that is measured twice has grown alike. All of
 * the client's work that can be done before or after is: requests are made beforehand, and while the time runs replies
 * are only counted and kept. Afterwards every one of them is checked.
 */
import { Buffer } from "node:buffer"
import { connect, type Socket } from "node:net"
import { parseArgs } from "node:util"
import { idsDrawn, idsFound, itemOf, searches } from "./exon-items.ts"
import { Histogram } from "./histogram.ts"
import type { LoadReport } from "./load.ts"
import { machineSeconds, processorSeconds } from "./proc.ts"

/** What a sequential client saw of the search for one text; latencies in microseconds. */
export interface SearchReport {
  readonly text: string
  readonly found: number
  readonly p50: number
  readonly p99: number
}

const { values: options } = parseArgs({
  options: {
    work: { type: "string", default: "add" },
    socket: { type: "string", default: "" },
    /** The number of the first item to add; for `id`, what to draw the ids from. */
    from: { type: "string", default: "100001" },
    count: { type: "string", default: "10240" },
    "warm-up": { type: "string", default: "0" },
    connections: { type: "string", default: "16" },
    "in-flight": { type: "string", default: "16" },
    watch: { type: "string", default: "0" }
  }
})

const inFlight = Number(options["in-flight"])
const pid = Number(options.watch)

const fail = (problem: string): never => {
  console.error(`exon-load: ${problem}`)
  process.exit(1)
}

/** What is said on one connection, and what is wrong with the replies: undefined when nothing is. */
interface Part {
  readonly requests: ReadonlyArray<string>
  /** No reply is longer, in bytes. */
  readonly longestReply: number
  readonly problem: (reply: string, at: number) => string | undefined
}

// One buffer for all connections: a read is copied before the next one begins.
const received = Buffer.alloc(64 * 1024)
const lineFeed = 10

class Peer {
  private readonly socket: Socket
  private take: (length: number) => void = () => fail("a reply to nothing")

  constructor(path: string) {
    const callback = (length: number): boolean => {
      this.take(length)
      return true
    }
    this.socket = connect({ path, onread: { buffer: received, callback } })
    this.socket.on("error", (error) => fail(error.message))
    this.socket.on("end", () => fail("the server closed a connection"))
  }

  readonly connected = (): Promise<void> => new Promise((resolve) => this.socket.once("connect", resolve))

  close(): void {
    this.socket.destroy()
  }

  /** Makes the bytes and returns how to say them; that returns how to check the replies. */
  prepare({ longestReply, problem, requests }: Part, histogram: Histogram): () => Promise<() => void> {
    const bytes = Buffer.from(requests.join(""))
    const starts = new Uint32Array(requests.length + 1)
    requests.forEach((request, at) => (starts[at + 1] = starts[at]! + Buffer.byteLength(request)))
    const replies = Buffer.alloc(longestReply * requests.length)
    const sentAt = new Float64Array(requests.length)

    const say = (done: () => void): void => {
      let sent = 0
      let answered = 0
      let length = 0
      const send = (count: number, now: number): void => {
        const end = Math.min(sent + count, requests.length)
        if (end === sent) return
        this.socket.write(bytes.subarray(starts[sent], starts[end]))
        sentAt.fill(now, sent, end)
        sent = end
      }
      this.take = (more) => {
        const now = performance.now()
        if (length + more > replies.length) fail(`replies too long: ${received.toString("utf8", 0, 200)}`)
        const chunk = received.subarray(0, more)
        replies.set(chunk, length)
        const before = answered
        for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) {
          if (answered === sent) fail("more replies than requests")
          histogram.add(now - sentAt[answered++]!)
        }
        length += more
        if (answered === requests.length) done()
        else send(answered - before, now)
      }
      send(inFlight, performance.now())
    }

    const check = (): void => {
      const lines = replies.toString("utf8").split("\n")
      for (let at = 0; at < requests.length; at++) {
        const what = problem(lines[at]!, at)
        if (what !== undefined) fail(`${requests[at]!.trimEnd()} got ${lines[at]!}: ${what}`)
      }
    }
    return () => new Promise((resolve) => say(() => resolve(check)))
  }
}

const used = () => {
  const { system, user } = process.cpuUsage()
  return { client: (user + system) / 1e6, server: processorSeconds(pid), machine: machineSeconds() }
}

/** Says each part on its connection, all at once. */
const runAll = async (peers: ReadonlyArray<Peer>, parts: ReadonlyArray<Part>): Promise<LoadReport> => {
  const histogram = new Histogram()
  const ready = parts.map((part, at) => peers[at]!.prepare(part, histogram))
  const before = used()
  const begin = performance.now()
  const checks = await Promise.all(ready.map((say) => say()))
  const seconds = (performance.now() - begin) / 1000
  const after = used()
  for (const check of checks) check()
  const clientCpu = (after.client - before.client) / seconds
  const serverCpu = (after.server - before.server) / seconds
  return {
    rate: parts.reduce((sum, { requests }) => sum + requests.length, 0) / seconds,
    p50: histogram.quantile(0.5),
    p99: histogram.quantile(0.99),
    clientCpu,
    serverCpu,
    othersCpu: Math.max(0, (after.machine - before.machine) / seconds - clientCpu - serverCpu)
  }
}

const numbers = new Set<string>()
const registered = /^\{"status":"success","message":"New item registered","data":(\d+)\}$/

const adding = (from: number, count: number): Part => {
  const requestOf = (n: number): string => {
    const { comments, name } = itemOf(n)
    return `add name="${name}"::comments="${comments}"\n`
  }
  return {
    requests: Array.from({ length: count }, (_, at) => requestOf(from + at)),
    longestReply: 128,
    problem: (reply) => {
      const number = registered.exec(reply)?.[1]
      if (number === undefined) return "not added"
      if (numbers.has(number)) return "a number that another item has"
      numbers.add(number)
      return undefined
    }
  }
}

const itemPattern = /^(\{.*"date":")\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(".*\})$/

const reading = (seed: number, count: number): Part => {
  const ids = idsDrawn(count, seed)
  return {
    requests: ids.map((id) => `id ${id}\n`),
    longestReply: 512,
    problem: (reply, at) => {
      const { comments, name } = itemOf(ids[at]!)
      const data = { name, id: ids[at]!, date: "", comments, author: "anon" }
      const expected = JSON.stringify({ status: "success", message: "Item is available.", data })
      return reply.replace(itemPattern, "$1$2") === expected ? undefined : "not the item"
    }
  }
}

/** What is to be found, looked for once each. */
const expectedOf = new Map(
  options.work === "search" ? searches.map((text) => [text, idsFound(text).join()]) : []
)

/** Searches for the texts in turn. */
const searching = (texts: ReadonlyArray<string>, count: number): Part => ({
  requests: Array.from({ length: count }, (_, at) => `search text="${texts[at % texts.length]!}"\n`),
  longestReply: 16 * 1024,
  problem: (reply, at) => {
    const { data, status } = JSON.parse(reply) as { status: string; data: ReadonlyArray<{ id: number }> }
    const expected = expectedOf.get(texts[at % texts.length]!)
    const isRight = status === "success" && data.map(({ id }) => id).join() === expected
    return isRight ? undefined : `not the items ${expected}`
  }
})

const from = Number(options.from)
const count = Number(options.count)
const warmUp = Number(options["warm-up"])
const peers = Array.from({ length: Number(options.connections) }, () => new Peer(options.socket))
await Promise.all(peers.map((peer) => peer.connected()))

if (options.work === "search") {
  const reports: Array<SearchReport> = []
  for (const texts of [...searches.map((text) => [text]), searches]) {
    if (warmUp > 0) await runAll(peers, [searching(texts, warmUp)])
    const { p50, p99 } = await runAll(peers, [searching(texts, count)])
    const single = texts.length === 1 ? texts[0] : undefined
    const found =
      expectedOf
        .get(single ?? "")
        ?.split(",")
        .filter(Boolean).length ?? NaN
    reports.push({ text: single ?? "all of them in turn", found, p50, p99 })
  }
  console.log(JSON.stringify(reports))
} else {
  const part = options.work === "id" ? reading : adding
  const parts = (first: number, all: number): ReadonlyArray<Part> => {
    const each = Math.ceil(all / peers.length)
    return peers.map((_, at) => part(first + at * each, Math.min(each, all - at * each)))
  }
  if (warmUp > 0) await runAll(peers, parts(from, warmUp))
  console.log(JSON.stringify(await runAll(peers, parts(from + warmUp, count))))
}
for (const peer of peers) peer.close()
