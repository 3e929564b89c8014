/**
 * The yardstick of the RSCP benchmark: a public server by hand over `node:net`, with plain strings, that computes with the
 * same functions of the catalogue. It keeps the rules of the specification for `CONNECT REQUEST`, `FUNCTION` and
 * `DISCONNECT` (states, malformed messages, gaps between parameters, the limit, bad UTF-8), and has no other message.
 *
 *     node scripts/bench/rscp-baseline.ts /tmp/baseline.socket
 */
import { Buffer, isUtf8 } from "node:buffer"
import { createServer, type Socket } from "node:net"
import { rmSync } from "node:fs"
import { answerAtOnce } from "../../src/protocols/rscp/functions/Question.ts"

const longestLine = 8192
const malformed = "ERROR:REASON=malformed message\n"
const parameterKey = /^PARAM([1-9]\d*)$/

/** The reply to a `FUNCTION`. */
const compute = (line: string): string => {
  let id: string | undefined
  let count = 0
  const parameters: Array<string> = []
  const parts = line.split(":")
  for (let at = 1; at < parts.length; at++) {
    const part = parts[at]!
    const equals = part.indexOf("=")
    if (equals < 0) return malformed
    const key = part.slice(0, equals)
    if (key === "ID") {
      if (id !== undefined) return malformed
      id = part.slice(equals + 1)
      continue
    }
    const place = Number(parameterKey.exec(key)?.[1] ?? 0) - 1
    if (place < 0 || place >= parts.length || parameters[place] !== undefined) return malformed
    parameters[place] = part.slice(equals + 1)
    count++
  }
  if (id === undefined || parameters.length > count) return malformed
  return `FUNCTION RESPONSE:ID=${id}:ANSWER=${answerAtOnce(id, parameters) ?? "ERROR too large"}\n`
}

const serve = (socket: Socket): void => {
  let connected = false
  let pending: Buffer | undefined
  let closing = false

  const answer = (line: string): string => {
    if (line.startsWith("FUNCTION:")) return connected ? compute(line) : "AUTHENTIFICATION FAILED\n"
    if (line === "CONNECT REQUEST") {
      connected = true
      return "AUTHENTIFICATION SUCCESSFUL\n"
    }
    if (line === "DISCONNECT") {
      closing = true
      return ""
    }
    return malformed
  }

  const receive = (received: Buffer): void => {
    if (closing) return
    const bytes = pending === undefined ? received : Buffer.concat([pending, received])
    const end = bytes.lastIndexOf(10) + 1
    pending = end < bytes.length ? bytes.subarray(end) : undefined
    const text = bytes.toString("utf8", 0, end)
    const sound = !text.includes("\uFFFD") || isUtf8(bytes.subarray(0, end))
    let out = ""
    for (const each of text.split("\n")) {
      const line = each.endsWith("\r") ? each.slice(0, -1) : each
      if (line === "") continue
      // One unit of a string is at most three bytes of UTF-8.
      if (line.length * 3 > longestLine && Buffer.byteLength(line) > longestLine) {
        out += malformed
        closing = true
      } else out += sound || !line.includes("\uFFFD") ? answer(line) : malformed
      if (closing) break
    }
    if (pending !== undefined && pending.length > longestLine) {
      out += malformed
      closing = true
    }
    if (closing) socket.end(out)
    else if (out !== "" && !socket.write(out)) socket.pause()
  }

  socket.on("data", receive)
  socket.on("drain", () => socket.resume())
  // A peer that went away is no news.
  socket.on("error", () => undefined)
}

const path = process.argv[2]
if (path === undefined) {
  console.error("usage: rscp-baseline.ts SOCKET")
  process.exit(1)
}
rmSync(path, { force: true })
createServer(serve).listen(path, () => console.log("listening"))
process.on("SIGTERM", () => process.exit(0))
process.on("SIGINT", () => process.exit(0))
