/**
 * The benchmark of sec-lsm-manager: what is said, how the two servers are started, and what is to be reached.
 */
import { fileURLToPath } from "node:url"
import type { Benchmark } from "./benchmark.ts"
import type { Conversation } from "./conversation.ts"
import { wireline } from "./wireline.ts"

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const id = "redpesk-weather-station"
const location = "urn:redpesk:permission::partner:location:read"
const network = "urn:redpesk:permission::public:network:access"

export const conversation: Conversation = {
  // Logging is global to a server, and `log` alone only asks for it.
  prelude: [{ request: "log off\n", reply: "done off\n" }],
  opening: [],
  mix: [
    { request: "clear\n", reply: "done\n" },
    { request: `id ${id}\n`, reply: "done\n" },
    { request: `permission ${location}\n`, reply: "done\n" },
    { request: `permission ${network}\n`, reply: "done\n" },
    {
      request: "display\n",
      reply: `string id ${id}\nstring permission ${location}\nstring permission ${network}\ndone\n`
    },
    { request: "log\n", reply: "done off\n" }
  ],
  continues: "s".charCodeAt(0)
}

export const benchmark: Benchmark = {
  name: "sec-lsm-manager",
  prefix: "",
  conversation: import.meta.url,
  subject: wireline("sec-lsm-manager"),
  baseline: {
    name: "baseline",
    command: ({ socket }) => [process.execPath, here("baseline.ts"), socket],
    forManyConnections: [],
    isReady: (line) => line === "listening"
  },
  scenarios: [
    { connections: 50, inFlight: 1, target: 0.78 },
    { connections: 3, inFlight: 16, target: 0.75 },
    { connections: 3, inFlight: 100, target: 0.38 }
  ],
  connections: [1, 100, 10_000],
  idle: { connections: 5000, targetKiB: 14 },
  startSeconds: 0.35
}
