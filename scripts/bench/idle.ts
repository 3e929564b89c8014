/**
 * Holds thousands of connections that say nothing, and measures what they cost the server in resident memory. A process
 * of its own, run by `memory.ts`; prints one line of JSON.
 *
 * First some connections say the whole mix and leave, so that what a server loads, compiles and reserves once is not
 * counted. Garbage is counted as it comes: a server cannot be told from outside to collect it.
 */
import type { Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import type { Conversation } from "./conversation.ts"
import { exchange, inBatches, open, say } from "./peer.ts"
import { residentKiB } from "./proc.ts"

/** KiB of resident memory per connection. */
export interface IdleReport {
  /** Connected, and nothing said. */
  readonly silent: number
  /** After one request and its reply on each. */
  readonly spoken: number
}

const { values: options } = parseArgs({
  options: {
    conversation: { type: "string", default: "" },
    socket: { type: "string", default: "" },
    connections: { type: "string", default: "5000" },
    "warm-up": { type: "string", default: "100" },
    watch: { type: "string", default: "0" }
  }
})

const { conversation } = (await import(options.conversation)) as { readonly conversation: Conversation }
const greeting = conversation.mix[0]!
const connections = Number(options.connections)
const pid = Number(options.watch)
/** The memory once it has kept still for a second, within half a percent; six seconds at most. */
const settled = async (): Promise<number> => {
  const deadline = performance.now() + 6000
  let held = residentKiB(pid)
  let since = performance.now()
  while (performance.now() - since < 1000 && performance.now() < deadline) {
    await sleep(100)
    const now = residentKiB(pid)
    if (Math.abs(now - held) > held * 0.005) {
      held = now
      since = performance.now()
    }
  }
  return residentKiB(pid)
}

const hold = async (): Promise<Socket> => {
  const socket = await open(options.socket)
  socket.on("close", () => {
    console.error("idle: the server closed a connection that was held open")
    process.exit(1)
  })
  return socket
}

await inBatches(Number(options["warm-up"]), () =>
  say(options.socket, [...conversation.prelude, ...conversation.mix])
)
const before = await settled()

const sockets = await inBatches(connections, hold)
// Connections are accepted in the order in which they were made: when the last one is served, all have been accepted.
await exchange(sockets.at(-1)!, greeting)
const silent = await settled()

await inBatches(connections, (at) => exchange(sockets[at]!, greeting))
const spoken = await settled()

const report: IdleReport = {
  silent: (silent - before) / connections,
  spoken: (spoken - before) / connections
}
console.log(JSON.stringify(report))
process.exit(0)
