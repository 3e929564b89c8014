/**
 * Holds connections open and says the whole mix on one after the other, the same number of requests in flight however many
 * connections there are. A process of its own, run by `scaling.ts`; prints one line of JSON with what a request cost the server.
 */
import { parseArgs } from "node:util"
import type { Conversation, Exchange } from "./conversation.ts"
import { exchange, inBatches, open, say } from "./peer.ts"
import { processorSeconds } from "./proc.ts"

/** How many connections there were; where they were not all that were asked for, why, and nothing is measured. */
export interface VisitsReport {
  readonly connections: number
  readonly problem?: string
  /** Processor time of the server in microseconds a request. */
  readonly cost: number
}

const { values: options } = parseArgs({
  options: {
    conversation: { type: "string", default: "" },
    socket: { type: "string", default: "" },
    connections: { type: "string", default: "1" },
    "warm-up": { type: "string", default: "0.2" },
    seconds: { type: "string", default: "1" },
    watch: { type: "string", default: "0" }
  }
})

const { conversation } = (await import(options.conversation)) as { readonly conversation: Conversation }
const pid = Number(options.watch)
const mixesInFlight = 16

const print = (report: VisitsReport): never => {
  console.log(JSON.stringify(report))
  process.exit(0)
}

await say(options.socket, conversation.prelude)
let connections = 0
const sockets = await inBatches(Number(options.connections), async () => {
  const socket = await open(options.socket)
  connections++
  return socket
}).catch((error: Error) => print({ connections, problem: error.message, cost: NaN }))

// As many mixes are in flight on a few connections as on many.
const visitors = Math.min(mixesInFlight, sockets.length)
const mixes = mixesInFlight / visitors
const visit: Exchange = {
  request: conversation.mix
    .map((each) => each.request)
    .join("")
    .repeat(mixes),
  reply: conversation.mix
    .map((each) => each.reply)
    .join("")
    .repeat(mixes)
}
// Each visitor has connections of its own.
const rounded = sockets.length - (sockets.length % visitors)

/** Visits connections for some seconds; returns how many requests were answered. */
const measure = async (seconds: number): Promise<number> => {
  const until = performance.now() + seconds * 1000
  let visits = 0
  const walk = async (from: number): Promise<void> => {
    for (let at = from; performance.now() < until; at = (at + visitors) % rounded) {
      await exchange(sockets[at]!, visit)
      visits++
    }
  }
  await Promise.all(Array.from({ length: visitors }, (_, at) => walk(at)))
  return visits * mixes * conversation.mix.length
}

await measure(Number(options["warm-up"]))
const before = processorSeconds(pid)
const requests = await measure(Number(options.seconds))
print({ connections, cost: ((processorSeconds(pid) - before) * 1e6) / requests })
