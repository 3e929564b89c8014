/**
 * The load client, a process of its own: keeps a fixed number of requests in flight on each of its connections, for a
 * fixed time, and prints one line of JSON with what it saw. Run by `run.ts`; by hand:
 *
 *     node scripts/bench/load.ts --conversation ./sec-lsm-manager.ts --socket /tmp/x.socket \
 *       --connections 3 --in-flight 16 --warm-up 0.5 --seconds 2 --watch PID-OF-THE-SERVER
 *
 * Each reply is checked byte for byte while warming up. Afterwards only the ends of replies are counted, and the number
 * of bytes received is compared at the end with what that many right replies make: an error reply has another length.
 */
import { Buffer } from "node:buffer"
import { connect, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { type Conversation, encode } from "./conversation.ts"
import { Histogram } from "./histogram.ts"
import { say } from "./peer.ts"
import { machineSeconds, processorSeconds } from "./proc.ts"

/** What the client reports. Latencies are in microseconds, processor use is a share of one core (0 to 1). */
export interface LoadReport {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly clientCpu: number
  readonly serverCpu: number
  /** What everything else on the machine used: above some percents, the numbers are not to be trusted. */
  readonly othersCpu: number
}

const { values: options } = parseArgs({
  options: {
    conversation: { type: "string" },
    socket: { type: "string" },
    connections: { type: "string", default: "1" },
    "in-flight": { type: "string", default: "1" },
    "warm-up": { type: "string", default: "0.5" },
    seconds: { type: "string", default: "2" },
    watch: { type: "string", default: "0" }
  }
})

const fail = (problem: string): never => {
  console.error(`load: ${problem}`)
  process.exit(1)
}

const socketPath = options.socket ?? fail("--socket is missing")
const connections = Number(options.connections)
const inFlight = Number(options["in-flight"])
const { conversation } = (await import(options.conversation ?? fail("--conversation is missing"))) as {
  readonly conversation: Conversation
}

// One buffer for all connections: a read is scanned before the next one begins.
const received = Buffer.alloc(64 * 1024)
const script = encode(conversation, inFlight, received.length)
const continues = conversation.continues ?? -1
const opening = {
  requests: conversation.opening.map((each) => each.request).join(""),
  replies: Buffer.from(conversation.opening.map((each) => each.reply).join(""))
}
const lineFeed = 10

// Every seventh request is timed. Seven has no common divisor with the length of the mix (6), so that each message gets
// its share; a timed request costs two look-ups in a ring and a count.
const timedEach = 7

let phase: "warm-up" | "measuring" | "stopping" = "warm-up"
let replies = 0
let running = connections
const histogram = new Histogram()

const converse = (done: () => void): Socket => {
  const sentAt = new Float64Array(Math.ceil(inFlight / timedEach) + 1)
  let nextToSend = 0
  let answered = 0
  let bytesReceived = 0
  let openingReceived = 0
  let lineBegins = true
  let replyGoesOn = false

  const send = (count: number, now: number): void => {
    socket.write(script.requests(nextToSend % script.length, count))
    const end = nextToSend + count
    const firstTimed = Math.ceil(nextToSend / timedEach)
    for (let timed = firstTimed; timed * timedEach < end; timed++) sentAt[timed % sentAt.length] = now
    nextToSend = end
  }

  const receiveOpening = (length: number): void => {
    const heard = received.subarray(0, length)
    const expected = opening.replies.subarray(openingReceived, openingReceived + length)
    if (!heard.equals(expected)) fail(`unexpected reply: ${JSON.stringify(heard.toString())}`)
    openingReceived += length
    if (openingReceived === opening.replies.length) send(inFlight, performance.now())
  }

  const receive = (length: number): void => {
    const now = performance.now()
    if (phase === "warm-up" && !script.expects(received.subarray(0, length), bytesReceived)) {
      fail(`unexpected reply: ${JSON.stringify(received.toString("utf8", 0, length))}`)
    }
    let ended = 0
    for (let at = 0; at < length; at++) {
      const byte = received[at]!
      if (lineBegins) {
        replyGoesOn = byte === continues
        lineBegins = false
      }
      if (byte === lineFeed) {
        lineBegins = true
        if (!replyGoesOn) ended++
      }
    }
    bytesReceived += length
    if (ended === 0) return
    if (phase === "measuring") {
      const end = answered + ended
      for (let timed = Math.ceil(answered / timedEach); timed * timedEach < end; timed++) {
        histogram.add(now - sentAt[timed % sentAt.length]!)
      }
    }
    answered += ended
    replies += ended
    if (phase !== "stopping") return send(ended, now)
    if (answered < nextToSend) return
    if (bytesReceived !== script.replyBytes(answered)) fail("some replies were not the expected ones")
    socket.destroy()
    done()
  }

  const socket = connect({
    path: socketPath,
    onread: {
      buffer: received,
      callback: (length) => {
        if (openingReceived < opening.replies.length) receiveOpening(length)
        else receive(length)
        return true
      }
    }
  })
  socket.on("connect", () => {
    if (opening.requests === "") send(inFlight, performance.now())
    else socket.write(opening.requests)
  })
  socket.on("error", (error) => fail(error.message))
  socket.on("end", () => fail("the server closed a connection"))
  return socket
}

await say(socketPath, conversation.prelude)
const finished = new Promise<void>((resolve) => {
  const done = (): void => {
    if (--running === 0) resolve()
  }
  for (let at = 0; at < connections; at++) converse(done)
})
await sleep(Number(options["warm-up"]) * 1000)

const used = (): { readonly client: number; readonly server: number; readonly machine: number } => {
  const { system, user } = process.cpuUsage()
  return {
    client: (user + system) / 1e6,
    server: processorSeconds(Number(options.watch)),
    machine: machineSeconds()
  }
}
const usedBefore = used()
const repliesBefore = replies
const begin = performance.now()
phase = "measuring"
await sleep(Number(options.seconds) * 1000)
const seconds = (performance.now() - begin) / 1000
const measured = replies - repliesBefore
const usedAfter = used()
phase = "stopping"
// What is in flight must be answered, in order to compare the bytes; a server that does not is a failed round.
const patience = setTimeout(() => fail("the last requests were not answered"), 5000)
await finished
clearTimeout(patience)

const clientCpu = (usedAfter.client - usedBefore.client) / seconds
const serverCpu = (usedAfter.server - usedBefore.server) / seconds
const report: LoadReport = {
  rate: measured / seconds,
  p50: histogram.quantile(0.5),
  p99: histogram.quantile(0.99),
  clientCpu,
  serverCpu,
  othersCpu: Math.max(0, (usedAfter.machine - usedBefore.machine) / seconds - clientCpu - serverCpu)
}
console.log(JSON.stringify(report))
