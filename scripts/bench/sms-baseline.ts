/**
 * The yardstick of the SMS shell's benchmark: `whoami` served by hand over `node:net`, with nothing but `JSON` and the
 * braces counted, the way one writes a single-purpose server. It answers the same bytes as Wireline, and keeps no
 * sessions, knows no other command, and checks nothing but that number and text are there.
 *
 *     node scripts/bench/sms-baseline.ts /tmp/baseline.socket
 */
import { Buffer } from "node:buffer"
import { chmodSync, rmSync } from "node:fs"
import { createServer, type Socket } from "node:net"

const steps = ["received", "parsed", "input_validated", "executed", "output_validated"]

/** Where the object that begins the text ends, the brace included; -1 where it does not yet. */
const endOf = (text: string): number => {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === "\\") at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === "{") depth++
    else if (char === "}" && --depth === 0) return at + 1
  }
  return -1
}

const answer = (document: string): string => {
  const { sms_number: number, sms_text: text } = JSON.parse(document) as Record<string, unknown>
  const time = Math.floor(Date.now() / 1000)
  const reply = {
    received_length: Buffer.byteLength(document),
    output: text === "whoami" && typeof number === "string" ? number : "#Err: command not found",
    chain: steps.map((step) => [step, time])
  }
  return `${JSON.stringify(reply)}\n`
}

const serve = (socket: Socket): void => {
  let pending = ""
  socket.setEncoding("utf8")
  socket.on("data", (received: string) => {
    pending += received
    let out = ""
    for (let end = endOf(pending); end > 0; end = endOf(pending)) {
      out += answer(pending.slice(0, end))
      pending = pending.slice(end).trimStart()
    }
    if (out !== "" && !socket.write(out)) socket.pause()
  })
  socket.on("drain", () => socket.resume())
  // A peer that went away is no news.
  socket.on("error", () => undefined)
}

const path = process.argv[2]
if (path === undefined) {
  console.error("usage: sms-baseline.ts SOCKET")
  process.exit(1)
}
rmSync(path, { force: true })
createServer(serve).listen(path, () => {
  chmodSync(path, 0o660)
  console.log("listening")
})
const stop = (): void => {
  rmSync(path, { force: true })
  process.exit(0)
}
process.on("SIGTERM", stop)
process.on("SIGINT", stop)
