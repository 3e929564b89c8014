/**
 * The benchmark of RSCP: a calculator that adds numbers and asks for sines.
 */
import { fileURLToPath } from "node:url"
import type { Benchmark } from "./benchmark.ts"
import type { Conversation, Exchange } from "./conversation.ts"
import { wireline } from "./wireline.ts"

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const ask = (id: number, parameters: ReadonlyArray<string>, answer: string): Exchange => ({
  request: `FUNCTION:ID=${id}${parameters.map((each, at) => `:PARAM${at + 1}=${each}`).join("")}\n`,
  reply: `FUNCTION RESPONSE:ID=${id}:ANSWER=${answer}\n`
})

export const conversation: Conversation = {
  prelude: [],
  opening: [{ request: "CONNECT REQUEST\n", reply: "AUTHENTIFICATION SUCCESSFUL\n" }],
  mix: [
    ask(1, ["0.1", "0.2"], "0.3"),
    ask(2, ["90"], "1"),
    ask(1, ["-1234.5678", "1e3"], "-234.5678"),
    ask(2, ["30"], "0.5"),
    ask(1, ["123456789012", "987654321098"], "1111111110110"),
    ask(2, ["12.5"], "0.216439613938103")
  ],
  continues: undefined
}

export const benchmark: Benchmark = {
  name: "RSCP",
  prefix: "rscp-",
  conversation: import.meta.url,
  subject: wireline("rscp"),
  baseline: {
    name: "baseline",
    command: ({ socket }) => [process.execPath, here("rscp-baseline.ts"), socket],
    forManyConnections: [],
    isReady: (line) => line === "listening"
  },
  scenarios: [
    { connections: 50, inFlight: 1, target: 0.7 },
    { connections: 3, inFlight: 100, target: 0.5 }
  ]
}
