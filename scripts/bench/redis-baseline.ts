/**
 * The yardstick of the Redis benchmark: a bare loop over `node:net` with the same parser of RESP, a `Map`, and the commands
 * PING, SET, GET and INCR.
 *
 *     node scripts/bench/redis-baseline.ts /tmp/baseline.socket
 */
import type { Buffer } from "node:buffer"
import { rmSync } from "node:fs"
import { createServer, type Socket } from "node:net"
import { Framing } from "../../src/index.ts"

const framing = Framing.resp({ maxLength: 67_108_864, inline: true })
const values = new Map<string, string>()

const wrongCount = (word: string): string => `-ERR wrong number of arguments for '${word}' command\r\n`

/** The reply to a command. */
const answer = (words: ReadonlyArray<string>): string => {
  const [name = "", key, value] = words
  switch (name.toLowerCase()) {
    case "ping":
      return key === undefined ? "+PONG\r\n" : `$${key.length}\r\n${key}\r\n`
    case "get": {
      if (key === undefined || words.length > 2) return wrongCount("get")
      const found = values.get(key)
      return found === undefined ? "$-1\r\n" : `$${found.length}\r\n${found}\r\n`
    }
    case "set":
      if (key === undefined || value === undefined) return wrongCount("set")
      values.set(key, value)
      return "+OK\r\n"
    case "incr": {
      if (key === undefined || words.length > 2) return wrongCount("incr")
      const found = values.get(key) ?? "0"
      if (!/^-?\d{1,18}$/.test(found)) return "-ERR value is not an integer or out of range\r\n"
      const next = BigInt(found) + 1n
      values.set(key, String(next))
      return `:${next}\r\n`
    }
    default:
      return `-ERR unknown command '${name}'\r\n`
  }
}

const serve = (socket: Socket): void => {
  const decoder = framing.decoder()
  socket.on("data", (chunk: Buffer) => {
    let out = ""
    for (const frame of decoder.push(chunk)) {
      const words = typeof frame === "string" ? Framing.respWords(frame) : undefined
      if (words === undefined) {
        socket.end(`${out}-ERR Protocol error\r\n`, "latin1")
        return
      }
      out += answer(words)
    }
    if (out !== "" && !socket.write(out, "latin1")) socket.pause()
  })
  socket.on("drain", () => socket.resume())
  // A peer that went away is no news.
  socket.on("error", () => undefined)
}

const path = process.argv[2]
if (path === undefined) {
  console.error("usage: redis-baseline.ts SOCKET")
  process.exit(1)
}
rmSync(path, { force: true })
createServer(serve).listen(path, () => console.log("listening"))
process.on("SIGTERM", () => process.exit(0))
process.on("SIGINT", () => process.exit(0))
