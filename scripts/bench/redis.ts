/**
 * The benchmark of the example `redis.ts`: what `redis-benchmark -P 16` does, with a load that runs anywhere.
 */
import { fileURLToPath } from "node:url"
import { Framing } from "../../src/index.ts"
import type { Benchmark } from "./benchmark.ts"
import type { Conversation, Exchange } from "./conversation.ts"

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const ask = (words: ReadonlyArray<string>, reply: string): Exchange => ({
  request: Framing.respCommand(words),
  reply
})

// The counter begins with ten digits, so that each reply to INCR is as long as any other.
const counter = "1000000000"

export const conversation: Conversation = {
  prelude: [ask(["SET", "counter", counter], "+OK\r\n")],
  opening: [],
  mix: [
    ask(["PING"], "+PONG\r\n"),
    ask(["SET", "key:1", "xxx"], "+OK\r\n"),
    ask(["GET", "key:1"], "$3\r\nxxx\r\n"),
    ask(["INCR", "counter"], `:${counter}\r\n`),
    ask(["SET", "key:2", "xxx"], "+OK\r\n"),
    ask(["GET", "key:2"], "$3\r\nxxx\r\n")
  ],
  continues: "$".charCodeAt(0),
  tellsTime: true
}

export const benchmark: Benchmark = {
  name: "The example redis.ts",
  prefix: "redis-",
  conversation: import.meta.url,
  subject: {
    name: "Wireline",
    command: ({ socket }) => [process.execPath, here("../../examples/redis.ts"), `unix:${socket}`],
    forManyConnections: [],
    isReady: (line) => line.startsWith("redis listening")
  },
  baseline: {
    name: "baseline",
    command: ({ socket }) => [process.execPath, here("redis-baseline.ts"), socket],
    forManyConnections: [],
    isReady: (line) => line === "listening"
  },
  scenarios: [{ connections: 50, inFlight: 16, target: 0.65 }]
}
