/** Wireline as a contender, as the package ships it: it serves one protocol, and nothing else. */
import { fileURLToPath } from "node:url"
import type { Contender } from "./benchmark.ts"

const main = fileURLToPath(new URL("../../dist/bundle/main.js", import.meta.url))

const protocols = ["sec-lsm-manager", "exon", "rscp", "sms"] as const

/** Serves a protocol on the Unix socket of its place. */
export const wireline = (protocol: (typeof protocols)[number]): Contender => ({
  name: "Wireline",
  command: ({ directory, socket }) => [
    process.execPath,
    main,
    "serve",
    ...["--data", `${directory}/data`],
    ...["--metrics", "off"],
    ...protocols.flatMap((each) => [`--${each}`, each === protocol ? `unix:${socket}` : "off"])
  ],
  forManyConnections: ["--max-connections", "11000"],
  isReady: (line, { socket }) => line === `${protocol} listening on unix:${socket}`
})
