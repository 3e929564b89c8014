/**
 * The yardstick of the sec-lsm-manager benchmark: the six messages of the mix served by hand over `node:net`, with plain
 * strings and no library, the way one writes a single-purpose server that has to be quick. Wireline is measured
 * against it, so it has to be honest: it keeps the rules of the specification for these six messages (sessions, error
 * flag, escapes, limits, bad UTF-8), and answers anything else with `error protocol`.
 *
 *     node scripts/bench/baseline.ts /tmp/baseline.socket
 */
import { Buffer, isUtf8 } from "node:buffer"
import { chmodSync, rmSync } from "node:fs"
import { createServer, type Socket } from "node:net"

const longestLine = 8192
const idPattern = /^[-_a-zA-Z0-9]{2,199}$/
const toEscape = /[ \n\\]/
const allToEscape = /[ \n\\]/g

let logging = false

interface Session {
  failed: boolean
  id: string
  readonly permissions: Set<string>
}

const escape = (field: string): string => (toEscape.test(field) ? field.replace(allToEscape, "\\$&") : field)

// A backslash escapes SPACE, LF and itself, and stands for itself before anything else.
const isEscape = (text: string, at: number): boolean => {
  if (text[at] !== "\\") return false
  const next = text[at + 1]
  return next === " " || next === "\n" || next === "\\"
}

const splitEscaped = (text: string, separator: "\n" | " "): Array<string> => {
  const parts: Array<string> = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (isEscape(text, at)) {
      at++
    } else if (text[at] === separator) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

const fieldsOf = (line: string): Array<string> =>
  line.includes("\\")
    ? splitEscaped(line, " ").map((field) => field.replace(/\\([ \n\\])/g, "$1"))
    : line.split(" ")

const refuse = (session: Session, reason: string): string => {
  session.failed = true
  return `error ${reason}\n`
}

const setId = (session: Session, id: string): string => {
  if (session.failed) return refuse(session, "not-recoverable")
  if (session.id !== "") return refuse(session, "already-set")
  if (!idPattern.test(id)) return refuse(session, "invalid")
  session.id = id
  return "done\n"
}

const addPermission = (session: Session, permission: string): string => {
  if (session.failed) return refuse(session, "not-recoverable")
  if (session.permissions.has(permission)) return refuse(session, "already-set")
  // The units of a string are at least as many as its characters: the exact count is needed only near the limits.
  const units = permission.length
  const characters = units === 2 || units > 1024 ? Array.from(permission).length : units
  if (characters < 2 || characters > 1024) return refuse(session, "invalid")
  session.permissions.add(permission)
  return "done\n"
}

const display = (session: Session): string => {
  let out = session.failed ? "string error on\n" : ""
  if (session.id !== "") out += `string id ${session.id}\n`
  for (const permission of session.permissions) out += `string permission ${escape(permission)}\n`
  return out + "done\n"
}

/** The reply to one line, or undefined when the line breaks the protocol. */
const answer = (session: Session, line: string): string | undefined => {
  const fields = fieldsOf(line)
  const count = fields.length
  switch (fields[0]!) {
    case "clear":
      if (count !== 1) return undefined
      session.failed = false
      session.id = ""
      session.permissions.clear()
      return "done\n"
    case "id":
      return count === 2 ? setId(session, fields[1]!) : undefined
    case "permission":
      return count === 2 ? addPermission(session, fields[1]!) : undefined
    case "display":
      return count === 1 ? display(session) : undefined
    case "log": {
      if (count > 2) return undefined
      const wanted = fields[1]
      if (wanted !== undefined && wanted !== "on" && wanted !== "off") return undefined
      if (wanted !== undefined) logging = wanted === "on"
      return logging ? "done on\n" : "done off\n"
    }
    default:
      return undefined
  }
}

/** The part of `bytes` before its first line that is not UTF-8 or holds a NUL. */
const soundLines = (bytes: Buffer): Buffer => {
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(10, start) + 1
    const line = bytes.subarray(start, end)
    if (!isUtf8(line) || line.includes(0)) break
    start = end
  }
  return bytes.subarray(0, start)
}

const serve = (socket: Socket): void => {
  const session: Session = { failed: false, id: "", permissions: new Set() }
  let pending: Buffer | undefined
  let closing = false

  const finish = (out: string): void => {
    closing = true
    socket.end(out + "error protocol\n")
  }

  const receive = (received: Buffer): void => {
    if (closing) return
    const bytes = pending === undefined ? received : Buffer.concat([pending, received])
    const end = bytes.lastIndexOf(10) + 1
    pending = end < bytes.length ? bytes.subarray(end) : undefined
    let sound = true
    let text = bytes.toString("utf8", 0, end)
    // A decoder replaces what is not UTF-8 by U+FFFD, so that only a text with one needs the second look.
    if (text.includes("\0") || (text.includes("\uFFFD") && !isUtf8(bytes.subarray(0, end)))) {
      sound = false
      text = soundLines(bytes.subarray(0, end)).toString()
    }
    const lines = text.includes("\\") ? splitEscaped(text, "\n") : text.split("\n")
    const last = lines.length - 1
    const unfinished = lines[last]!
    if (unfinished !== "") {
      const start = Buffer.from(unfinished)
      pending = pending === undefined ? start : Buffer.concat([start, pending])
    }

    let out = ""
    for (let at = 0; at < last; at++) {
      const line = lines[at]!
      if (line === "") continue
      // One unit of a string is at most three bytes of UTF-8.
      if (line.length * 3 > longestLine && Buffer.byteLength(line) > longestLine) return finish(out)
      const reply = answer(session, line)
      if (reply === undefined) return finish(out)
      if (logging) process.stderr.write(`${line}\n${reply}`)
      out += reply
    }
    if (!sound || (pending !== undefined && pending.length > longestLine)) return finish(out)
    if (out !== "" && !socket.write(out)) socket.pause()
  }

  socket.on("data", receive)
  socket.on("drain", () => socket.resume())
  // A peer that went away is no news; `close` follows and lets go of the session.
  socket.on("error", () => undefined)
}

const path = process.argv[2]
if (path === undefined) {
  console.error("usage: baseline.ts SOCKET")
  process.exit(1)
}
rmSync(path, { force: true })
const server = createServer(serve)
server.listen(path, () => {
  chmodSync(path, 0o660)
  console.log("listening")
})
const stop = (): void => {
  rmSync(path, { force: true })
  process.exit(0)
}
process.on("SIGTERM", stop)
process.on("SIGINT", stop)
