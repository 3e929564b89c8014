/**
 * The benchmark of the SMS shell: a gateway that hands `whoami` over, one text at a time, or 16 of them.
 */
import { fileURLToPath } from "node:url"
import type { Benchmark } from "./benchmark.ts"
import type { Conversation } from "./conversation.ts"
import { wireline } from "./wireline.ts"

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const number = "+33612345678"
const request = JSON.stringify({ sms_number: number, sms_text: "whoami" })
const steps = ["received", "parsed", "input_validated", "executed", "output_validated"]

export const conversation: Conversation = {
  prelude: [],
  opening: [],
  mix: [
    {
      request,
      reply: `${JSON.stringify({
        received_length: request.length,
        output: number,
        chain: steps.map((step) => [step, 1_767_323_045])
      })}\n`
    }
  ],
  continues: undefined,
  tellsTime: true
}

export const benchmark: Benchmark = {
  name: "SMS shell",
  prefix: "sms-",
  conversation: import.meta.url,
  subject: wireline("sms"),
  baseline: {
    name: "baseline",
    command: ({ socket }) => [process.execPath, here("sms-baseline.ts"), socket],
    forManyConnections: [],
    isReady: (line) => line === "listening"
  },
  scenarios: [
    { connections: 1, inFlight: 1, target: 0.5, rateTarget: 20_000 },
    { connections: 16, inFlight: 1, target: 0.3 },
    // What a message costs when nobody waits for the next one: the others wait for the kernel, mostly.
    { connections: 1, inFlight: 64, target: 0.1 }
  ]
}
